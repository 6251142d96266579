import type { Agreement } from '../agreement/index.ts';
import type { Clock } from '../core/index.ts';
import type { SenderStore } from '../store/index.ts';
import { pause } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

const EVERY_MS = 3_600_000;
/** Of real time: a suspended machine looks soon after it wakes. */
const PAUSE_MS = 60_000;
/** The clock may be ahead of the newest block by so much: an interval, and an outage of the ledger. */
const MOST_AHEAD_MS = 86_400_000;

export interface RetentionParts {
  readonly store: SenderStore;
  readonly agreement: Pick<Agreement, 'retentionDays'>;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  /** Time of the newest block that this module knows, ms since 1970. */
  lastBlockMs(): number;
}

/**
 * Erases payload and seeds of a channel when the agreement says: at once, then once an hour by the clock. Erasing can't be
 * undone, so a clock that was set ahead by mistake erases nothing: it counts up to a day after the newest block only. Without
 * a ledger erasing waits.
 */
export class RetentionDuty {
  readonly #parts: RetentionParts;
  #lookedMs = Number.NaN;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Until the signal aborts. @throws UnavailableError, FatalError as the store does */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await pause(PAUSE_MS, signal);
    }
  }

  /** Erases what is due, unless it looked within the last hour. @throws UnavailableError, FatalError as the store does */
  look(): void {
    const { store, agreement, clock, listener } = this.#parts;
    const nowMs = clock.now();
    if (Math.abs(nowMs - this.#lookedMs) < EVERY_MS) return;
    const believedMs = Math.min(nowMs, this.#parts.lastBlockMs() + MOST_AHEAD_MS);
    const batches = store.eraseExpired(believedMs, agreement.retentionDays);
    this.#lookedMs = nowMs;
    if (batches > 0) listener({ event: 'erased', batches });
  }
}
