import type { Agreement } from '../agreement/index.ts';
import type { Clock } from '../core/index.ts';
import type { SenderStore } from '../store/index.ts';
import { pause } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

const EVERY_MS = 3_600_000;
/** Of real time: a suspended machine looks soon after it wakes. */
const PAUSE_MS = 60_000;

export interface RetentionParts {
  readonly store: SenderStore;
  readonly agreement: Pick<Agreement, 'retentionDays'>;
  readonly clock: Clock;
  readonly listener: ModuleListener;
}

/** Erases payload and seeds of a channel when the agreement says: at once, then once an hour by the clock. */
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
    const batches = store.eraseExpired(nowMs, agreement.retentionDays);
    this.#lookedMs = nowMs;
    if (batches > 0) listener({ event: 'erased', batches });
  }
}
