import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lastLines, plainEnvironment } from './commands.ts';
import { unavailable } from './errors.ts';
import { makeFolder, writeWhole } from './files.ts';
import { findProcess, identify, isRunning, parseIdentity, type ProcessIdentity } from './process-identity.ts';

/** How one part is started, and where its traces are. */
export interface PartProgram {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Its working folder. */
  readonly folder: string;
  readonly log: string;
  /** Keeps which process it is. */
  readonly processFile: string;
}

const LOOK_EVERY_MS = 10;
/** A part that has not ended so long after it was asked to is killed. */
const ENDS_WITHIN_MS = 10_000;
const KILLED_WITHIN_MS = 10_000;
const LOG_LINES_TOLD = 8;

/**
 * The shell becomes the program when it is told to, and ends when nobody is left to tell it: so a process is never there
 * without being written down, whenever the one that starts it may die. `exec` keeps number and start.
 */
const BECOME_WHEN_TOLD = 'read -r go && exec "$0" "$@" </dev/null';

/** One process of the network. It outlives the one that started it. */
export class PartProcess {
  readonly part: PartProgram;

  constructor(part: PartProgram) {
    this.part = part;
  }

  /** The process that this network started, as long as it runs. Where its file is damaged it is searched for. */
  running(): ProcessIdentity | undefined {
    const { processFile, program, args, folder } = this.part;
    if (!existsSync(processFile)) return undefined;
    const identity = parseIdentity(readFileSync(processFile, 'utf8'));
    if (identity !== undefined) return isRunning(identity) ? identity : undefined;
    return existsSync(folder) ? findProcess([program, ...args], realpathSync(folder)) : undefined;
  }

  /** Starts it, and writes down which process it is. Does nothing where it runs. */
  start(): void {
    if (this.running() !== undefined) return;
    const { program, args, variables, folder, log, processFile } = this.part;
    makeFolder(folder);
    makeFolder(dirname(log));
    const output = openSync(log, 'a', 0o600);
    try {
      const options = { cwd: folder, env: plainEnvironment(variables), detached: true, stdio: ['pipe', output, output] as const };
      const child = spawn('/bin/sh', ['-c', BECOME_WHEN_TOLD, program, ...args], { ...options, stdio: [...options.stdio] });
      child.on('error', () => undefined);
      child.stdin?.on('error', () => undefined);
      const identity = child.pid === undefined ? undefined : identify(child.pid);
      if (identity === undefined) return this.#failed('could not be started');
      writeWhole(processFile, `${JSON.stringify(identity)}\n`);
      child.stdin?.end('go\n');
      child.unref();
    } finally {
      closeSync(output);
    }
  }

  /** Waits until it answers. @throws UnavailableError `PART_FAILED` with the end of its log when it ended, or stayed silent */
  async ready(answers: () => Promise<boolean>, withinMs: number): Promise<void> {
    const limit = Date.now() + withinMs;
    while (!(await answers())) {
      if (this.running() === undefined) this.#failed('ended');
      if (Date.now() > limit) this.#failed(`did not answer within ${withinMs / 1000} s`);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Sends a signal. False where the part doesn't run. */
  signal(signal: NodeJS.Signals): boolean {
    const identity = this.running();
    if (identity === undefined) return false;
    process.kill(identity.pid, signal);
    return true;
  }

  /** Asks it to end, kills it when it takes too long; resolves when it is gone. True where it had to be killed. */
  async stop(withinMs = ENDS_WITHIN_MS): Promise<boolean> {
    this.signal('SIGTERM');
    // One that was halted hears it when it goes on.
    this.signal('SIGCONT');
    const obeyed = await this.#gone(withinMs);
    if (!obeyed) await this.kill('SIGKILL');
    rmSync(this.part.processFile, { force: true });
    return !obeyed;
  }

  /** Sends a signal; where that ends it, waits until it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    if (!(await this.#gone(KILLED_WITHIN_MS))) this.#failed(`did not end by ${signal}`);
  }

  async #gone(withinMs: number): Promise<boolean> {
    const limit = Date.now() + withinMs;
    while (this.running() !== undefined) {
      if (Date.now() > limit) return false;
      await pause(LOOK_EVERY_MS);
    }
    return true;
  }

  #failed(what: string): never {
    const { name, log } = this.part;
    const said = existsSync(log) ? lastLines(readFileSync(log, 'utf8'), LOG_LINES_TOLD) : '';
    throw unavailable('PART_FAILED', `The network's ${name} ${what}. Its log, ${log}, says: ${said || '(nothing)'}`);
  }
}
