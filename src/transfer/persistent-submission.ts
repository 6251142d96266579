import { type Random, RejectedError, UnavailableError } from '../core/index.ts';

export interface RetryOptions {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly signal: AbortSignal;
  /** For the jitter: two modules must not knock in step. */
  readonly random: Random;
  /** Told before each wait, so that an operator can see what is going on. */
  onRetry?(error: UnavailableError, delayMs: number): void;
}

/**
 * Repeats `work` while it is Unavailable, with doubling delays and jitter. Everything else is thrown at once; so is the
 * last fault when the signal aborts.
 */
export async function untilAvailable<Result>(work: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  for (let delay = options.firstDelayMs; ; delay = Math.min(delay * 2, options.longestDelayMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isUnavailable(error) || options.signal.aborted) throw error;
      options.onRetry?.(error, delay);
      await pause(delay * jitter(options.random), options.signal);
      if (options.signal.aborted) throw error;
    }
  }
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

/** True for a refusal with one of these codes. */
export function isRefusal(error: unknown, ...codes: readonly string[]): error is RejectedError<string> {
  return error instanceof RejectedError && codes.includes((error as RejectedError<string>).code);
}
