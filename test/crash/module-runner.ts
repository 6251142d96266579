import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../support/pause.ts';
import { type KillOrder, pointName } from './kill-order.ts';
import type { ModuleLife, ModuleMessage } from './module-process.ts';

/** How a life came to its end. */
export interface LifeEnd {
  /** Kills in it; a cleared server's counts. */
  readonly kills: number;
  /** Name of the place where the module killed itself, where its order named one and it came there. */
  readonly reached?: string;
  /** The module ended by itself, and why. */
  readonly unexpected?: string;
}

/** A module that does not come to the place of its order is killed wherever it is: so long after its start at the latest, */
const LONGEST_START_MS = 30_000;
/** and so long after it runs. */
const LONGEST_LIFE_MS = { owner: 10_000, receiver: 20_000 };
const PROGRAM = join(import.meta.dirname, 'module-process.ts');
/** What so many short lives compile is the same each time. */
const ENVIRONMENT = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/compiled'), ...process.env };

/** One life of a module, in a process of its own. */
export class ModuleRunner {
  readonly #process: ChildProcess;
  readonly #role: ModuleLife['role'];
  readonly #onEvent: (message: Extract<ModuleMessage, { kind: 'event' }>) => void;
  readonly #exited: Promise<NodeJS.Signals | null>;
  #why: string | undefined;
  #running = false;
  /** By its parent, or asked to end. */
  #isKilled = false;
  #counts: Readonly<Record<string, number>> | undefined;
  #said = '';

  constructor(life: ModuleLife, onEvent: (message: Extract<ModuleMessage, { kind: 'event' }>) => void = () => undefined) {
    this.#onEvent = onEvent;
    this.#role = life.role;
    this.#process = spawn(process.execPath, [PROGRAM, JSON.stringify(life)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: ENVIRONMENT,
    });
    this.#exited = new Promise((resolve) => this.#process.once('exit', (_code, signal) => resolve(signal)));
    this.#process.on('message', (message: ModuleMessage) => this.#take(message));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-4000)));
  }

  /** Lets the module live until its order, or its longest time, is over. */
  async until(order: KillOrder): Promise<LifeEnd> {
    if (order.kind === 'cleared') return this.#killCleared(order);
    const byItself = order.kind === 'moment' ? await this.#exitWithin(order.afterMs) : await this.#exitInTime();
    if (this.#why !== undefined) return { kills: 0, unexpected: this.#why };
    if (!byItself) return { kills: await this.kill() };
    const signal = await this.#exited;
    if (signal !== 'SIGKILL' || order.kind !== 'step') return { kills: 0, unexpected: `ended with ${signal}: ${this.#said}` };
    return { kills: 1, reached: pointName(order.point) };
  }

  async #killCleared({ afterMs, thenMs }: Extract<KillOrder, { kind: 'cleared' }>): Promise<LifeEnd> {
    await this.#runs();
    await this.#exitWithin(afterMs);
    const child = childrenOf(this.#process.pid)[0];
    if (child !== undefined) process.kill(child, 'SIGKILL');
    await this.#exitWithin(thenMs);
    if (this.#why !== undefined || this.#isOver)
      return { kills: 0, unexpected: this.#why ?? `ended after its cleared server: ${this.#said}` };
    const own = await this.kill();
    return { kills: own + (child === undefined ? 0 : 1), ...(child === undefined ? {} : { reached: 'cleared server' }) };
  }

  /** @returns 1 */
  async kill(): Promise<number> {
    this.#isKilled = true;
    this.#process.kill('SIGKILL');
    await this.#exited;
    return 1;
  }

  /** Counts of the module now. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    this.#counts = undefined;
    this.#ask('counts');
    for (const limit = Date.now() + 10_000; this.#counts === undefined && !this.#isOver && Date.now() < limit;) await pause(10);
    return this.#counts ?? {};
  }

  get pid(): number {
    return this.#process.pid ?? Number.NaN;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Why it ended by itself, where it did. */
  get why(): string | undefined {
    return this.#why ?? (this.#isOver && !this.#isKilled ? `ended by itself: ${this.#said}` : undefined);
  }

  /** Ends in good order, and by force where that takes too long. @returns whether it was in good order */
  async stop(withinMs: number): Promise<boolean> {
    this.#isKilled = true;
    this.#ask('stop');
    if (await this.#exitWithin(withinMs)) return (await this.#exited) === null;
    await this.kill();
    return false;
  }

  #ask(what: 'counts' | 'stop'): void {
    if (this.#process.connected) this.#process.send({ do: what }, () => undefined);
  }

  #take(message: ModuleMessage): void {
    if (message.kind === 'running') this.#running = true;
    if (message.kind === 'counts') this.#counts = message.counts;
    if (message.kind === 'ended') this.#why = message.why;
    if (message.kind === 'event') this.#onEvent(message);
  }

  async #runs(): Promise<void> {
    const limit = Date.now() + LONGEST_START_MS;
    while (!this.#running && this.#why === undefined && !this.#isOver && Date.now() < limit) await pause(20);
  }

  async #exitInTime(): Promise<boolean> {
    await this.#runs();
    return this.#exitWithin(LONGEST_LIFE_MS[this.#role]);
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async #exitWithin(ms: number): Promise<boolean> {
    if (this.#isOver) return true;
    const waiting = new AbortController();
    const exit = once(this.#process, 'exit', { signal: waiting.signal }).then(
      () => true,
      () => false,
    );
    const result = await Promise.race([exit, pause(ms).then(() => false)]);
    waiting.abort();
    return result;
  }
}

/** Child processes of a process: of an owner's module, its cleared server. */
function childrenOf(pid: number | undefined): number[] {
  try {
    const tasks = `/proc/${pid}/task`;
    const text = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/children`, 'utf8'));
    return text
      .join(' ')
      .split(/\s+/)
      .filter((each) => each !== '')
      .map(Number);
  } catch {
    return [];
  }
}
