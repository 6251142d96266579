import { RejectedError, UnavailableError } from '../core/index.ts';

export interface RetryOptions {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly signal: AbortSignal;
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
      if (!(error instanceof UnavailableError) || options.signal.aborted) throw error;
      options.onRetry?.(error, delay);
      await pause(delay * (0.5 + Math.random() / 2), options.signal);
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

export function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof RejectedError && codes.includes(error.code);
}
