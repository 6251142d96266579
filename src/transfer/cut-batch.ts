import type { ChannelProgress } from '../store/index.ts';
import type { GapReason } from './gap-note.ts';
import type { OpenBatch } from './open-batch.ts';

/** A batch cut off from the readings that follow; it waits to be sealed. */
export interface CutBatch {
  readonly open: OpenBatch;
  /** 0 at the grid point, 1..M for calls. */
  readonly row: number;
  readonly toMs: number;
  /** Last interval covered; equal to the open batch's but where the module was down. */
  readonly through: number;
  /** Condition codes as [stream][publication]. */
  readonly codes: readonly (readonly number[])[];
  readonly gap: GapReason | 'none';
  /** Progress after this batch, but for `prev`, which is known when it is sealed. */
  readonly progress: Omit<ChannelProgress, 'prev'>;
}

/** Code of each stream at the interval's end. */
export function finalCodes(cut: CutBatch): number[] {
  return cut.codes.map((publications) => publications.at(-1) ?? Number.NaN);
}

/** Codes of the publications before the interval's end, as [publication][stream]. */
export function earlierCodes({ codes }: CutBatch): number[][] {
  const earlier = Math.max(0, (codes[0]?.length ?? 0) - 1);
  return Array.from({ length: earlier }, (_, publication) => codes.map((stream) => stream[publication] ?? Number.NaN));
}
