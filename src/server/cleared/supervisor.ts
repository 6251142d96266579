import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { hasCode, RejectedError, UnavailableError } from '../../core/index.ts';
import { type Handlers, MessagePipe } from '../pipe/index.ts';
import { childCommand } from './child-command.ts';
import {
  CHILD_SAYS,
  type ChildSays,
  type ClearedPublication,
  MODULE_SAYS,
  type ModuleSays,
  MOST_BYTES_FROM_CHILD,
  MOST_BYTES_TO_CHILD,
  MOST_OPEN,
  type StartConfig,
} from './contract.ts';
import type { ClearedErrorCode } from './errors.ts';

const PING_EVERY_MS = 500;
/** Long enough for a process that waits its turn on a busy machine: to replace that one would make it busier. */
const PING_WITHIN_MS = 4000;
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 3000;
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
/** After this time of service a crash counts as the first one again. */
const STEADY_AFTER_MS = 60_000;
const MOST_STDERR = 2000;

export type SupervisorEvent =
  | { readonly kind: 'serving'; readonly port: number }
  /** The process ended or was killed; it is started again after `againInMs`. */
  | { readonly kind: 'lost'; readonly why: string; readonly againInMs: number };

export interface SupervisorOptions {
  /** What a new process is started with. */
  readonly config: () => StartConfig;
  /** Publications whose time has not come. */
  readonly waiting: () => ClearedPublication[];
  readonly handlers: Handlers<ChildSays>;
  readonly event: (event: SupervisorEvent) => void;
}

type ChildPipe = MessagePipe<ModuleSays, ChildSays>;
type Notice = Parameters<ChildPipe['notice']>;

/** One life of the child process. */
interface Life {
  readonly process: ChildProcess;
  readonly pipe: ChildPipe;
  /** Settles when the process is gone, with the reason. */
  readonly exited: Promise<string>;
  /** Why it was given up, where the exit alone does not tell. */
  why: string;
}

/** Keeps one child process of a cleared server running until it is stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #life: Life | undefined;
  #isServing = false;
  #isStopping = false;
  #backOffMs = FIRST_BACK_OFF_MS;
  #servingSince = 0;
  /** What was said since the starting process was told everything. */
  #held: Notice[] | undefined;
  #ping: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  get processId(): number | undefined {
    return this.#isServing ? this.#life?.process.pid : undefined;
  }

  /** Starts the first process. Gives its port. @throws UnavailableError `CLEARED_PORT_IN_USE`; RejectedError `CLEARED_START_FAILED` */
  async start(): Promise<number> {
    try {
      return await this.#begin();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Says something to the process, once it serves. Dropped while there is none: its successor is told everything at its start. */
  notice(...notice: Notice): void {
    if (this.#isServing) this.#life?.pipe.notice(...notice);
    else this.#held?.push(notice);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#isServing = false;
    clearTimeout(this.#again);
    clearTimeout(this.#ping);
    const life = this.#life;
    if (life === undefined) return;
    await life.pipe.request('stop', {}, STOP_WITHIN_MS).catch(() => undefined);
    life.pipe.close();
    const impatience = setTimeout(() => life.process.kill('SIGKILL'), STOP_WITHIN_MS);
    await life.exited;
    clearTimeout(impatience);
  }

  async #begin(): Promise<number> {
    const life = this.#spawn();
    this.#life = life;
    const held: Notice[] = [['publish', { publications: this.#options.waiting() }]];
    this.#held = held;
    const { outcome, port, why } = await life.pipe
      .request('start', this.#options.config(), START_WITHIN_MS)
      .catch(async () => ({ outcome: 'failed' as const, port: 0, why: await end(life) }));
    if (outcome !== 'started') {
      life.why ||= why;
      await end(life);
      throw startFault(outcome, this.#options.config().endpoint.port, why);
    }
    if (this.#isStopping) {
      await end(life);
      throw new UnavailableError<ClearedErrorCode>('CLEARED_STOPPED', 'The cleared server was stopped while it started.');
    }
    this.#held = undefined;
    this.#isServing = true;
    this.#servingSince = Date.now();
    for (const notice of held) life.pipe.notice(...notice);
    this.#watch(life);
    this.#options.event({ kind: 'serving', port });
    return port;
  }

  #spawn(): Life {
    const script = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);
    const { command, args, env } = childCommand(script);
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], windowsHide: true });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-MOST_STDERR)));
    const exited = new Promise<string>((resolve) => {
      const gone = () => resolve(life.why || lastLine(stderr) || `ended with ${child.exitCode ?? child.signalCode ?? 'no process'}`);
      child.once('error', gone);
      child.once('exit', gone);
    });
    const pipe: ChildPipe = new MessagePipe(child.stdio[3] as Duplex, {
      out: MODULE_SAYS,
      in: CHILD_SAYS,
      handlers: this.#options.handlers,
      mostBytesIn: MOST_BYTES_FROM_CHILD,
      mostBytesOut: MOST_BYTES_TO_CHILD,
      mostOpen: MOST_OPEN,
      // The pipe ends with the process; one that breaks the pipe's rules is ended with it.
      closed: (cause) => {
        if (cause instanceof RejectedError) life.why ||= cause.message;
        child.kill('SIGKILL');
      },
    });
    const life: Life = { process: child, pipe, exited, why: '' };
    void exited.then((why) => this.#lost(life, why));
    return life;
  }

  #watch(life: Life): void {
    this.#ping = setTimeout(() => {
      life.pipe.request('ping', {}, PING_WITHIN_MS).then(
        () => {
          if (this.#life === life && this.#isServing) this.#watch(life);
        },
        (error: unknown) => {
          // A pipe that closes ends the question, too: then the process is gone for a reason of its own.
          if (hasCode(error, 'PIPE_TIMEOUT')) life.why ||= `no answer within ${PING_WITHIN_MS} ms`;
          life.process.kill('SIGKILL');
        },
      );
    }, PING_EVERY_MS);
  }

  #lost(life: Life, why: string): void {
    life.pipe.close();
    if (this.#life !== life) return;
    const wasServing = this.#isServing;
    this.#isServing = false;
    clearTimeout(this.#ping);
    // A first start that fails is told to the caller instead.
    if (this.#isStopping || (!wasServing && this.#servingSince === 0)) return;
    if (wasServing && Date.now() - this.#servingSince > STEADY_AFTER_MS) this.#backOffMs = FIRST_BACK_OFF_MS;
    const againInMs = this.#backOffMs;
    this.#backOffMs = Math.min(2 * againInMs, LONGEST_BACK_OFF_MS);
    this.#options.event({ kind: 'lost', why, againInMs });
    // A start that fails ends in another call of this method, when its process is gone.
    this.#again = setTimeout(() => void this.#begin().catch(() => undefined), againInMs);
  }
}

/** Ends a process without waiting for its consent. Gives the reason for which it is gone. */
function end(life: Life): Promise<string> {
  life.process.kill('SIGKILL');
  return life.exited;
}

function startFault(outcome: 'portInUse' | 'failed', port: number, why: string): Error {
  if (outcome === 'portInUse') {
    return new UnavailableError<ClearedErrorCode>(
      'CLEARED_PORT_IN_USE',
      `Port ${port} for the cleared server is in use. Stop what listens there, or configure another port.`,
    );
  }
  return new RejectedError<ClearedErrorCode>('CLEARED_START_FAILED', `The cleared server could not start: ${why}.`);
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
