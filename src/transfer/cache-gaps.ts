import type { GapRecord } from '../evidence/index.ts';
import type { BatchRange } from '../store/index.ts';
import type { CutBatch } from './cut-batch.ts';

/** What a batch's gap record says, but for its number. */
export type GapStatement = Omit<GapRecord, 'kind' | 'n'>;

/**
 * What a batch's gap record says. It holds one reason: what the batch itself lacks comes first, and drops that were not
 * said yet wait for the next batch that lacks nothing. Asked at the seal, with what the store has at that moment: so a crash
 * forgets no drop.
 */
export function gapOf({ gap }: Pick<CutBatch, 'gap'>, unsaid: BatchRange | undefined): GapStatement {
  if (gap !== 'none' || unsaid === undefined) return { reason: gap, fromBatch: 0, toBatch: 0 };
  return { reason: 'dropped', ...unsaid };
}
