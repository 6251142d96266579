import { UnavailableError } from '../core/index.ts';
import type { HistoryPoint, HistoryQuery } from '../server/index.ts';

/** Queries that may wait. The child asks fewer at once; one in wrong hands must not fill the module's memory. */
const MOST_WAITING = 8;
/** After each slice the desk rests this many times as long as the slice took: history gets a fifth of one core at most. */
const REST = 4;

/** What may be asked of a history. */
export interface History {
  /** In order of the query, each slice a short piece of work. */
  slices(query: HistoryQuery): Iterable<HistoryPoint[]>;
}

/** Reads histories for the clients of a cleared server, one query after the other, without holding up the module's own work. */
export class HistoryDesk {
  readonly #history: () => History;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param history asked for at each query: throws where there is none now */
  constructor(history: () => History) {
    this.#history = history;
  }

  /** @throws UnavailableError `HISTORY_BUSY`, and what `history` throws */
  async read(query: HistoryQuery): Promise<readonly HistoryPoint[]> {
    if (this.#waiting >= MOST_WAITING) throw new UnavailableError('HISTORY_BUSY', 'Too many history queries are open. Try again later.');
    this.#waiting++;
    const mine = this.#last.then(() => this.#collect(query));
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }

  async #collect(query: HistoryQuery): Promise<HistoryPoint[]> {
    const points: HistoryPoint[] = [];
    const slices = this.#history().slices(query)[Symbol.iterator]();
    for (;;) {
      const began = performance.now();
      const slice = slices.next();
      if (slice.done === true) return points;
      points.push(...slice.value.slice(0, query.most - points.length));
      if (points.length >= query.most) return points;
      await rest(REST * (performance.now() - began));
    }
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
