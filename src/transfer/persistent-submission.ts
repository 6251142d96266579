import { hasCode, type Json, type Random, RejectedError, UnavailableError } from '../core/index.ts';
import type { TransactionKind } from '../contract/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';

export interface RetryOptions {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly signal: AbortSignal;
  /** For the jitter: two modules must not knock in step. */
  readonly random: Random;
  /** Told before each wait, so that an operator can see what is going on. */
  onRetry?(error: Error, delayMs: number): void;
  /** Which errors are worth another attempt; those that are Unavailable where absent. */
  readonly isPassing?: (error: unknown) => error is Error;
}

/** So often in a row may what is prepared be spent at once; then a clock is wrong, and whoever waits has to be told. */
const MOST_SPENT = 2;

/**
 * Repeats `work` while it is Unavailable, with doubling delays and jitter. Everything else is thrown at once; so is the last
 * fault when the signal aborts.
 */
export async function untilAvailable<Result>(work: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const delays = doublingDelays(options.firstDelayMs, options.longestDelayMs);
  const isPassing: (error: unknown) => error is Error = options.isPassing ?? isUnavailable;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || options.signal.aborted) throw error;
      const delay = delays();
      options.onRetry?.(error, delay);
      await pauseAbout(delay, options.random, options.signal);
      if (options.signal.aborted) throw error;
    }
  }
}

/**
 * Submits a transaction until it is committed or refused: the same bytes again and again, and others only where those are
 * spent. Nothing is stored, so it suits what the contract takes once. @throws also what is spent again and again
 */
export function untilCommitted(
  ledger: Pick<Ledger, 'prepare' | 'submit'>,
  kind: TransactionKind,
  body: Json,
  options: RetryOptions,
): Promise<Commit> {
  let prepared: PreparedTransaction | undefined;
  let spent = 0;
  const isPassing = (error: unknown): error is Error => {
    spent = isSpent(error) ? spent + 1 : 0;
    return spent === 0 ? isUnavailable(error) : spent <= MOST_SPENT;
  };
  return untilAvailable(
    async () => {
      try {
        prepared ??= await ledger.prepare(kind, body);
        return await ledger.submit(prepared);
      } catch (error) {
        if (isSpent(error)) prepared = undefined;
        throw error;
      }
    },
    { ...options, isPassing },
  );
}

/** Delays one after the other, ms, each twice the one before up to the longest. */
export function doublingDelays(firstMs: number, longestMs: number): () => number {
  let next = firstMs;
  return () => {
    const delay = next;
    next = Math.min(delay * 2, longestMs);
    return delay;
  };
}

/** Waits from half of `ms` to all of it, so that two modules don't knock in step; ends at once when the signal aborts. */
export function pauseAbout(ms: number, random: Random, signal: AbortSignal): Promise<void> {
  return pause(ms * jitter(random), signal);
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/** From 0.5 to 1. */
function jitter(random: Random): number {
  return 0.5 + (random.bytes(1)[0] ?? 0) / 510;
}

export function isUnavailable(error: unknown): error is UnavailableError<string> {
  return error instanceof UnavailableError;
}

/**
 * What was prepared will not be taken any more, and the same prepared anew may be: it waited for too long, a clock was wrong
 * when it was made, or Fabric has marked it invalid.
 */
export function isSpent(error: unknown): error is Error {
  return isRefusal(error, 'DATED_BACK', 'DATED_AHEAD') || hasCode(error, 'INVALIDATED');
}

/** True for a refusal with one of these codes, or with any where none is given. */
export function isRefusal(error: unknown, ...codes: readonly string[]): error is RejectedError<string> {
  return error instanceof RejectedError && (codes.length === 0 || codes.includes((error as RejectedError<string>).code));
}
