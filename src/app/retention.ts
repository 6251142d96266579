import type { Agreement } from '../agreement/index.ts';
import type { Clock } from '../core/index.ts';
import type { SenderStore } from '../store/index.ts';

const EVERY_MS = 3_600_000;

/** Erases payload and seeds of a channel when the agreement says. Call it as often as you like: it looks once an hour. */
export class RetentionDuty {
  readonly #store: SenderStore;
  readonly #retentionDays: number;
  readonly #clock: Clock;
  #lookedMs = Number.NaN;

  constructor(store: SenderStore, { retentionDays }: Pick<Agreement, 'retentionDays'>, clock: Clock) {
    this.#store = store;
    this.#retentionDays = retentionDays;
    this.#clock = clock;
  }

  /**
   * @returns number of batches that can't be opened any more from now on
   * @throws UnavailableError, FatalError as the store does
   */
  run(): number {
    const nowMs = this.#clock.now();
    if (Math.abs(nowMs - this.#lookedMs) < EVERY_MS) return 0;
    const erased = this.#store.eraseExpired(nowMs, this.#retentionDays);
    this.#lookedMs = nowMs;
    return erased;
  }
}
