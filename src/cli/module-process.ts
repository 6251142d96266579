import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ModuleEvent } from '../app/index.ts';

/** Longer than a module takes in any case. */
const KILL_AFTER_MS = 35_000;

/**
 * One `dcmb` command in a process of its own, told by its JSON lines. It is out of reach of the terminal's Ctrl-C, and
 * ends by itself when this process does.
 */
export class ModuleProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  #faults = '';
  /** Resolves with a sentence when the process has ended. */
  readonly ended: Promise<string>;

  constructor(args: readonly string[], onEvent: (event: ModuleEvent) => void) {
    const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));
    this.#name = args[0] ?? '';
    this.#child = spawn(process.execPath, [program, ...args, '--with-parent'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#faults = (this.#faults + text).slice(-4000)));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (line) => onLine(line, onEvent));
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(`dcmb ${this.#name} could not be started: ${error.message}`));
      this.#child.on('close', (code, signal) =>
        resolve(this.#faults.trim().replace(/^dcmb: /, '') || `dcmb ${this.#name} ended with ${signal ?? `exit code ${code}`}.`),
      );
    });
  }

  /** Asks it to stop in good order, and waits. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Lines that are no event, such as a library's own notices, are left out. */
function onLine(line: string, onEvent: (event: ModuleEvent) => void): void {
  if (!line.startsWith('{"event":')) return;
  onEvent(JSON.parse(line) as ModuleEvent);
}
