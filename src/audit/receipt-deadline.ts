import type { ChannelLedger, LedgerDeposit } from './channel-ledger.ts';

/** A deposit that its recipient has answered neither by a receipt nor by a dispute. */
export interface MissedReceipt {
  readonly deposit: LedgerDeposit;
  readonly lateMs: number;
}

/**
 * Whether the manufacturer has missed the deadline of a receipt. Without a deposit nobody can tell who did not play along,
 * the owner that did not deliver or the manufacturer that did not receipt; from the deposit's block on the delivery is in
 * the manufacturer's hands, and the key of the batch lets it prove junk. So silence after that is its own.
 * @param atMs time of the last block, ms since 1970 UTC
 * @returns why it has not
 */
export function missedReceipt(channel: ChannelLedger, n: number, atMs: number): MissedReceipt | string {
  const { deposits, receipts, disputes, params } = channel;
  const deposit = deposits.get(n);
  if (deposit === undefined) return `batch ${n} is not deposited on the ledger, so it may never have been delivered`;
  if (receipts.has(n) || isCovered(channel, n)) return `batch ${n} is receipted on the ledger`;
  if (disputes.some((dispute) => dispute.n === n)) return `batch ${n} is disputed on the ledger`;
  const lateMs = atMs - deposit.block.timeMs - params.receiptWithinMs;
  return lateMs > 0 ? { deposit, lateMs } : `the receipt of batch ${n} was not due before the last block`;
}

function isCovered({ epochRecords }: ChannelLedger, n: number): boolean {
  return epochRecords.some(({ record }) =>
    record.receipt.some(({ through, exceptions }) => n <= through && !exceptions.some((exception) => exception.n === n)),
  );
}
