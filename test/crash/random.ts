/** Numbers from a seed, the same in every run (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to but without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const list = [...items];
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.between(0, last);
      [list[last], list[other]] = [list[other]!, list[last]!];
    }
    return list;
  }
}
