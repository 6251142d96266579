/** One entry: opaque text, and the number of the batch to which it belongs. */
export interface JournalEntry {
  readonly n: number;
  readonly text: string;
}

/** Where a channel writes down what is not sealed yet. The `Journal` of the store is one. */
export interface BatchJournal {
  /**
   * Resolves once the entry is on the disk; entries reach it in the order of the calls.
   * @throws UnavailableError; all later calls are refused too, until the journal is opened again
   */
  append(n: number, text: string): Promise<void>;
  /** All that is kept, in order. */
  entries(): Promise<readonly JournalEntry[]>;
  /** Drops the entries of all batches below this number. */
  erase(below: number): Promise<void>;
  close(): Promise<void>;
}
