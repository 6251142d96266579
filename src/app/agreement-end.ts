import type { Agreement } from '../agreement/index.ts';
import type { Clock } from '../core/index.ts';
import { lastGridMs } from './agreement-file.ts';

const LONGEST_WAIT_MS = 60_000;
/** Sealing the last interval of an agreement is prepared so long before its end. */
const END_AHEAD_MS = 100;

/** Waits for the end of an agreement. Long waits are cut: a timer has a longest time, and a clock may be set. */
export class AgreementEnd {
  readonly #clock: Clock;
  readonly #lastGridMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(agreement: Agreement, clock: Clock) {
    this.#clock = clock;
    this.#lastGridMs = lastGridMs(agreement);
  }

  /** True from the agreement's last grid point on. */
  get isOver(): boolean {
    return this.#clock.now() >= this.#lastGridMs;
  }

  /** True where an interval ends within the agreement. @param endMs of the interval */
  covers(endMs: number): boolean {
    return endMs <= this.#lastGridMs;
  }

  /** Calls `work` once shortly before the last grid point. */
  await(work: () => void): void {
    const leftMs = this.#lastGridMs - END_AHEAD_MS - this.#clock.now();
    const next = (): void => (leftMs > 0 ? this.await(work) : work());
    this.#timer = setTimeout(next, Math.max(0, Math.min(leftMs, LONGEST_WAIT_MS)));
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
