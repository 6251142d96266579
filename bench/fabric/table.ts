import type { Intervals } from './intervals.ts';
import { BAR_MULTIPLE, type Throughput } from './levels.ts';
import { ANCHOR_BAR, type AnchorSizes, READINGS, type Sizes, type TransactionSizes } from './sizes.ts';
import type { LevelFigures, Spread } from './throughput.ts';

export interface BlockSettings {
  /** A block is cut so long after its first transaction at the latest. */
  readonly timeout: string;
  /** Or with so many. */
  readonly transactions: string;
}

interface Measured {
  readonly bench: 'fabric';
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly rounds: number;
  readonly organisations: readonly string[];
  readonly blocks: BlockSettings;
  readonly streams: number;
  readonly throughput: Throughput;
  readonly sizes: Sizes;
  readonly intervals: Intervals;
  /** Processes that wanted a processor in the last minute, those of the bench included. */
  readonly load: number;
}

export interface Barred {
  readonly what: string;
  readonly holds: boolean;
}

export type FabricResult = Measured & { readonly bars: readonly Barred[] };

export function barsOf({ throughput, sizes, intervals }: Measured): Barred[] {
  const { compared, sealed, ownerSent } = intervals;
  return [
    { what: `at 32 in flight ${BAR_MULTIPLE} times the rate at 1, or more`, holds: throughput.multiple >= BAR_MULTIPLE },
    {
      what: `an anchor of ${ANCHOR_BAR.bytes} bytes at most, and ${ANCHOR_BAR.bytesAStream} a stream`,
      holds: sizes.anchors.every(({ body, bar }) => body <= bar),
    },
    {
      what: `an anchor as long for ${READINGS.join(' as for ')} readings`,
      holds: sizes.anchors.every(({ bodyByReadings }) => new Set(Object.values(bodyByReadings)).size === 1),
    },
    {
      what: 'one transaction by the owner an interval, however many readings',
      holds: compared.length === 2 && compared.every(({ transactions }) => transactions === 1) && ownerSent['anchor'] === sealed,
    },
  ];
}

const number = (value: number): string => value.toLocaleString('en');

export function tableOf(result: FabricResult): string[] {
  const { machine, rounds, organisations, blocks, load } = result;
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; median of ${rounds} rounds; load at the end ${load.toFixed(1)}`,
    `Network and client on this machine: one orderer, a peer each for ${organisations.join(', ')}; endorsed by two`,
    `Blocks are cut ${blocks.timeout} after their first transaction, or with ${blocks.transactions} transactions`,
    '',
    ...throughputTable(result),
    '',
    ...sizesTable(result.sizes),
    '',
    ...intervalsTable(result.intervals),
    '',
    'Bars',
    ...result.bars.map(({ what, holds }) => `  ${holds ? 'held  ' : 'MISSED'}  ${what}`),
  ];
}

function throughputTable({ streams, throughput }: FabricResult): string[] {
  const spread = ({ p50, p95 }: Spread): string => `${p50} / ${p95}`.padStart(15);
  const row = ({ inFlight, transactionsPerSecond, wholeMs, endorseMs, commitMs }: LevelFigures): string =>
    `  ${String(inFlight).padStart(9)}${String(transactionsPerSecond).padStart(14)}${RECORDS.map((each) => number(Math.round(each * transactionsPerSecond)).padStart(14)).join('')}${spread(wholeMs)}${spread(endorseMs)}${spread(commitMs)}`;
  const heads = ['transactions', ...RECORDS.map((each) => `records (${each})`)].map((head) => head.padStart(14));
  return [
    `Anchors of ${streams} streams; a second, and p50 / p95 in ms. Records: readings a second that are anchored at so many an interval`,
    `  in flight${heads.join('')}${['whole', 'endorse', 'commit'].map((head) => head.padStart(15)).join('')}`,
    ...throughput.levels.map(row),
    `  32 in flight: ${throughput.multiple} times the rate at 1`,
  ];
}

/** Readings of an interval for which anchored records are told. */
const RECORDS = [100, 10_000];

function sizesTable({ anchors, receipt, epochRecord, seedCommitment, yearGb }: Sizes): string[] {
  const row = (name: string, { body, transaction, block, peer }: TransactionSizes, note = ''): string =>
    `  ${name.padEnd(24)}${[body, transaction, block, peer].map((value) => number(value).padStart(13)).join('')}  ${note}`.trimEnd();
  const anchor = (sizes: AnchorSizes): string =>
    row(
      `anchor, ${sizes.streams} stream(s)`,
      sizes,
      `body at most ${number(sizes.bar)}; a year at 1 min: ${yearGb[sizes.streams] ?? 0} GB`,
    );
  return [
    'Bytes of one transaction, alone in its block',
    `  ${''.padEnd(24)}${['body', 'transaction', 'in a block', 'peer, in all'].map((head) => head.padStart(13)).join('')}`,
    ...anchors.map(anchor),
    row('receipt', receipt),
    row('epoch record', epochRecord),
    row('seed commitment', seedCommitment),
  ];
}

function intervalsTable({ intervalMs, compared, sealed, ownerSent }: Intervals): string[] {
  const kinds = Object.entries(ownerSent).map(([kind, count]) => `${count} ${kind}`);
  return [
    `Both modules at intervals of ${intervalMs / 1000} s`,
    ...compared.map(({ readings, transactions }) => `  interval with ${number(readings)} readings: ${transactions} transaction(s)`),
    `  the owner sent in ${sealed} intervals: ${kinds.join(', ')}`,
  ];
}
