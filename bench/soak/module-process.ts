import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ModuleEvent } from '../../src/app/index.ts';
import { type ProcessSample, rounded } from './figures.ts';
import type { ProbeAnswer } from './probe.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const PROBE = new URL('./probe.ts', import.meta.url).href;
/** Linux counts CPU time in such parts of a second. */
const TICKS_A_SECOND = 100;

/** `dcmb serve` or `dcmb receive` as it is, with a probe in it, and the processes that it starts. */
export class SoakedModule {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** How often each event was told; findings and warnings by their code. */
  readonly told = new Map<string, number>();
  /** Readings in all batches that were sealed. */
  readings = 0;

  constructor(name: string, args: readonly string[]) {
    this.#name = name;
    this.#child = fork(PROGRAM, [...args, '--json', '--with-parent'], {
      execArgv: ['--expose-gc', '--import', PROBE],
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    });
    this.#ended = once(this.#child, 'close');
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (line) => this.#line(line));
  }

  count(event: string): number {
    return this.told.get(event) ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** This process and those that it started, by name. */
  async sample(): Promise<Record<string, ProcessSample>> {
    if (!this.isRunning) throw new Error(`The ${this.#name}'s module ended in the middle of the run.`);
    this.#child.send('figures');
    const [{ heapBytes, loopP99Ms, loopMaxMs }] = (await once(this.#child, 'message')) as [ProbeAnswer];
    const pid = this.#child.pid ?? 0;
    const own = { ...sampleOf(pid), heapMb: heapBytes / 1e6, loopP99Ms: rounded(loopP99Ms), loopMaxMs: rounded(loopMaxMs) };
    return Object.fromEntries([[this.#name, own], ...childrenOf(pid).map((child) => [`${this.#name}'s server`, sampleOf(child)] as const)]);
  }

  /** Asks it to stop in good order, and waits. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #line(line: string): void {
    if (!line.startsWith('{"event":')) return;
    const event = JSON.parse(line) as ModuleEvent;
    const name = 'code' in event ? `${event.event} ${event.code}` : event.event;
    this.told.set(name, this.count(name) + 1);
    if (event.event === 'sealed') this.readings += event.readings;
  }
}

/** What the system tells of a process; without /proc nothing but zeros. */
export function sampleOf(pid: number): ProcessSample {
  try {
    const [, rssKb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return {
      rssMb: Number(rssKb ?? 0) / 1000,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    };
  } catch {
    return { rssMb: 0 };
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
