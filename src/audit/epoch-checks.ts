import { epochOf, RESERVED_CODES } from '../core/index.ts';
import { MOST_CLOCK_SKEW_MS } from '../contract/index.ts';
import { type CumulativeReceipt, extendReceipt } from '../evidence/index.ts';
import type { BatchCase, ChannelContext } from './batch-case.ts';
import type { Anchored, LedgerEpochRecord } from './channel-ledger.ts';
import type { Findings } from './findings.ts';

/**
 * Recomputes every cumulative receipt from the deliveries, and counts it as acknowledgement of the batches that it covers.
 * @param batches in order of their numbers, each after its own checks
 */
export function checkEpochRecords(context: ChannelContext, batches: readonly BatchCase[], findings: Findings): void {
  const byNumber = new Map(batches.map((batch) => [batch.n, batch]));
  let known: CumulativeReceipt | undefined;
  for (const placed of context.ledger.epochRecords) {
    findings.checked('epochRecords');
    const claimed = placed.record.receipt[0];
    if (claimed === undefined) continue;
    const computed = recomputed(byNumber, claimed, known);
    if (typeof computed === 'string') {
      addRecordFinding(findings, placed, computed);
      continue;
    }
    known = computed;
    if (computed.digest !== claimed.digest) {
      addRecordFinding(findings, placed, 'Its rolling digest is not that of the deliveries.');
      continue;
    }
    acknowledge(batches, claimed, placed.pointer);
  }
}

function addRecordFinding(findings: Findings, { record, pointer }: LedgerEpochRecord, message: string): void {
  findings.add({
    code: 'BAD_EPOCH_RECORD',
    object: `epoch record ${record.k}, cumulative receipt`,
    place: pointer,
    message,
    party: 'undecided',
  });
}

/**
 * The cumulative receipt that the deliveries give, for the exceptions claimed. Goes on from the previous one where that
 * has the same exceptions so far; a batch can leave the exceptions when it is received late, and then all is rolled again.
 * @returns what is lacking, where it cannot be computed
 */
function recomputed(
  batches: ReadonlyMap<number, BatchCase>,
  claimed: CumulativeReceipt,
  known: CumulativeReceipt | undefined,
): CumulativeReceipt | string {
  const reasons = new Map(claimed.exceptions.map(({ n, reason }) => [n, reason]));
  const continues =
    known?.exceptions.every(({ n }) => reasons.has(n)) &&
    [...reasons.keys()].every((n) => n > known.through || known.exceptions.some((e) => e.n === n));
  let receipt = continues ? known : undefined;
  for (let n = receipt === undefined ? 0 : receipt.through + 1; n <= claimed.through; n++) {
    const batch = batches.get(n);
    const header = batch?.anchored?.headerHash;
    if (header === undefined) return `It covers batch ${n}, which is not on the ledger.`;
    const reason = reasons.get(n);
    if (reason !== undefined) receipt = extendReceipt(receipt, { n, header, outcome: { reason } });
    else if (batch?.deliveryHash === undefined)
      return `It covers batch ${n}, whose delivery the export lacks, so its digest cannot be recomputed.`;
    else receipt = extendReceipt(receipt, { n, header, outcome: { delivery: batch.deliveryHash } });
  }
  return receipt ?? 'It covers nothing.';
}

function acknowledge(batches: readonly BatchCase[], { through, exceptions }: CumulativeReceipt, pointer: string): void {
  const reasons = new Map(exceptions.map(({ n, reason }) => [n, reason]));
  for (const batch of batches) {
    if (batch.n > through) break;
    const reason = reasons.get(batch.n);
    if (reason === undefined) {
      if (batch.judgement.acknowledgement === 'none') batch.judgement.acknowledgement = 'epoch record';
    } else if (reason === 'disputed') {
      batch.dispute('DISPUTED', 'undecided', 'cumulative receipt', pointer, 'Both parties signed that it is disputed.');
    }
  }
}

/** The seeds of an epoch must be committed to before its batches: else they could be chosen to fit. */
export function checkSeeds(context: ChannelContext, batches: readonly BatchCase[], findings: Findings): void {
  const { params, seeds } = context.ledger;
  const epochs = new Set<number>();
  const reported = new Set<number>();
  for (const batch of batches) {
    const { anchored } = batch;
    if (anchored === undefined) continue;
    const epoch = epochOf(params, anchored.header.interval);
    epochs.add(epoch);
    const fault = seedFault(context, epoch, batch, anchored);
    if (fault === undefined) continue;
    batch.judgement.lacks('seed commitment made in time');
    if (reported.has(epoch)) continue;
    reported.add(epoch);
    const place = seeds.get(epoch)?.pointer ?? '/ledger';
    findings.add({ code: 'SEEDS_NOT_COMMITTED', object: `seeds of epoch ${epoch}`, place, message: fault, party: 'owner' });
  }
  findings.checked('seeds', epochs.size);
}

/** A batch of missed intervals is made after them, has no readings, and so nothing to choose seeds for. */
function seedFault({ ledger }: ChannelContext, epoch: number, batch: BatchCase, { header, order }: Anchored): string | undefined {
  const commitment = ledger.seeds.get(epoch);
  if (commitment === undefined) return 'The ledger has no commitment to them.';
  if (commitment.order > order) return 'They were committed to after the first batch of the epoch had been anchored.';
  const madeLater = header.through > header.interval || saysMissed(batch);
  if (!madeLater && commitment.block.timeMs > header.toMs + MOST_CLOCK_SKEW_MS)
    return `They were committed to after batch ${header.n} had ended.`;
  return undefined;
}

/** A batch of one missed interval says so in its gap record, and shows no condition but MISSED. */
function saysMissed({ verified }: BatchCase): boolean {
  if (verified?.statement.gap.reason !== 'missed') return false;
  return verified.statement.conditions.every(({ code }) => code === RESERVED_CODES.MISSED);
}

/** Disputes on the ledger, also about numbers that never came. The replay has found that their proofs hold. */
export function checkDisputes({ ledger }: ChannelContext, batches: readonly BatchCase[], findings: Findings): void {
  for (const { n, kind, against, pointer } of ledger.disputes) {
    const party = against === ledger.owner.org ? 'owner' : 'manufacturer';
    const message = `A ${kind} dispute against organisation "${against}" stands on the ledger, with a proof that holds.`;
    const batch = batches.find((candidate) => candidate.n === n);
    if (batch === undefined) findings.add({ code: 'DISPUTED', object: `batch ${n}`, place: pointer, message, party, n });
    else batch.dispute('DISPUTED', party, 'dispute', pointer, message);
  }
}
