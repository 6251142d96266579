import * as v from 'valibot';
import type { AgreedStream } from '../agreement/index.ts';
import { type Argon2, canonicalJson, DcmbError, type Envelope, equalBytes, RESERVED_CONDITIONS, unverifiedContent } from '../core/index.ts';
import { intervalCodes } from '../evidence/index.ts';
import { auditChannel, type AuditedChannel } from './channel-audit.ts';
import type { BatchCase } from './batch-case.ts';
import { type AuditExport, contentsOf, exportDigest } from './export-format.ts';
import { Findings } from './findings.ts';
import { type LedgerView, viewLedger } from './ledger-view.ts';
import {
  type AuditReport,
  type BatchReport,
  type ChannelReport,
  type GapReport,
  type LedgerKind,
  type LedgerReport,
  reportOf,
  type StreamCount,
} from './report.ts';

export interface AuditOptions {
  readonly argon2: Argon2;
  /** What the auditor knows of the network from elsewhere. Without it the file says itself which ledger it is about. */
  readonly expectedLedgerId?: string;
  /** A block that the auditor knows from elsewhere: shows whether the chain was cut off before it or rewritten. */
  readonly knownBlock?: { readonly number: number; readonly hash: string };
}

/**
 * Verifies a whole export, offline, trusting neither party nor whoever wrote the file. Never throws for what the file
 * says: everything found stands in the report.
 */
export async function verifyExport(exported: AuditExport, options: AuditOptions): Promise<AuditReport> {
  const findings = new Findings();
  checkFile(exported, findings);
  const view = await viewLedger(exported.ledger, findings, ledgersAskedFor(exported, options));
  if (view === undefined) return reportOf({ channels: [], findings: findings.list, checks: findings.checks });
  checkExpectations(view, options, findings);
  const channels = await auditChannels(view, exported, options.argon2, findings);
  for (const { batches } of channels) for (const batch of batches) findings.append(batch.findings);
  const unopened = view.brokenAt !== undefined && channels.length < exported.channels.length;
  if (!unopened && channels.every(({ batches }) => batches.length === 0)) {
    findings.add({
      code: 'NO_BATCH',
      object: 'export',
      place: '/channels',
      message: 'It has no batch of any channel, so nothing is proven by it.',
      party: 'exporter',
    });
  }
  return reportOf({
    ledger: ledgerReport(view, channels, options.expectedLedgerId !== undefined),
    channels: channels.map((channel) => channelReport(view, channel)),
    findings: findings.list,
    checks: findings.checks,
  });
}

function checkFile(exported: AuditExport, findings: Findings): void {
  if (exported.digest !== exportDigest(exported)) {
    findings.add({
      code: 'DIGEST_MISMATCH',
      object: 'export',
      place: '/digest',
      message: 'The digest is not that of the file: it was changed after it was written.',
      party: 'exporter',
    });
  }
  const actual = contentsOf(exported.ledger.blocks, exported.channels);
  if (equalBytes(canonicalJson(actual), canonicalJson(exported.contents))) return;
  const wrong = Object.entries(actual).filter(([name, value]) => exported.contents[name as keyof typeof actual] !== value);
  const message = `The file holds another ${wrong.map(([name]) => name).join(', ')} than its list of contents says.`;
  findings.add({ code: 'CONTENTS_MISMATCH', object: 'export, contents', place: '/contents', message, party: 'exporter' });
}

function checkExpectations(view: LedgerView, { expectedLedgerId, knownBlock }: AuditOptions, findings: Findings): void {
  if (expectedLedgerId !== undefined && expectedLedgerId !== view.id) {
    findings.add({
      code: 'FOREIGN_LEDGER',
      object: 'ledger',
      place: '/ledger/blocks/0',
      message: `It is ledger ${view.id}, expected ledger ${expectedLedgerId}.`,
      party: 'exporter',
    });
  }
  if (knownBlock === undefined) return;
  const { number, hash } = knownBlock;
  const found = view.hashes[number];
  const place = `/ledger/blocks/${Math.min(number, view.last.number)}`;
  findings.checked('blockReferences');
  if (found === undefined) {
    findings.add({
      code: 'BLOCK_NOT_SEEN',
      object: `block ${number}`,
      place,
      message: `The auditor knows it; the sound part of the export ends at block ${view.last.number}.`,
      party: 'exporter',
    });
  } else if (found !== hash) {
    findings.add({
      code: 'BLOCK_CONTRADICTED',
      object: `block ${number}`,
      place,
      message: 'The auditor knows another block of this number.',
      party: 'ledger',
    });
  }
}

async function auditChannels(view: LedgerView, exported: AuditExport, argon2: Argon2, findings: Findings): Promise<AuditedChannel[]> {
  const audited = new Map<string, AuditedChannel>();
  for (const [index, evidence] of exported.channels.entries()) {
    const channel = await auditChannel(view, evidence, `/channels/${index}`, argon2, findings);
    if (channel === undefined) continue;
    const { id } = channel.context.ledger;
    if (audited.has(id)) {
      findings.add({
        code: 'CHANNEL_TWICE',
        object: `channel entry ${index}`,
        place: `/channels/${index}`,
        message: `Channel ${id} stands in the export before.`,
        party: 'exporter',
      });
    } else audited.set(id, channel);
  }
  if (exported.channels.length === 0) {
    findings.add({ code: 'NO_CHANNEL', object: 'export', place: '/channels', message: 'It opens no channel.', party: 'exporter' });
  }
  return [...audited.values()];
}

/** The ledger that the auditor expects, then those that the agreements name. */
function ledgersAskedFor({ channels }: AuditExport, { expectedLedgerId }: AuditOptions): string[] {
  const named = channels.flatMap(({ agreement }) => ledgerNamedBy(agreement) ?? []);
  return expectedLedgerId === undefined ? named : [expectedLedgerId, ...named];
}

const NamesLedger = v.looseObject({ ledger: v.string() });

function ledgerNamedBy(agreement: Envelope): string | undefined {
  try {
    return unverifiedContent(agreement, NamesLedger, 'agreement').ledger;
  } catch (error) {
    if (error instanceof DcmbError) return undefined;
    throw error;
  }
}

function kindOf({ kind, genesis }: LedgerView): LedgerKind {
  return genesis.testNetwork ? `${kind} test network` : kind;
}

function ledgerReport(view: LedgerView, channels: readonly AuditedChannel[], idExpected: boolean): LedgerReport {
  return {
    id: view.id,
    idExpected,
    name: view.genesis.name,
    kind: kindOf(view),
    lastBlock: view.last,
    transactions: view.transactions,
    ...highestSeen(view, channels),
    otherChannels: view.channels.size - channels.length,
  };
}

/** How far the chain is fixed by what each side has signed. Only references that fit the chain count. */
function highestSeen(view: LedgerView, channels: readonly AuditedChannel[]): Pick<LedgerReport, 'seenByOwner' | 'seenByManufacturer'> {
  const cases = channels.flatMap(({ batches }) => batches);
  const highest = (references: readonly ({ number: number; hash: string } | undefined)[]) =>
    references.reduce(
      (most, seen) => (seen !== undefined && view.hashes[seen.number] === seen.hash ? Math.max(most, seen.number) : most),
      -1,
    );
  const owner = highest(cases.map(({ anchored }) => anchored?.header.lastBlock));
  const manufacturer = highest(cases.flatMap(({ receiptBlocks }) => receiptBlocks));
  return { ...(owner < 0 ? {} : { seenByOwner: owner }), ...(manufacturer < 0 ? {} : { seenByManufacturer: manufacturer }) };
}

function channelReport(view: LedgerView, { context, batches }: AuditedChannel): ChannelReport {
  const { agreement, ledger } = context;
  const headers = [...ledger.anchors.values()].map(({ header }) => header);
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER);
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  const covered =
    headers.length === 0 ? {} : { covered: { fromMs: least(headers.map((h) => h.fromMs)), toMs: most(headers.map((h) => h.toMs)) } };
  return {
    channel: ledger.id,
    owner: agreement.owner.name,
    manufacturer: agreement.manufacturer.name,
    purpose: agreement.purpose,
    batches: batches.map((batch) => batchReport(view, batch)),
    gaps: gapsOf(batches),
    conditions: agreement.streams.map((agreed, stream) => streamCount(batches, stream, agreed)),
    ...covered,
  };
}

function batchReport(view: LedgerView, { n, anchored, judgement, context }: BatchCase): BatchReport {
  const place =
    anchored === undefined ? {} : { interval: anchored.header.interval, through: anchored.header.through, row: anchored.header.row };
  const { verdict, label, marks, parties, lacking, acknowledgement } = judgement;
  const judged = { verdict, label, marks, parties, lacking, acknowledgedBy: acknowledgement };
  return { channel: context.ledger.id, n, ...place, ...judged, vouchedBy: 'claimed', ledger: kindOf(view) };
}

/** A called batch shows no condition, so it counts none. */
function streamCount(batches: readonly BatchCase[], stream: number, { name, conditions }: AgreedStream): StreamCount {
  const codes: Record<string, number> = {};
  for (const { verified, anchored, context } of batches) {
    if (verified === undefined || anchored?.header.row !== 0) continue;
    const code = intervalCodes(context.ledger.params, verified.statement)[stream];
    if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1;
  }
  const reserved = RESERVED_CONDITIONS.map(({ code, text }): [number, string] => [code, text.en]);
  const known = new Map([...reserved, ...conditions.map(({ code, text }): [number, string] => [code, text.en])]);
  const texts = Object.fromEntries(Object.keys(codes).map((code) => [code, known.get(Number(code)) ?? '']));
  return { stream, name, texts, codes };
}

function gapsOf(batches: readonly BatchCase[]): GapReport[] {
  return batches.flatMap(({ n, verified, anchored }) => {
    if (verified === undefined || anchored === undefined || verified.statement.gap.reason === 'none') return [];
    const { interval, through, fromMs, toMs } = anchored.header;
    const { reason, fromBatch, toBatch } = verified.statement.gap;
    return [{ n, interval, through, reason, fromMs, toMs, ...(reason === 'dropped' ? { lost: { fromBatch, toBatch } } : {}) }];
  });
}
