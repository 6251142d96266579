import { type ChannelParams, epochOf, intervalEnd } from '../core/index.ts';

/** Grid batches that an anchor covers, as its event tells. */
export interface CoveredIntervals {
  readonly interval: number;
  readonly through: number;
  readonly row: number;
}

/** Clocks differ: the own one may be ahead of the one that judges. */
const PATIENCE_MS = 1000;
/** Anchors that came before one of an earlier interval. */
const MOST_AHEAD = 100_000;

/**
 * Knows which intervals have no anchored batch although their deadline has passed. Of a long outage it names the first
 * interval and the first of each further epoch: a MISSED batch covers an epoch at most, so each late one covers a named
 * interval or none, and the ledger is not filled by what is missing.
 */
export class OverdueWatch {
  readonly #params: ChannelParams;
  readonly #last: number;
  /** First interval that no anchor covers; undefined before the channel's first anchor was seen. */
  #next: number | undefined;
  readonly #ahead = new Map<number, number>();

  /**
   * @param next where an earlier life had got to
   * @param last last interval of the agreement
   */
  constructor(params: ChannelParams, next: number | undefined, last: number) {
    this.#params = params;
    this.#next = next;
    this.#last = last;
  }

  /** To be kept over a restart. */
  get next(): number | undefined {
    return this.#next;
  }

  /** @returns true where `next` has moved */
  anchored({ interval, through, row }: CoveredIntervals): boolean {
    if (row !== 0) return false;
    this.#next ??= interval;
    const before = this.#next;
    if (interval > this.#next) {
      if (this.#ahead.size < MOST_AHEAD) this.#ahead.set(interval, through);
      return false;
    }
    this.#next = Math.max(this.#next, through + 1);
    for (let covered = this.#ahead.get(this.#next); covered !== undefined; covered = this.#ahead.get(this.#next)) {
      this.#ahead.delete(this.#next);
      this.#next = covered + 1;
    }
    return this.#next !== before;
  }

  /** Intervals to be named at this time, ascending. */
  due(nowMs: number): number[] {
    const { epochIntervals } = this.#params;
    const first = this.#next;
    if (first === undefined || !this.#isDue(first, nowMs)) return [];
    const named = [first];
    for (let at = (epochOf(this.#params, first) + 1) * epochIntervals; this.#isDue(at, nowMs); at += epochIntervals) {
      if (!this.#isAhead(at)) named.push(at);
    }
    return named;
  }

  #isAhead(interval: number): boolean {
    for (const [from, through] of this.#ahead) if (from <= interval && interval <= through) return true;
    return false;
  }

  #isDue(interval: number, nowMs: number): boolean {
    return interval <= this.#last && nowMs > intervalEnd(this.#params, interval) + this.#params.anchorWithinMs + PATIENCE_MS;
  }
}
