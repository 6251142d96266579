import type { Random } from '../../core/index.ts';

/** How long the adapter waits for what, ms. */
export interface FabricPatience {
  /** A read by one peer. */
  readonly evaluateMs: number;
  /** All endorsements of a transaction. */
  readonly endorseMs: number;
  /** The orderer's word that it has taken a transaction. */
  readonly submitMs: number;
  /** A transaction's block, once it is ordered. */
  readonly commitMs: number;
  /** How long peers that have just started may take to find each other. */
  readonly discoveryMs: number;
  /** How long a peer of another organisation may lag behind the own one. */
  readonly lagMs: number;
  /** How long blocks may fail to come from any peer before a reader is told. */
  readonly awayMs: number;
  /** How long closing waits for submissions under way. */
  readonly closeMs: number;
}

export const PATIENCE: FabricPatience = {
  evaluateMs: 10_000,
  endorseMs: 15_000,
  submitMs: 10_000,
  commitMs: 30_000,
  discoveryMs: 45_000,
  lagMs: 5_000,
  awayMs: 10_000,
  closeMs: 2_000,
};

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Pauses that double, with jitter: many modules must not knock at one peer in step. */
export class BackOff {
  readonly #random: Random;
  readonly #signal: AbortSignal;
  #next = FIRST_PAUSE_MS;

  constructor(random: Random, signal: AbortSignal) {
    this.#random = random;
    this.#signal = signal;
  }

  /** Resolves after the next pause, or at once when the signal aborts. */
  pause(): Promise<void> {
    const ms = this.#next * (0.5 + (this.#random.bytes(1)[0] ?? 0) / 510);
    this.#next = Math.min(this.#next * 2, LONGEST_PAUSE_MS);
    return pauseFor(ms, this.#signal);
  }

  reset(): void {
    this.#next = FIRST_PAUSE_MS;
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** How long a condition that passes by itself has lasted: waited for once an outage, not once a call. */
export class Forbearance {
  readonly #longestMs: number;
  #since: number | undefined;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** The condition holds. @returns false once it has held for too long */
  bears(): boolean {
    this.#since ??= performance.now();
    return performance.now() - this.#since < this.#longestMs;
  }

  over(): void {
    this.#since = undefined;
  }
}
