import { epochOf, intervalAt } from '../core/index.ts';
import type { BatchCase } from './batch-case.ts';
import type { Anchored, ChannelLedger, LedgerDeposit } from './channel-ledger.ts';
import type { Party } from './findings.ts';

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
 * @param disputeWindowEpochs of the agreement, where that is known
 * @returns why it has not
 */
export function missedReceipt(channel: ChannelLedger, n: number, atMs: number, disputeWindowEpochs?: number): MissedReceipt | string {
  const { deposits, receipts, disputes, params } = channel;
  const deposit = deposits.get(n);
  if (deposit === undefined) return `batch ${n} is not deposited on the ledger, so it may never have been delivered`;
  if (receipts.has(n) || isCovered(channel, n)) return `batch ${n} is receipted on the ledger`;
  if (disputes.some((dispute) => dispute.n === n) || isExcepted(channel, n)) return `batch ${n} is disputed on the ledger`;
  if (!isReadable(channel, n, deposit, disputeWindowEpochs))
    return `batch ${n} was deposited after the dispute window of its epoch, when nobody need have the key of that any more`;
  const lateMs = atMs - deposit.block.timeMs - params.receiptWithinMs;
  return lateMs > 0 ? { deposit, lateMs } : `the receipt of batch ${n} was not due before the last block`;
}

/** True where the manufacturer must still have the epoch's key until its answer is due; also where nobody here can tell. */
function isReadable({ anchors, params }: ChannelLedger, n: number, { block }: LedgerDeposit, disputeWindowEpochs?: number): boolean {
  const header = anchors.get(n)?.header;
  if (header === undefined || disputeWindowEpochs === undefined) return true;
  const dueIn = epochOf(params, intervalAt(params, block.timeMs + params.receiptWithinMs));
  return dueIn - disputeWindowEpochs <= epochOf(params, header.interval);
}

/** Both signed that the manufacturer disputes it. */
function isExcepted({ epochRecords }: ChannelLedger, n: number): boolean {
  return epochRecords.some(({ record }) =>
    record.receipt.some(({ exceptions }) => exceptions.some((exception) => exception.n === n && exception.reason === 'disputed')),
  );
}

function isCovered({ epochRecords }: ChannelLedger, n: number): boolean {
  return epochRecords.some(({ record }) =>
    record.receipt.some(({ through, exceptions }) => n <= through && !exceptions.some((exception) => exception.n === n)),
  );
}

/** Finds a receipt that was signed after its deadline, or that never came for a deposit. */
export function checkReceiptDeadline(batch: BatchCase): void {
  const { anchored, judgement, context } = batch;
  if (anchored === undefined || judgement.acknowledgement === 'epoch record' || judgement.acknowledgement === 'none') return;
  if (judgement.acknowledgement === 'receipt') return checkSignedInTime(batch, anchored);
  const { ledger, view, agreement } = context;
  const missed = missedReceipt(ledger, batch.n, view.last.timeMs, agreement.disputeWindowEpochs);
  if (typeof missed === 'string') return;
  const message = `It was deposited for the manufacturer in block ${missed.deposit.block.number}, and neither receipted nor disputed ${missed.lateMs} ms after the deadline.`;
  late(batch, 'manufacturer', missed.deposit.pointer, message);
}

/** A receipt is younger than the block that it names. Who delayed it shows only where the delivery had been deposited. */
function checkSignedInTime(batch: BatchCase, { block }: Anchored): void {
  const { view, ledger, agreement } = batch.context;
  const seen = batch.receiptBlocks.map((receipt) => ({ ...receipt, timeMs: view.timesMs[receipt.number] ?? 0 }));
  const receipt = seen.reduce((earliest, other) => (other.timeMs < earliest.timeMs ? other : earliest));
  const seenMs = receipt.timeMs;
  const { receiptWithinMs } = ledger.params;
  const lateMs = seenMs - block.timeMs - receiptWithinMs;
  if (lateMs <= 0) return;
  const deposit = ledger.deposits.get(batch.n);
  const isOwed = deposit !== undefined && isReadable(ledger, batch.n, deposit, agreement.disputeWindowEpochs);
  const party = isOwed && seenMs > deposit.block.timeMs + receiptWithinMs ? 'manufacturer' : 'undecided';
  late(batch, party, receipt.place, `It was signed ${lateMs} ms after its deadline or later: it names block ${receipt.number} as seen.`);
}

function late(batch: BatchCase, party: Party, place: string, message: string): void {
  batch.judgement.late(party);
  batch.find('LATE', party, 'receipt', place, message);
}
