import type { Clock } from '../../core/index.ts';

/** Ends of intervals lie at `originMs` plus whole multiples of `intervalMs`; both in ms, the origin since 1970. */
export interface Grid {
  readonly originMs: number;
  readonly intervalMs: number;
}

/** What keeps values that somebody may read, until it is told to forget them. */
export interface Holder {
  forget(): void;
}

/** Where no channel says how long an interval is. */
const WITHOUT_CHANNELS: Grid = { originMs: 0, intervalMs: 60_000 };
/** What Node's timers can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Sees to it that no raw value is held beyond the interval in which it was accepted: with several channels, beyond the
 * first of their intervals to end. The end counts by the module's clock and by elapsed time, whichever comes first, so a
 * clock that is set back keeps nothing.
 */
export class HeldValues {
  readonly #grids: readonly Grid[];
  readonly #clock: Clock;
  readonly #holders = new Set<Holder>();
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(grids: readonly Grid[], clock: Clock) {
    this.#grids = grids.length === 0 ? [WITHOUT_CHANNELS] : grids;
    this.#clock = clock;
  }

  /** Notes that somebody holds a value. @returns false where its interval is over already: then it may not be held */
  add(holder: Holder, acceptedMs: number): boolean {
    const nowMs = this.#clock.now();
    if (nowMs >= this.#endAfter(acceptedMs)) return false;
    if (this.#timer === undefined || nowMs >= this.#untilMs) {
      this.clear();
      this.#untilMs = this.#endAfter(nowMs);
      this.#timer = setTimeout(() => this.clear(), Math.min(this.#untilMs - nowMs, LONGEST_TIMER_MS)).unref();
    }
    this.#holders.add(holder);
    return true;
  }

  /** Forgets what is over. To be asked before a held value is shown: timers may come late. */
  review(): void {
    if (this.#timer !== undefined && this.#clock.now() >= this.#untilMs) this.clear();
  }

  /** Forgets all. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const holder of this.#holders) holder.forget();
    this.#holders.clear();
  }

  #endAfter(nowMs: number): number {
    const ends = this.#grids.map(({ originMs, intervalMs }) => {
      return originMs + (Math.floor((nowMs - originMs) / intervalMs) + 1) * intervalMs;
    });
    return Math.min(...ends);
  }
}
