import { RejectedError, toBase64Url, UnavailableError } from '../core/index.ts';
import type { BatchHeader, BlockReference, VerifiedBatch } from '../evidence/index.ts';
import type { AnchorView } from './anchor-view.ts';
import type { TransferErrorCode } from './errors.ts';
import { isUnavailable } from './persistent-submission.ts';

/**
 * Compares a verified batch with what the ledger has of it.
 * @returns false where the ledger is away: to be compared once it answers
 * @throws RejectedError `ANCHOR_MISMATCH`, `BLOCK_NOT_SEEN`; UnavailableError `BLOCK_AHEAD` where the own view of the ledger lags
 */
export async function compareWithLedger(
  anchors: AnchorView,
  { header, headerHash }: Pick<VerifiedBatch, 'header' | 'headerHash'>,
): Promise<boolean> {
  try {
    await compare(anchors, header, toBase64Url(headerHash));
    return true;
  } catch (error) {
    if (isUnavailable(error) && error.code !== 'BLOCK_AHEAD') return false;
    throw error;
  }
}

async function compare(anchors: AnchorView, { n, lastBlock }: BatchHeader, hash: string): Promise<void> {
  const anchored = await anchors.anchoredHeader(n);
  if (anchored !== undefined && anchored !== hash) throw anchorMismatch(n);
  await requireBlock(anchors, n, lastBlock, anchored !== undefined);
}

export function anchorMismatch(n: number): RejectedError<TransferErrorCode> {
  return new RejectedError('ANCHOR_MISMATCH', `Batch ${n} was delivered with another header than the one anchored on the ledger.`);
}

/** An anchored header can only name a block that is there by now; before that, the own view of the ledger may lag. */
async function requireBlock(anchors: AnchorView, n: number, { number, hash }: BlockReference, isAnchored: boolean): Promise<void> {
  const own = await anchors.blockHash(number);
  if (own === hash) return;
  if (own === undefined && !isAnchored)
    throw new UnavailableError<TransferErrorCode>('BLOCK_AHEAD', `Batch ${n} names block ${number}, which is not here yet. Try again.`);
  const what = own === undefined ? `block ${number}, which the ledger does not have` : `another block ${number} than the ledger's`;
  throw new RejectedError<TransferErrorCode>('BLOCK_NOT_SEEN', `Batch ${n} names ${what}.`);
}
