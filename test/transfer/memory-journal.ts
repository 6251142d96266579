import { UnavailableError } from '../../src/core/index.ts';
import type { BatchJournal, JournalEntry } from '../../src/transfer/index.ts';

/** A journal in memory. Entries wait until the test writes them: what a crash leaves is the beginning of them. */
export class MemoryJournal implements BatchJournal {
  #kept: JournalEntry[];
  #waiting: { entry: JournalEntry; done: () => void; fail: (error: Error) => void }[] = [];
  #failure: Error | undefined;

  constructor(kept: readonly JournalEntry[] = []) {
    this.#kept = [...kept];
  }

  /** Entries that are not written yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get kept(): readonly JournalEntry[] {
    return this.#kept;
  }

  append(n: number, text: string): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((done, fail) => this.#waiting.push({ entry: { n, text }, done, fail }));
  }

  /** Writes so many of those that wait, all where not given. */
  write(count = this.#waiting.length): void {
    for (const { entry, done } of this.#waiting.splice(0, count)) {
      this.#kept.push(entry);
      done();
    }
  }

  /** The disk gives an error, before or after it took what waits. */
  fail(when: 'before' | 'after' = 'before'): void {
    this.#failure = new UnavailableError('STORE_FAILED', 'The disk failed, as the test wants it.');
    for (const { entry, fail } of this.#waiting.splice(0)) {
      if (when === 'after') this.#kept.push(entry);
      fail(this.#failure);
    }
  }

  async entries(): Promise<readonly JournalEntry[]> {
    return this.#kept;
  }

  async erase(below: number): Promise<void> {
    this.#kept = this.#kept.filter(({ n }) => n >= below);
  }

  async close(): Promise<void> {
    this.#failure = new UnavailableError('STORE_FAILED', 'The journal is closed.');
  }
}
