import { type Agreement, agreementCommitment, verifyAgreement } from '../agreement/index.ts';
import { channelIdOf } from '../contract/index.ts';
import { type Argon2, canonicalJson, equalBytes, fromBase64Url, toBase64Url } from '../core/index.ts';
import { checkAcknowledgement } from './acknowledgement-checks.ts';
import { BatchCase, type ChannelContext, messageOf } from './batch-case.ts';
import type { ChannelLedger } from './channel-ledger.ts';
import { checkDelivery, requireBatchKeyProof } from './delivery-checks.ts';
import { checkDisputes, checkEpochRecords, checkSeeds } from './epoch-checks.ts';
import type { BatchEvidence, ChannelEvidence } from './export-format.ts';
import type { FindingCode, Findings, Party } from './findings.ts';
import { expiredBatches, requireDelivery } from './expired.ts';
import { checkHeader } from './header-checks.ts';
import type { LedgerView } from './ledger-view.ts';
import { checkOverdue } from './overdue-checks.ts';
import { checkProposals } from './proposal-checks.ts';
import { checkReceiptDeadline } from './receipt-deadline.ts';

/** Batches whose Argon2 runs at the same time: as many as libuv has threads. */
const AT_ONCE = 4;

const LONGEST_LISTED_GAP = 1000;

export interface AuditedChannel {
  readonly context: ChannelContext;
  /** In order of their numbers. */
  readonly batches: readonly BatchCase[];
}

/** @returns `undefined` where the entry belongs to no channel on the ledger; the findings say why */
export async function auditChannel(
  view: LedgerView,
  evidence: ChannelEvidence,
  pointer: string,
  argon2: Argon2,
  findings: Findings,
): Promise<AuditedChannel | undefined> {
  const opened = openedChannel(view, evidence, pointer, findings);
  if (opened === undefined) return undefined;
  const context = { view, ...opened, argon2 };
  const batches = batchCases(context, evidence.batches, pointer, findings);
  for (let at = 0; at < batches.length; at += AT_ONCE) {
    await Promise.all(batches.slice(at, at + AT_ONCE).map(auditBatch));
  }
  checkSeeds(context, batches, findings);
  checkEpochRecords(context, batches, findings);
  checkOverdue(context, findings);
  checkProposals(context, findings);
  checkDisputes(context, batches, findings);
  const expired = expiredBatches(context.ledger, batches);
  batches.forEach((batch) => requireDelivery(batch, expired.has(batch.n)));
  batches.forEach((batch) => requireAcknowledgement(batch, expired.has(batch.n)));
  batches.forEach(checkReceiptDeadline);
  batches.forEach(requireBatchKeyProof);
  return { context, batches };
}

async function auditBatch(batch: BatchCase): Promise<void> {
  const { anchored } = batch;
  if (anchored === undefined) return notAnchored(batch);
  await checkHeader(batch, anchored);
  await checkDelivery(batch, anchored);
  await checkAcknowledgement(batch, anchored);
}

/** Numbers are gap-free, so what is below an anchored one must be there. At the end of the chain nobody is convicted. */
function notAnchored(batch: BatchCase): void {
  if (batch.lacksLedger()) return;
  const { last } = batch.context.view;
  const find = (party: Party, message: string) => batch.find('NUMBER_MISSING', party, 'anchor', batch.pointer, message);
  batch.judgement.missing();
  const later = [...batch.context.ledger.anchors.keys()].some((n) => n > batch.n);
  if (later) find('owner', 'It is not anchored, although a later number is.');
  else
    find(
      'undecided',
      `It is in the export, but not anchored up to block ${last.number}: it never was, or not yet, or blocks were cut off.`,
    );
}

/** @param isExpired the ledger or a later batch says why there can be none */
function requireAcknowledgement(batch: BatchCase, isExpired: boolean): void {
  if (batch.anchored === undefined || batch.judgement.acknowledgement !== 'none' || isExpired || batch.lacksLedger()) return;
  batch.find(
    'RECEIPT_MISSING',
    'undecided',
    'receipt',
    batch.pointer,
    'No receipt, epoch record or deposit shows that the manufacturer has it.',
  );
}

/** One case for each number that ledger or export know of, in order, and for the numbers between them. */
function batchCases(context: ChannelContext, entries: readonly BatchEvidence[], pointer: string, findings: Findings): BatchCase[] {
  const byNumber = new Map<number, { entry: BatchEvidence; place: string }>();
  let last = -1;
  entries.forEach((entry, index) => {
    const place = `${pointer}/batches/${index}`;
    if (entry.n > last) byNumber.set(entry.n, { entry, place });
    else
      findings.add({
        code: 'ENTRY_OUT_OF_ORDER',
        object: `batch entry ${index}`,
        place,
        message: `It is of batch ${entry.n} and stands after batch ${last}.`,
        party: 'exporter',
      });
    last = Math.max(last, entry.n);
  });
  const known = new Set([...context.ledger.anchors.keys(), ...byNumber.keys()]);
  return withGaps(known, pointer, findings).map((n) => {
    const found = byNumber.get(n);
    return new BatchCase(context, n, found?.place ?? `${pointer}/batches`, found?.entry);
  });
}

/** Numbers in order, short gaps filled. A gap beyond reason is one finding: a single header must not cost a list of millions. */
function withGaps(known: ReadonlySet<number>, pointer: string, findings: Findings): number[] {
  const numbers: number[] = [];
  let next = 0;
  for (const n of [...known].sort((a, b) => a - b)) {
    if (n - next > LONGEST_LISTED_GAP) {
      findings.add({
        code: 'NUMBER_MISSING',
        object: `batches ${next} to ${n - 1}`,
        place: `${pointer}/batches`,
        message: 'None of these numbers is anchored, although a later one is.',
        party: 'owner',
      });
      next = n;
    }
    while (next <= n) numbers.push(next++);
  }
  return numbers;
}

function openedChannel(
  view: LedgerView,
  evidence: ChannelEvidence,
  pointer: string,
  findings: Findings,
): { ledger: ChannelLedger; agreement: Agreement } | undefined {
  const refused = (code: FindingCode, message: string, party: Party = 'exporter'): undefined => {
    findings.add({
      code,
      object: `agreement of channel entry ${pointer.split('/').at(-1)}`,
      place: `${pointer}/agreement`,
      message,
      party,
    });
  };
  findings.checked('agreements');
  let agreement;
  try {
    agreement = verifyAgreement(evidence.agreement);
  } catch (error) {
    return refused('BAD_AGREEMENT', messageOf(error));
  }
  const commitment = toBase64Url(agreementCommitment(fromBase64Url(evidence.nonce), evidence.agreement));
  const ledger = view.channels.get(channelIdOf(view.id, commitment));
  if (ledger === undefined) {
    const { brokenAt } = view;
    const where = brokenAt === undefined ? 'on the ledger' : `that was opened before block ${brokenAt}, where the chain is broken,`;
    const party = brokenAt === undefined ? 'exporter' : 'undecided';
    return refused('AGREEMENT_NOT_COMMITTED', `No channel ${where} commits to this agreement with this nonce.`, party);
  }
  const [mismatch] = mismatches(view, ledger, agreement);
  if (mismatch !== undefined)
    return refused('AGREEMENT_MISMATCH', `The channel was opened with another ${mismatch} than the agreement says.`);
  return { ledger, agreement };
}

function mismatches(view: LedgerView, ledger: ChannelLedger, agreement: Agreement): string[] {
  const pairs = {
    ledger: [view.id, agreement.ledger],
    version: [1, agreement.version],
    'owner organisation': [ledger.owner.org, agreement.owner.org],
    'owner key': [ledger.owner.key, agreement.owner.evidenceKey],
    'manufacturer organisation': [ledger.manufacturer.org, agreement.manufacturer.org],
    'manufacturer key': [ledger.manufacturer.key, agreement.manufacturer.evidenceKey],
    'set of parameters': [ledger.params, agreement.params],
  };
  return Object.entries(pairs)
    .filter(([, [onLedger, agreed]]) => !equalBytes(canonicalJson(onLedger), canonicalJson(agreed)))
    .map(([what]) => what);
}
