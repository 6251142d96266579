import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TransactionKind } from '../../src/contract/index.ts';
import type { Json } from '../../src/core/index.ts';
import type { DevNetwork } from '../../src/ledger/index.ts';
import type { Cleaned } from '../../test/support/fabric-network.ts';
import { AnchoredChannel, bytesOf, EPOCH_INTERVALS } from './anchored-channel.ts';

/** Bytes of one transaction, from what the contract is told to what stays on every peer for ever. */
export interface TransactionSizes {
  readonly body: number;
  /** Signed, with endorsements of two organisations, as it goes to the orderer. */
  readonly transaction: number;
  /** Growth of a peer's block file where the transaction is alone in its block. */
  readonly block: number;
  /** Growth of all of a peer's files: block, index, state. */
  readonly peer: number;
}

export interface AnchorSizes extends TransactionSizes {
  readonly streams: number;
  /** The same anchor of a batch with 1 and with 100,000 readings. */
  readonly bodyByReadings: Readonly<Record<string, number>>;
  readonly bar: number;
}

export interface Sizes {
  readonly anchors: readonly AnchorSizes[];
  readonly receipt: TransactionSizes;
  readonly epochRecord: TransactionSizes;
  readonly seedCommitment: TransactionSizes;
  /** GB a peer and channel in a year of intervals of a minute, without receipts of single batches, by streams. */
  readonly yearGb: Readonly<Record<string, number>>;
}

const STREAMS = [1, 3, 10, 64];
const STREAMS_OF_OTHERS = 3;
export const READINGS = [1, 100_000];
/** Sent one after the other, each in a block of its own. */
const EACH = 4;
const INTERVALS_A_YEAR = 365 * 24 * 60;

/** An anchor may have so many bytes, and so many more a stream. */
export const ANCHOR_BAR = { bytes: 1500, bytesAStream: 200 };

export async function measureSizes(t: Cleaned, network: DevNetwork): Promise<Sizes> {
  const anchors: AnchorSizes[] = [];
  let others: Omit<Sizes, 'anchors' | 'yearGb'> | undefined;
  for (const streams of STREAMS) {
    const channel = await AnchoredChannel.open(t, network, streams);
    anchors.push(await anchorSizes(network, channel, streams));
    if (streams === STREAMS_OF_OTHERS) others = await otherSizes(network, channel);
  }
  if (others === undefined) throw new RangeError('No channel for the other transactions.');
  const { epochRecord, seedCommitment } = others;
  const yearGb = Object.fromEntries(
    anchors.map(({ streams, peer }) => {
      const bytes = INTERVALS_A_YEAR * (peer + (epochRecord.peer + seedCommitment.peer) / EPOCH_INTERVALS);
      return [streams, Number((bytes / 1e9).toFixed(1))];
    }),
  );
  return { anchors, ...others, yearGb };
}

async function anchorSizes(network: DevNetwork, channel: AnchoredChannel, streams: number): Promise<AnchorSizes> {
  const ofReadings = await Promise.all(
    READINGS.map(async (readings) => (await channel.batches(EACH, channel.rootOf(readings))).map(({ body }) => body)),
  );
  const bodyByReadings = Object.fromEntries(
    ofReadings.map((bodies, index) => [String(READINGS[index]), Math.max(...bodies.map((body) => bytesOf(body)))]),
  );
  const sizes = await measure(network, channel, 'anchor', ofReadings.flat());
  return { streams, ...sizes, bodyByReadings, bar: ANCHOR_BAR.bytes + ANCHOR_BAR.bytesAStream * streams };
}

async function otherSizes(network: DevNetwork, channel: AnchoredChannel): Promise<Omit<Sizes, 'anchors' | 'yearGb'>> {
  const batches = await channel.batches(EACH);
  for (const { body } of batches) await channel.send('owner', 'anchor', body);
  const receipts = await Promise.all(batches.map(({ receipt }) => receipt()));
  const commitments = await Promise.all(batches.map((_, index) => channel.seedCommitment(index)));
  const last = batches.at(-1);
  if (last === undefined) throw new RangeError('No batch.');
  const record = await channel.epochRecord(last);
  return {
    receipt: await measure(network, channel, 'receipt', receipts),
    seedCommitment: await measure(network, channel, 'seedCommitment', commitments),
    epochRecord: await measure(network, channel, 'epochRecord', [record]),
  };
}

/** Means over transactions of one kind, on the manufacturer's peer where the manufacturer sends them. */
async function measure(
  network: DevNetwork,
  channel: AnchoredChannel,
  kind: TransactionKind,
  bodies: readonly Json[],
): Promise<TransactionSizes> {
  const by = kind === 'receipt' || kind === 'epochRecord' ? 'manufacturer' : 'owner';
  const before = peerBytes(network, by);
  let transaction = 0;
  for (const body of bodies) transaction += await channel.send(by, kind, body);
  const after = peerBytes(network, by);
  const mean = (sum: number): number => Math.round(sum / bodies.length);
  return {
    body: mean(bodies.reduce<number>((sum, body) => sum + bytesOf(body), 0)),
    transaction: mean(transaction),
    block: mean(after.blocks - before.blocks),
    peer: mean(after.all - before.all),
  };
}

function peerBytes(network: DevNetwork, organisation: string): { readonly blocks: number; readonly all: number } {
  const folder = join(network.peerFolder(organisation), 'ledgersData');
  const sizes = (pattern: string): number =>
    globSync(pattern, { cwd: folder }).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  return { blocks: sizes('chains/chains/*/blockfile_*'), all: sizes('**/*.{log,ldb}') + sizes('chains/chains/*/blockfile_*') };
}
