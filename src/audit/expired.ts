import type { BatchCase } from './batch-case.ts';
import type { ChannelLedger } from './channel-ledger.ts';

/**
 * Numbers of the batches whose delivery is no longer there, as the evidence itself says: both parties in a cumulative
 * receipt, or the owner in the gap record of a later batch.
 */
export function expiredBatches({ epochRecords }: ChannelLedger, batches: readonly BatchCase[]): ReadonlySet<number> {
  const signed = epochRecords.flatMap(({ record }) => record.receipt.flatMap(({ exceptions }) => exceptions));
  const expired = new Set(signed.filter(({ reason }) => reason === 'expired').map(({ n }) => n));
  for (const { n, verified } of batches) {
    const gap = verified?.statement.gap;
    if (gap?.reason !== 'dropped') continue;
    for (const lost of batches) if (gap.fromBatch <= lost.n && lost.n <= gap.toBatch && lost.n < n) expired.add(lost.n);
  }
  return expired;
}

/** What a batch lacks is the exporter's fault, unless the evidence says that nobody has it any more. */
export function requireDelivery(batch: BatchCase, isExpired: boolean): void {
  const { lacking } = batch;
  if (lacking === undefined) return;
  batch.judgement.lacks(isExpired ? `${lacking}, expired` : lacking);
  if (!isExpired && !batch.lacksLedger())
    batch.find('DELIVERY_MISSING', 'exporter', lacking, batch.pointer, `The export has no ${lacking} for it.`);
}
