import type { Agreement } from '../agreement/index.ts';
import { type Clock, type Random, RejectedError } from '../core/index.ts';
import { systemClock, systemRandom } from '../platform/index.ts';
import { conditionsOf } from '../server/index.ts';
import type { ActionEntry, ReceiverStore } from '../store/index.ts';
import type { ReceivedCondition } from '../transfer/index.ts';
import { act } from './action-acts.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ActionConfig, ConfigErrorCode, ManufacturerChannelConfig, ManufacturerConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const MOST_TRIES = 5;
const FIRST_RETRY_MS = 1000;
const LONGEST_REST_MS = 300_000;
/** Dead letters may be repeated from another process: the store is looked at so often. */
const LOOK_EVERY_MS = 1000;
/** A module that stops waits so long for what is under way. */
const STOP_WITHIN_MS = 5000;

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

/** A step of an action that is durable. */
export interface ActionStep {
  readonly kind: 'action' | 'acted';
  readonly n: number;
  readonly key: string;
}

export interface ActionFacts {
  readonly agreement: Agreement;
  /** Channel id, base64url. */
  readonly channel: string;
  readonly store: ReceiverStore;
  readonly pki: string;
  readonly crl?: ManufacturerConfig['crl'];
  readonly clock?: Clock;
  /** For the jitter: receivers of one kind must not all knock at the same moment. */
  readonly random?: Random;
  /** Pause before the second try, ms; it doubles with each further one, up to five minutes. Default 1000. */
  readonly firstRetryMs?: number;
  /** How long `stop` waits for what is under way, ms. Default 5000. */
  readonly stopWithinMs?: number;
  /** Told right after each durable step. */
  readonly trace?: (step: ActionStep) => void;
  /** The store can't be used. Default: a warning. */
  readonly storeFault?: (error: unknown) => void;
}

/**
 * The configured actions of the receiver (Algorithm 2): at least once each, with a stable idempotency key. They are
 * stored with the batch that causes them and run after it is countersigned. Actions of one name run one after the other.
 */
export class ReceiverActions {
  readonly #actions: readonly ActionConfig[];
  readonly #facts: ActionFacts;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #listener: ModuleListener;
  /** What is under way, by the action's name. */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(actions: readonly ActionConfig[], facts: ActionFacts, listener: ModuleListener) {
    this.#actions = actions;
    this.#facts = facts;
    this.#clock = facts.clock ?? systemClock;
    this.#random = facts.random ?? systemRandom;
    this.#listener = listener;
  }

  /** Keys of the actions that a batch causes; `previous` is what the streams showed before. */
  keysFor(condition: ReceivedCondition, previous: readonly number[] | undefined): string[] {
    if (condition.row > 0) return [];
    return this.#actions.flatMap((action) => {
      const stream = this.#facts.agreement.streams.findIndex(({ name }) => name === action.stream);
      const code = condition.codes[stream];
      if (code === undefined || !action.codes.includes(code)) return [];
      if ((action.on ?? 'change') === 'change' && previous?.[stream] === code) return [];
      return [`${action.name}:${condition.n}`];
    });
  }

  /** Begins everything that is due, and looks again by itself from then on. */
  wake(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    let restMs = LOOK_EVERY_MS;
    try {
      for (const entry of this.#facts.store.dueActions(this.#clock.now())) this.#begin(entry);
      restMs = Math.min(restMs, Math.max(1, this.#facts.store.nextActionDue() - this.#clock.now()));
    } catch (error) {
      this.#tellFault(error);
    }
    this.#timer = setTimeout(() => this.wake(), restMs).unref();
  }

  /** What is still under way after some seconds is broken off; it runs again at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#abort.abort(), this.#facts.stopWithinMs ?? STOP_WITHIN_MS);
    await Promise.all(this.#lanes.values());
    clearTimeout(timer);
  }

  #begin(entry: ActionEntry): void {
    const [name] = splitKey(entry.key);
    if (this.#lanes.has(name)) return;
    const lane = this.#attempt(entry).then(
      () => {
        this.#lanes.delete(name);
        this.wake();
      },
      (error: unknown) => {
        // The next look comes by the timer: a store that fails must not be asked again and again at once.
        this.#lanes.delete(name);
        this.#tellFault(error);
      },
    );
    this.#lanes.set(name, lane);
  }

  async #attempt({ key, tries }: ActionEntry): Promise<void> {
    const { agreement, channel, store, pki, crl } = this.#facts;
    const [name, n] = splitKey(key);
    const action = this.#actions.find((each) => each.name === name);
    if (action === undefined) return this.#end(key, 'failed', 'The configuration has no such action any more.');
    const batch = store.batch(n);
    if (batch === undefined) return this.#end(key, 'failed', 'The store has no such batch any more.');
    const condition = conditionsSeen(agreement, batch.codes).find(({ stream }) => stream === action.stream);
    if (condition === undefined) return this.#end(key, 'failed', 'The agreement has no such stream.');
    store.beginAction(key, this.#clock.now());
    this.#trace('action', key);
    const call = { idempotencyKey: `${channel}:${key}`, channel, batch: n, interval: batch.interval, condition };
    const failure = await act(action, call, {
      pki,
      crl,
      timeoutMs: action.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      signal: this.#abort.signal,
    }).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    if (failure === undefined) return this.#end(key, 'done', '');
    if (tries + 1 >= (action.mostTries ?? MOST_TRIES) && !this.#abort.signal.aborted) return this.#end(key, 'failed', failure);
    this.#again(key, tries + 1, failure);
  }

  #again(key: string, tries: number, error: string): void {
    const first = this.#facts.firstRetryMs ?? FIRST_RETRY_MS;
    const restMs = Math.min(first * 2 ** (tries - 1), LONGEST_REST_MS) * this.#jitter();
    this.#facts.store.endAction(key, { state: 'waiting', error, dueAtMs: Math.ceil(this.#clock.now() + restMs) });
    this.#listener({ event: 'action', key, state: 'retry', message: error });
  }

  #end(key: string, state: 'done' | 'failed', error: string): void {
    this.#facts.store.endAction(key, { state, error });
    this.#trace('acted', key);
    this.#listener({ event: 'action', key, state, message: error });
  }

  #trace(kind: ActionStep['kind'], key: string): void {
    this.#facts.trace?.({ kind, n: splitKey(key)[1], key });
  }

  /** From 0.5 to 1. */
  #jitter(): number {
    return 0.5 + (this.#random.bytes(1)[0] ?? 0) / 510;
  }

  #tellFault(error: unknown): void {
    if (this.#facts.storeFault !== undefined) return this.#facts.storeFault(error);
    this.#listener({ event: 'warning', code: 'ACTIONS_FAILED', message: messageOf(error) });
  }
}

function splitKey(key: string): [string, number] {
  const colon = key.lastIndexOf(':');
  return [key.slice(0, colon), Number(key.slice(colon + 1))];
}
