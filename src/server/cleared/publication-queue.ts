import type { ClearedPublication } from './contract.ts';

/** Timers run on another clock than the grid; looking again this often follows a wall clock that is set. */
const LONGEST_WAIT_MS = 1000;
const MOST_WAITING = 64 * 256;

/**
 * Holds publications until their time. All that are due at one time are shown in one tick, so that no client sees a
 * grid point in parts; a later grid point never overtakes an earlier one.
 */
export class PublicationQueue {
  readonly #show: (together: ClearedPublication[]) => void;
  readonly #now: () => number;
  #waiting: ClearedPublication[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(show: (together: ClearedPublication[]) => void, now: () => number = Date.now) {
    this.#show = show;
    this.#now = now;
  }

  /** Beyond the bound the oldest are dropped. */
  add(publications: readonly ClearedPublication[]): void {
    this.#waiting = [...this.#waiting, ...publications]
      .sort((a, b) => a.publishAtMs - b.publishAtMs || a.gridMs - b.gridMs)
      .slice(-MOST_WAITING);
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #look(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    let due = this.#waiting.findIndex((publication) => publication.publishAtMs > now);
    if (due < 0) due = this.#waiting.length;
    for (const together of byGridPoint(this.#waiting.splice(0, due))) this.#show(together);
    const next = this.#waiting[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.#look(), Math.min(next.publishAtMs - now, LONGEST_WAIT_MS));
  }
}

function byGridPoint(publications: readonly ClearedPublication[]): ClearedPublication[][] {
  const groups = new Map<number, ClearedPublication[]>();
  for (const publication of publications) groups.set(publication.gridMs, [...(groups.get(publication.gridMs) ?? []), publication]);
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
