import type { TransactionKind } from '../../src/contract/index.ts';
import { canonicalJson, epochOf, type Json, toBase64Url } from '../../src/core/index.ts';
import { BatchBuilder, type EpochKeys, signSeedCommitment } from '../../src/evidence/index.ts';
import type { DevNetwork, Ledger } from '../../src/ledger/index.ts';
import { ChannelBench } from '../../test/contract/fixture.ts';
import { fabricLedgers } from '../../test/support/fabric-ledgers.ts';
import type { Cleaned } from '../../test/support/fabric-network.ts';
import { evidenceKey, openTestChannel, testBytes } from '../../test/support/ledger-network.ts';

/** Intervals of an epoch and tokens of a slot, as a plant has them. */
export const EPOCH_INTERVALS = 64;
export const CODES_PER_SLOT = 8;

/** Numbers of a channel that has run for years: they stand in every anchor as text. */
const FIRST_INTERVAL = 1_000_000;
const FIRST_NUMBER = 9_000_000;
const LAST_BLOCK = { number: 9_999_999, hash: toBase64Url(testBytes('last block')) };

export interface AnchoredBatch {
  readonly body: Json;
  readonly receipt: () => Promise<Json>;
  readonly n: number;
  readonly headerHash: string;
}

/** Keys of a late epoch are thousands of steps away from the first. */
class LateBench extends ChannelBench {
  readonly #keys = new Map<number, EpochKeys>();

  override keys(interval: number): EpochKeys {
    const epoch = epochOf(this.params, interval);
    const before = this.#keys.get(epoch - 1);
    const keys = this.#keys.get(epoch) ?? (before === undefined ? super.keys(interval) : before.next());
    this.#keys.set(epoch, keys);
    return keys;
  }
}

/** A channel on a Fabric network with a ledger of its own, and anchors as a sender makes them. */
export class AnchoredChannel {
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly #bench: LateBench;
  #batches = 0;
  #records = 0;
  #epochsOpen = 0;

  private constructor(owner: Ledger, manufacturer: Ledger, bench: LateBench) {
    this.owner = owner;
    this.manufacturer = manufacturer;
    this.#bench = bench;
  }

  static async open(t: Cleaned, network: DevNetwork, streams: number): Promise<AnchoredChannel> {
    const ledgers = await fabricLedgers(t, network);
    const params = { streams, epochIntervals: EPOCH_INTERVALS, codesPerSlot: CODES_PER_SLOT, conditionDepth: 7, topDepth: 3 };
    const bench = new LateBench({ genesis: ledgers.genesis, params });
    const [owner, manufacturer] = [await ledgers.open('owner'), await ledgers.open('manufacturer')];
    await openTestChannel(owner, manufacturer, bench.params);
    return new AnchoredChannel(owner, manufacturer, bench);
  }

  /** So many batches with tokens, each of an interval of its own; token sets that are missing go onto the ledger first. */
  async batches(count: number, root: string = treeRoot(this.#bench.params, 0)): Promise<AnchoredBatch[]> {
    await this.#openEpochs(Math.ceil((this.#batches + count) / EPOCH_INTERVALS));
    const batches: AnchoredBatch[] = [];
    while (batches.length < count) batches.push(await this.#batch(this.#batches++, root));
    return batches;
  }

  /** An epoch record as it is signed once an epoch: opens the next epoch's token set, and receipts what came before. */
  async epochRecord(last: AnchoredBatch): Promise<Json> {
    const { n, headerHash: header } = last;
    const receipt = [{ through: n, header, digest: toBase64Url(testBytes('digest')), exceptions: [] }];
    const opens = this.#bench.opens(this.#epoch(this.#epochsOpen++));
    return { record: await this.#bench.record({ k: this.#records++, opens, close: [{ n, header }], receipt }) };
  }

  /** The owner's commitment to the seeds of one of the epochs. */
  async seedCommitment(index: number): Promise<Json> {
    const root = toBase64Url(testBytes(`seeds of epoch ${index}`));
    const content = { v: 0 as const, channel: this.#bench.channel, epoch: this.#epoch(index), root };
    return { commitment: await signSeedCommitment(content, evidenceKey('owner')) };
  }

  /** Root of a batch's tree over so many readings of five tags. */
  rootOf(readings: number): string {
    return treeRoot(this.#bench.params, readings);
  }

  get id(): string {
    return this.#bench.channel;
  }

  async #batch(index: number, root: string): Promise<AnchoredBatch> {
    const codes = Array.from({ length: this.#bench.params.streams }, (_, stream) => (index + stream) % 3);
    const options = { n: FIRST_NUMBER + index, interval: FIRST_INTERVAL + index, codes, header: { lastBlock: LAST_BLOCK, root } };
    const batch = await this.#bench.seal(options);
    const receipt = async () => ({ receipt: await this.#bench.receipt(batch, { lastBlock: LAST_BLOCK }) }) as unknown as Json;
    return { body: batch.anchor as unknown as Json, receipt, n: batch.n, headerHash: batch.headerHash };
  }

  async #openEpochs(count: number): Promise<void> {
    if (count <= this.#epochsOpen) return;
    const epochs = Array.from({ length: count - this.#epochsOpen }, (_, index) => this.#epoch(this.#epochsOpen + index));
    this.#epochsOpen = count;
    const record = await this.#bench.record({ k: this.#records++, opens: this.#bench.opens(...epochs) });
    await this.send('owner', 'epochRecord', { record });
  }

  #epoch(index: number): number {
    return FIRST_INTERVAL / EPOCH_INTERVALS + index;
  }

  async send(by: 'owner' | 'manufacturer', kind: TransactionKind, body: Json): Promise<number> {
    const ledger = by === 'owner' ? this.owner : this.manufacturer;
    const prepared = await ledger.prepare(kind, body);
    await ledger.submit(prepared);
    return prepared.bytes.length;
  }
}

export function bytesOf(body: Json): number {
  return canonicalJson(body).length;
}

function treeRoot(params: ChannelBench['params'], readings: number): string {
  const tags = Array.from({ length: 5 }, (_, tag) => ({ name: `tag ${tag}`, depth: 20, firstSeq: 0 }));
  const builder = new BatchBuilder({ params, seed: testBytes(`seed of ${readings}`), n: FIRST_NUMBER, tags });
  for (let i = 0; i < readings; i++) {
    const timeMs = 1_790_000_000_000 + i;
    builder.accept(i % tags.length, { value: { type: 'Double', value: i / 7 }, status: 0, sourceMs: timeMs, acceptedMs: timeMs });
  }
  const conditions = Array.from({ length: params.streams }, () => [1]);
  const slotKeys = Array.from({ length: params.streams }, (_, stream) => testBytes(`slot ${stream}`));
  const closed = builder.close({ conditions, slotKeys, batchKey: testBytes('batch key'), refused: tags.map(() => 0) });
  return toBase64Url(closed.root);
}
