import type { BlockKind } from './ledger-blocks.ts';
import { type Check, CHECKS, type Finding, type Party } from './findings.ts';
import type { Acknowledgement, Verdict, VerdictMark } from './verdict.ts';

/** What vouches for a condition. `claimed`: the owner's signature alone, until spot checks, proofs or attestation are there. */
export type Voucher = 'claimed';

export type LedgerKind = BlockKind | `${BlockKind} test network`;

export interface BatchReport {
  readonly channel: string;
  readonly n: number;
  /** Of its header; absent for a MISSING batch. */
  readonly interval?: number;
  readonly through?: number;
  readonly row?: number;
  readonly verdict: Verdict;
  /** Verdict and marks, by which batches are counted. */
  readonly label: string;
  readonly marks: readonly VerdictMark[];
  /** Whom a DISPUTED batch's findings convict; who missed the deadline of a LATE one. */
  readonly parties: readonly Party[];
  /** What an UNVERIFIABLE batch lacks. */
  readonly lacking: readonly string[];
  readonly acknowledgedBy: Acknowledgement;
  readonly vouchedBy: Voucher;
  readonly ledger: LedgerKind;
}

export interface StreamCount {
  readonly stream: number;
  readonly name: string;
  /** English text of each code that was counted, as the agreement has it. */
  readonly texts: Readonly<Record<string, string>>;
  /** Opened condition records of grid batches, by code. */
  readonly codes: Readonly<Record<string, number>>;
}

export interface GapReport {
  readonly n: number;
  readonly interval: number;
  readonly through: number;
  readonly reason: string;
  /** Batches whose readings or delivery are lost, both included, where the record names them. */
  readonly lost?: { readonly fromBatch: number; readonly toBatch: number };
  /** Bounds of the batch, ms since 1970 UTC. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ChannelReport {
  readonly channel: string;
  readonly owner: string;
  readonly manufacturer: string;
  readonly purpose: string;
  readonly batches: readonly BatchReport[];
  readonly conditions: readonly StreamCount[];
  /** Batches whose gap record says that something is lost. */
  readonly gaps: readonly GapReport[];
  /** First and last instant that the anchored batches cover, ms since 1970 UTC; absent without batches. */
  readonly covered?: { readonly fromMs: number; readonly toMs: number };
}

export interface LedgerReport {
  readonly id: string;
  /** True where the auditor gave the id to expect; without it a wholly invented ledger looks the same. */
  readonly idExpected: boolean;
  readonly name: string;
  readonly kind: LedgerKind;
  /** Last block in the export: what came after it cannot be told from the file. */
  readonly lastBlock: { readonly number: number; readonly hash: string; readonly timeMs: number };
  readonly transactions: number;
  /** Highest block that a signature of an owner or a manufacturer names: up to it, the chain cannot have been rewritten by the other. */
  readonly seenByOwner?: number;
  readonly seenByManufacturer?: number;
  /** Channels on the ledger that the export says nothing about. */
  readonly otherChannels: number;
}

export interface AuditReport {
  /** True only if there is a batch, every batch is PROVEN without a mark, and nothing was found. */
  readonly passed: boolean;
  /** Absent where the blocks could not be replayed. */
  readonly ledger?: LedgerReport;
  readonly channels: readonly ChannelReport[];
  /** Batches by label. */
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** How many times each check was made. */
  readonly checks: Readonly<Partial<Record<Check, number>>>;
}

/** Puts the parts together and decides whether the export passed. */
export function reportOf(parts: Omit<AuditReport, 'passed' | 'counts'>): AuditReport {
  const labels = parts.channels.flatMap(({ batches }) => batches.map(({ label }) => label));
  const counts: Record<string, number> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const proven = labels.length > 0 && labels.every((label) => label === 'PROVEN');
  return { passed: proven && parts.findings.length === 0, ...parts, counts };
}

/** Most findings and batches that the text lists one by one. */
const MOST_LISTED = 50;

/** The report as lines for a terminal: what was checked, what was found, and what is not shown by it. */
export function formatReport(report: AuditReport): string[] {
  return [
    ...(report.ledger === undefined ? ['Ledger: not readable, see the findings.'] : ledgerLines(report.ledger)),
    ...report.channels.flatMap(channelLines),
    '',
    'Checked:',
    ...checkLines(report.checks),
    '',
    'Verdicts:',
    ...Object.entries(report.counts).map(([label, count]) => `  ${String(count).padStart(7)}  ${label}`),
    ...listed(report.channels.flatMap(({ batches }) => batchLines(batches.filter(({ label }) => label !== 'PROVEN')))),
    '',
    ...findingLines(report.findings),
    '',
    ...notShown(report),
    '',
    report.passed ? 'Result: PROVEN, nothing found.' : 'Result: not proven as a whole, see verdicts and findings.',
  ];
}

/** What concerns Fabric alone is told only there. */
const FABRIC_CHECKS: ReadonlySet<string> = new Set<Check>(['orderers', 'endorsements', 'passedOver']);

function checkLines(checks: AuditReport['checks']): string[] {
  const told = Object.entries(CHECKS).filter(([check]) => checks[check as Check] !== undefined || !FABRIC_CHECKS.has(check));
  return told.map(([check, words]) => `  ${String(checks[check as Check] ?? 0).padStart(7)}  ${words}`);
}

function ledgerLines(ledger: LedgerReport): string[] {
  const { number, hash, timeMs } = ledger.lastBlock;
  const seen = (block: number | undefined) => (block === undefined ? 'none' : `block ${block}`);
  return [
    `Ledger "${ledger.name}" (${ledger.kind.replace('fabric', 'Fabric')}), id ${ledger.id}`,
    `  covered up to block ${number} of ${instant(timeMs)}, hash ${hash}; ${ledger.transactions} transactions`,
    `  last block named under a signature: ${seen(ledger.seenByOwner)} by an owner, ${seen(ledger.seenByManufacturer)} by a manufacturer`,
    ...(ledger.otherChannels > 0 ? [`  ${ledger.otherChannels} other channel(s) on this ledger, which this export does not open`] : []),
  ];
}

function channelLines(channel: ChannelReport): string[] {
  const { covered } = channel;
  const span = covered === undefined ? 'nothing' : `${instant(covered.fromMs)} to ${instant(covered.toMs)}`;
  return [
    '',
    `Channel ${channel.channel}`,
    `  from ${channel.owner} to ${channel.manufacturer}: ${channel.purpose}`,
    `  ${channel.batches.length} batches, covering ${span}`,
    ...listed(channel.gaps.map(gapLine)),
    ...channel.conditions.map(({ name, codes, texts }) => `  conditions of "${name}": ${codesText(codes, texts)}`),
  ];
}

function gapLine({ n, interval, through, reason, lost, fromMs, toMs }: GapReport): string {
  const intervals = interval === through ? `interval ${interval}` : `intervals ${interval} to ${through}`;
  const batches =
    lost === undefined ? '' : ` of ${lost.fromBatch === lost.toBatch ? 'batch' : `batches ${lost.fromBatch} to`} ${lost.toBatch}`;
  return `  gap by the owner's own record: batch ${n}, ${intervals}, ${instant(fromMs)} to ${instant(toMs)}: ${reason}${batches}`;
}

function codesText(codes: StreamCount['codes'], texts: StreamCount['texts']): string {
  const entries = Object.entries(codes).sort(([a], [b]) => Number(a) - Number(b));
  return entries.length === 0 ? 'none opened' : entries.map(([code, count]) => `${code} "${texts[code] ?? ''}" × ${count}`).join(', ');
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly verdict: string;
}

/** A line for each batch; for those in a row of which the ledger shows the same nothing, one. */
function batchLines(batches: readonly BatchReport[]): string[] {
  const runs: Run[] = [];
  for (const batch of batches) {
    const { n } = batch;
    const [last, verdict] = [runs.at(-1), verdictOf(batch)];
    if (last?.to === n - 1 && last.verdict === verdict) runs[runs.length - 1] = { ...last, to: n };
    else runs.push({ from: n, to: n, verdict });
  }
  return runs.map(({ from, to, verdict }) => `           ${from === to ? `batch ${from}` : `batches ${from} to ${to}`} ${verdict}`);
}

function verdictOf(batch: BatchReport): string {
  const { label, parties, lacking } = batch;
  const because = [...parties.map((party) => `party: ${party}`), ...lacking.map((what) => `lacking: ${what}`)].join('; ');
  return `(${whereOf(batch)}): ${label}${because === '' ? '' : ` (${because})`}`;
}

/** Of a batch that is not MISSING and has no interval, the part of the ledger that would show it does not count. */
function whereOf({ interval, row, verdict }: BatchReport): string {
  if (interval === undefined) return verdict === 'MISSING' ? 'not on the ledger' : 'not judged';
  return `interval ${interval}${row === 0 ? '' : `, call ${row}`}`;
}

function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['Findings: none.'];
  return [
    `Findings: ${findings.length}`,
    ...listed(
      findings.map(
        ({ code, object, message, party, place }) => `  ${code} in ${object}: ${message} [${party}; at ${place === '' ? '/' : place}]`,
      ),
    ),
  ];
}

function listed(lines: readonly string[]): string[] {
  const more = lines.length - MOST_LISTED;
  return more > 0 ? [...lines.slice(0, MOST_LISTED), `  … and ${more} more`] : [...lines];
}

function notShown({ ledger }: AuditReport): string[] {
  return [
    'Not shown by this:',
    ...(ledger?.idExpected === false
      ? ['  The ledger id was compared with nothing: a wholly invented ledger would look the same. Give the id you know by --ledger.']
      : []),
    '  Consistent is not true: that a condition follows from real values is claimed by the owner, and checked by nobody here.',
    '  Data that were never fed in, a sensor that lies, and whatever came after the last block.',
    `  ${WHOSE_TIME[ledger === undefined || isEmbedded(ledger.kind) ? 'embedded' : 'fabric']}`,
    '  Who wrote the file is not known: nothing in it is signed as a whole.',
    ...(ledger === undefined || ledger.kind.endsWith('test network')
      ? ['  The ledger is a test network: nothing of value may hang on it.']
      : []),
  ];
}

function isEmbedded(kind: LedgerKind): boolean {
  return kind === 'embedded' || kind === 'embedded test network';
}

const WHOSE_TIME: Readonly<Record<BlockKind, string>> = {
  embedded: "Block times are the ledger host's word.",
  fabric: "Block times are those of transactions, which two members' peers have compared with their clocks when they endorsed.",
};

/** Latest instant that ISO 8601 text is made for: a block may claim any time. */
const LATEST_MS = 8.64e15;

function instant(timeMs: number): string {
  return timeMs > LATEST_MS ? `${timeMs} ms` : new Date(timeMs).toISOString();
}
