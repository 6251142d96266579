import { RESERVED_CODES } from '../core/index.ts';

/** Number of a publication within its interval, from 0, and the code of each stream that was shown. */
export type Published = readonly [publication: number, codes: readonly number[]];

/** The codes shown within the open interval, for its condition records. */
export class PublishedCodes {
  readonly #shown: Map<number, readonly number[]>;

  constructor(shown: readonly Published[] = []) {
    this.#shown = new Map(shown);
  }

  get isEmpty(): boolean {
    return this.#shown.size === 0;
  }

  set([publication, codes]: Published): void {
    this.#shown.set(publication, codes);
  }

  clear(): void {
    this.#shown.clear();
  }

  all(): Published[] {
    return [...this.#shown];
  }

  /**
   * Codes of all publications of the interval as [stream][publication]: those shown, MISSED for those that were not, and
   * the last.
   */
  byStream(last: readonly number[], publications: number): number[][] {
    return last.map((code, stream) => {
      const earlier = Array.from({ length: publications - 1 }, (_, index) => this.#shown.get(index)?.[stream] ?? RESERVED_CODES.MISSED);
      return [...earlier, code];
    });
  }
}
