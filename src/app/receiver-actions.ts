import { spawn } from 'node:child_process';
import type { Agreement } from '../agreement/index.ts';
import { TagWriter } from '../client/index.ts';
import { RejectedError, type UaValue, UnavailableError } from '../core/index.ts';
import { conditionsOf } from '../server/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import type { ReceivedCondition } from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ActionConfig, ConfigErrorCode, ManufacturerChannelConfig } from './config.ts';
import type { ConditionSeen, ModuleListener } from './events.ts';
import { linkOptions, trustListOf } from './link-access.ts';
import { messageOf } from './message-of.ts';
import { loadIdentity } from './plant-identities.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const MOST_TRIES = 5;
const FIRST_RETRY_MS = 1000;

/**
 * Each action must wait for something that can come: a stream of the agreement, and codes of its conditions.
 * @throws RejectedError `BAD_CONFIG`
 */
export function requireAgreedConditions({ name, agreement: file, actions }: ManufacturerChannelConfig, agreement: Agreement): void {
  for (const action of actions ?? []) {
    const fault = faultOf(action, agreement);
    if (fault !== undefined)
      throw new RejectedError<ConfigErrorCode>('BAD_CONFIG', `Action "${action.name}" of channel "${name}": ${file} has ${fault}.`);
  }
}

function faultOf({ stream: wanted, codes }: ActionConfig, { streams }: Agreement): string | undefined {
  const stream = streams.find(({ name }) => name === wanted);
  if (stream === undefined) return `no stream "${wanted}". Take one of ${streams.map(({ name }) => name).join(', ')}`;
  const known = conditionsOf(stream);
  const unknown = codes.find((code) => !known.has(code));
  return unknown === undefined ? undefined : `no condition ${unknown} in stream "${wanted}". Take one of ${[...known.keys()].join(', ')}`;
}

/** What an action is told: the condition, and a key that is the same for every repetition of the same action. */
interface ActionCall {
  readonly idempotencyKey: string;
  readonly channel: string;
  readonly batch: number;
  readonly interval: number;
  readonly condition: ConditionSeen;
}

export interface ActionFacts {
  readonly agreement: Agreement;
  /** Channel id, base64url. */
  readonly channel: string;
  readonly store: ReceiverStore;
  readonly pki: string;
  /** Pause before the second try, ms; it doubles with each further one. Default 1000. */
  readonly firstRetryMs?: number;
}

/**
 * The configured actions of the receiver (Algorithm 2): at least once each, with a stable idempotency key. They are
 * stored with the batch that causes them and run after it is countersigned.
 */
export class ReceiverActions {
  readonly #actions: readonly ActionConfig[];
  readonly #agreement: Agreement;
  readonly #channel: string;
  readonly #store: ReceiverStore;
  readonly #pki: string;
  readonly #listener: ModuleListener;
  readonly #firstRetryMs: number;
  /** Actions that failed and wait for their next try, each with its timer. */
  readonly #resting = new Map<string, NodeJS.Timeout>();
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(actions: readonly ActionConfig[], facts: ActionFacts, listener: ModuleListener) {
    this.#actions = actions;
    this.#agreement = facts.agreement;
    this.#channel = facts.channel;
    this.#store = facts.store;
    this.#pki = facts.pki;
    this.#listener = listener;
    this.#firstRetryMs = facts.firstRetryMs ?? FIRST_RETRY_MS;
  }

  /** Keys of the actions that a batch causes; `previous` is what the streams showed before. */
  keysFor(condition: ReceivedCondition, previous: readonly number[] | undefined): string[] {
    if (condition.row > 0) return [];
    return this.#actions.flatMap((action) => {
      const stream = this.#agreement.streams.findIndex(({ name }) => name === action.stream);
      const code = condition.codes[stream];
      if (code === undefined || !action.codes.includes(code)) return [];
      if ((action.on ?? 'change') === 'change' && previous?.[stream] === code) return [];
      return [`${action.name}:${condition.n}`];
    });
  }

  /** Runs everything that waits, one after the other. */
  wake(): void {
    this.#running = this.#running.then(() => this.#runWaiting()).catch((error: unknown) => this.#tellFault(error));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#resting.values()) clearTimeout(timer);
    await this.#running;
  }

  async #runWaiting(): Promise<void> {
    if (this.#stopped) return;
    for (const { key, tries } of this.#store.waitingActions()) {
      if (this.#stopped) return;
      if (!this.#resting.has(key)) await this.#attempt(key, tries);
    }
  }

  #tellFault(error: unknown): void {
    this.#listener({ event: 'warning', code: 'ACTIONS_FAILED', message: messageOf(error) });
  }

  async #attempt(key: string, tries: number): Promise<void> {
    const [name, n] = splitKey(key);
    const action = this.#actions.find((each) => each.name === name);
    const batch = this.#store.batch(n);
    if (action === undefined || batch === undefined) return this.#end(key, 'failed', 'The configuration has no such action any more.');
    const condition = conditionsSeen(this.#agreement, batch.codes).find(({ stream }) => stream === action.stream);
    if (condition === undefined) return this.#end(key, 'failed', 'The agreement has no such stream.');
    try {
      await this.#run(action, {
        idempotencyKey: `${this.#channel}:${key}`,
        channel: this.#channel,
        batch: n,
        interval: batch.interval,
        condition,
      });
      this.#end(key, 'done', '');
    } catch (error) {
      this.#again(key, tries + 1, messageOf(error));
    }
  }

  #again(key: string, tries: number, why: string): void {
    if (tries >= MOST_TRIES) return this.#end(key, 'failed', why);
    this.#store.setAction(key, 'waiting');
    this.#listener({ event: 'action', key, state: 'retry', message: why });
    if (!this.#stopped) this.#rest(key, this.#firstRetryMs * 2 ** (tries - 1));
  }

  #rest(key: string, ms: number): void {
    const timer = setTimeout(() => {
      this.#resting.delete(key);
      this.wake();
    }, ms);
    this.#resting.set(key, timer.unref());
  }

  #end(key: string, state: 'done' | 'failed', message: string): void {
    this.#store.setAction(key, state);
    this.#listener({ event: 'action', key, state, message });
  }

  async #run(action: ActionConfig, call: ActionCall): Promise<void> {
    const timeoutMs = action.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (action.webhook !== undefined) return postWebhook(action.webhook.url, call, timeoutMs);
    if (action.program !== undefined) return runProgram(action.program.command, call, timeoutMs);
    if (action.write !== undefined) return this.#write(action.write, call.condition.code, timeoutMs);
  }

  async #write(target: NonNullable<ActionConfig['write']>, code: number, timeoutMs: number): Promise<void> {
    const identity = loadIdentity(this.#pki, 'receiver');
    const link = linkOptions(target.endpointUrl, identity, trustListOf(this.#pki, 'receiver'), target.user);
    const writer = new TagWriter({ ...link, requestTimeoutMs: timeoutMs });
    await writer.connect();
    try {
      const value: UaValue = { type: target.type ?? 'Int32', value: code };
      const [result] = await writer.write([{ nodeId: target.nodeId, value }]);
      if (result?.accepted !== true) throw new UnavailableError('ACTION_FAILED', `The server answered ${result?.status ?? 'nothing'}.`);
    } finally {
      await writer.close();
    }
  }
}

function splitKey(key: string): [string, number] {
  const colon = key.lastIndexOf(':');
  return [key.slice(0, colon), Number(key.slice(colon + 1))];
}

async function postWebhook(url: string, call: ActionCall, timeoutMs: number): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': call.idempotencyKey },
    body: JSON.stringify(call),
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'error',
  });
  await response.arrayBuffer();
  if (!response.ok) throw new UnavailableError('ACTION_FAILED', `The webhook answered ${response.status}.`);
}

function runProgram(command: readonly string[], call: ActionCall, timeoutMs: number): Promise<void> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new UnavailableError('ACTION_FAILED', `The program ended with ${signal ?? `exit code ${code}`}.`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(call)}\n`);
  });
}
