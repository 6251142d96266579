import type { Bytes } from '../core/index.ts';
import type { AcceptedReading, BatchBuilder } from '../evidence/index.ts';

/** A reading and the index of its tag. */
export interface KeptReading {
  readonly tag: number;
  readonly reading: AcceptedReading;
}

/** The batch that accepts readings now. */
export interface OpenBatch {
  readonly n: number;
  readonly interval: number;
  /** How many batches of this interval were cut before: chooses the seed. */
  readonly ordinal: number;
  readonly fromMs: number;
  readonly seed: Bytes;
  readonly builder: BatchBuilder;
  /** Kept for a later disclosure, in order of acceptance. */
  readonly readings: KeptReading[];
  /** Refused writes of each tag since the previous batch. */
  readonly refused: number[];
  readonly firstSequences: readonly number[];
}
