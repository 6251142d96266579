import { DcmbError, UnavailableError } from '../core/index.ts';

/** Something in a store that is not as it was stored. */
export interface StoreFault {
  /** Batch number, or -1 where none is concerned. */
  readonly n: number;
  readonly what: string;
}

export interface StoreCheck {
  /** Batches whose every hash was computed again. */
  readonly batches: number;
  /** Those of them that were made again whole from seed and readings. */
  readonly reopened: number;
  readonly receipts: number;
  readonly epochRecords: number;
  readonly faults: readonly StoreFault[];
}

/** Looks at batches side by side: the Argon2 step of each keeps one thread busy. */
const AT_ONCE = 4;

/** Runs `work`; what it finds wrong, or fails at, becomes a fault of batch `n`. @returns false where it failed */
export async function faultsOf(n: number, faults: StoreFault[], work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    // A disk that does not answer says nothing about what is on it.
    if (!(error instanceof DcmbError) || error instanceof UnavailableError) throw error;
    faults.push({ n, what: error.message });
    return false;
  }
}

/** From 0 up to and with `last`, a few at once; the results in order. */
export async function eachBatch<Result>(last: number, work: (n: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from <= last; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, last - from + 1) }, (_, i) => from + i);
    results.push(...(await Promise.all(numbers.map(work))));
  }
  return results;
}
