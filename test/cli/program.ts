import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import '../support/compile-cache.ts';

/** The program as a user starts it. */
export const DCMB = fileURLToPath(new URL('../../bin/dcmb.js', import.meta.url));

const ENDS_WITHIN_MS = 60_000;
const TELLS_WITHIN_MS = 60_000;

const env = { ...process.env, NO_COLOR: '1' };

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. @param input what it finds on its standard input */
export async function dcmb(args: readonly string[], input = ''): Promise<Run> {
  const child = spawn(process.execPath, [DCMB, ...args], { env, stdio: 'pipe', timeout: ENDS_WITHIN_MS, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}

/**
 * Runs commands one after the other in one process of its own: loading the program takes most of a command's time. What the
 * program itself reads, prints and ends with is the same; what the operating system does at a start and end is not.
 */
export class CommandRunner {
  readonly #child: ChildProcess;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    const script = fileURLToPath(new URL('./command-runner.ts', import.meta.url));
    this.#child = fork(script, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // Between two runs it keeps nobody from ending, and ends with its parent.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** @throws Error where the command does not come to an end */
  run(args: readonly string[]): Promise<Run> {
    const turn = this.#last.then(() => this.#run(args));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #run(args: readonly string[]): Promise<Run> {
    const signal = AbortSignal.timeout(ENDS_WITHIN_MS);
    this.#child.channel?.ref();
    try {
      this.#child.send(args);
      const [run] = (await once(this.#child, 'message', { signal })) as [Run];
      return run;
    } finally {
      this.#child.channel?.unref();
    }
  }
}

/** An event of `dcmb serve --json` or `dcmb receive --json`. */
export type Told = Readonly<Record<string, unknown>> & { readonly event: string };

/** A command that goes on until it is stopped, as leader of a process group of its own: as in a terminal. */
export class RunningCommand {
  readonly told: Told[] = [];
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #stderr = '';
  #news: () => void = () => undefined;

  /** Ends with the test at the latest. */
  constructor(t: { after(work: () => void): void }, args: readonly string[]) {
    this.#name = args[0] ?? '';
    const child = spawn(process.execPath, [DCMB, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.#stderr += chunk));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"event":')) this.told.push(JSON.parse(line) as Told);
      this.#news();
    });
    this.#ended = once(child, 'close').then(() => {
      this.#news();
      return child.exitCode;
    });
    t.after(() => this.#kill());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits for an event. @throws Error where the command ends without it, or takes too long */
  async event(what: string, matches: (event: Told) => boolean): Promise<Told> {
    const until = Date.now() + TELLS_WITHIN_MS;
    for (;;) {
      const found = this.told.find(matches);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || Date.now() > until)
        throw new Error(`dcmb ${this.#name} did not tell: ${what}.\n${this.#tail()}`);
      await Promise.race([new Promise<void>((resolve) => (this.#news = resolve)), pauseMs(200)]);
    }
  }

  /** Signals the whole process group, as a terminal's Ctrl-C does, and gives the exit code. */
  async interrupt(): Promise<number | null> {
    process.kill(-this.pid, 'SIGINT');
    return await this.ended();
  }

  /** Exit code, once it has ended. */
  async ended(): Promise<number | null> {
    const timer = setTimeout(() => this.#kill(), ENDS_WITHIN_MS);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  #kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // The whole group has ended.
    }
  }

  #tail(): string {
    return [...this.told.slice(-10).map((event) => JSON.stringify(event)), this.#stderr].join('\n');
  }
}

function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A folder that goes with the test. */
export function temporaryFolder(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Password that `dcmb init` wrote for a person. */
export function passwordOf(folder: string, name: string): string {
  const line = readFileSync(join(folder, 'passwords.txt'), 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`${folder} has no password of ${name}.`);
  return line.slice(name.length + 1);
}

/** Everything in a plant's folders that no message may repeat. */
export function secretsOf(plant: string): string[] {
  const files = readdirSync(plant, { recursive: true, encoding: 'utf8' }).map((name) => join(plant, name));
  return files.flatMap((file) => {
    if (/keys\/[a-z]+\.pem$|own-key\.pem$/.test(file))
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => /^[^-]{20,}/.test(line));
    if (file.endsWith('policy.nonce')) return [readFileSync(file, 'utf8').trim()];
    if (file.endsWith('passwords.txt'))
      return readFileSync(file, 'utf8')
        .trim()
        .split(/\s+/)
        .filter((_, index) => index % 2 === 1);
    if (file.endsWith('dcmb.json')) return [...readFileSync(file, 'utf8').matchAll(/\$argon2[^"]+/g)].map(([hash]) => hash);
    return [];
  });
}
