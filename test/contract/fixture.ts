import assert from 'node:assert/strict';
import {
  channelIdOf,
  type ContractErrorCode,
  type ContractEvent,
  execute,
  type Genesis,
  genesisWrites,
  ledgerIdOf,
  MemoryState,
  type StateReader,
  type TransactionKind,
  TransactionState,
} from '../../src/contract/index.ts';
import {
  type Bytes,
  type ChannelParams,
  type Envelope,
  envelopeHash,
  epochOf,
  fromBase64Url,
  intervalEnd,
  intervalStart,
  type Json,
  RejectedError,
  type Signer,
  toBase64Url,
} from '../../src/core/index.ts';
import {
  anchorBody,
  type AnchorTokens,
  BatchBuilder,
  type BatchHeader,
  batchSalt,
  type ConditionOpening,
  conditionOpeningHash,
  countersignEpochRecord,
  type Delivery,
  EpochKeys,
  type EpochRecord,
  fillerTokens,
  firstPrev,
  NO_TOKENS,
  proposeEpochRecord,
  type Receipt,
  signDelivery,
  signHeader,
  signReceipt,
  tokensDigest,
  TokenSet,
} from '../../src/evidence/index.ts';
import { evidenceKey, TEST_COMMITMENT, TEST_MODULE, testBytes, testChannel, testGenesis, testParams } from '../support/ledger-network.ts';

export const CODES = [0, 1, 2];
export const NOWHERE = { number: 0, hash: toBase64Url(testBytes('block')) };

export function hashOf(envelope: Envelope): string {
  return toBase64Url(envelopeHash(envelope));
}

/** The contract over a state in memory, one transaction after the other. */
export class ContractBench {
  readonly genesis: Genesis;
  readonly ledgerId: string;
  readonly certification = new Map<string, Json>();
  readonly state = new MemoryState(this.certification);
  /** Keys of other contracts' state that transactions read. */
  readonly foreignReads: string[] = [];
  timeMs = Date.UTC(2026, 0, 2);
  /** The ledger's time; the transactions' own where not given. */
  nowMs: number | undefined;

  constructor(changes: Partial<Genesis> = {}) {
    this.genesis = testGenesis(changes);
    this.ledgerId = ledgerIdOf(this.genesis);
    this.state.apply(genesisWrites(this.genesis));
  }

  /** Executes and commits. Fails where the contract reads after it wrote: a Fabric transaction can't see its own writes. */
  async run(creator: string, kind: TransactionKind, body: unknown): Promise<ContractEvent> {
    const state: TransactionState = new TransactionState(this.#watched((): number => state.writes.size));
    const event = await execute(state, this.#context(creator), { kind, body: body as Json });
    this.state.apply(state.writes);
    return event;
  }

  /** Asserts that the transaction is refused with the code and would have written nothing. */
  async refuses(code: ContractErrorCode, creator: string, kind: TransactionKind, body: unknown): Promise<void> {
    const state = new TransactionState(this.state);
    await assert.rejects(execute(state, this.#context(creator), { kind, body: body as Json }), (error) => {
      assert.ok(error instanceof RejectedError, `not a refusal: ${String(error)}`);
      assert.equal(error.code, code, error.message);
      return true;
    });
    assert.equal(state.writes.size, 0, 'a refused transaction wrote');
  }

  #context(creator: string) {
    return { creator, timeMs: this.timeMs, nowMs: this.nowMs ?? this.timeMs, ledgerId: this.ledgerId };
  }

  #watched(written: () => number): StateReader {
    const reading = () => assert.equal(written(), 0, 'the contract reads after it wrote');
    return {
      get: (key) => {
        reading();
        return this.state.get(key);
      },
      foreign: (contract, key) => {
        reading();
        this.foreignReads.push(key);
        return this.state.foreign(contract, key);
      },
    };
  }
}

export interface BatchOptions {
  readonly n: number;
  readonly interval: number;
  readonly row?: number;
  readonly through?: number;
  /** Interval's code of each stream. */
  readonly codes?: readonly number[];
  /** Codes whose tokens are anchored; the same as `codes` for an honest owner. */
  readonly tokenCodes?: readonly number[];
  readonly header?: Partial<BatchHeader>;
  readonly signer?: Signer;
}

export interface SealedBatch {
  readonly n: number;
  readonly header: Envelope;
  readonly headerHash: string;
  readonly tokens: AnchorTokens;
  readonly conditions: ConditionOpening;
  readonly delivery: Envelope;
  readonly kBatch: Bytes;
  /** Body of its anchor. */
  readonly anchor: ReturnType<typeof anchorBody>;
  /** The same header without tokens. */
  readonly bare: ReturnType<typeof anchorBody>;
}

/** A channel on a bench, with what owner and manufacturer know. */
export class ChannelBench extends ContractBench {
  readonly params: ChannelParams;
  readonly channel: string;
  readonly #sets = new Map<number, TokenSet>();

  constructor(changes: { params?: Partial<ChannelParams>; genesis?: Partial<Genesis> } = {}) {
    super(changes.genesis);
    this.params = testParams(changes.params);
    this.channel = channelIdOf(this.ledgerId, TEST_COMMITMENT);
  }

  /** A bench with both keys logged, the channel open and, unless told otherwise, the token sets of epochs 0 and 1. */
  static async open(changes: ConstructorParameters<typeof ChannelBench>[0] & { sets?: readonly number[] } = {}): Promise<ChannelBench> {
    const bench = new ChannelBench(changes);
    await bench.register('owner', evidenceKey('owner'));
    await bench.register('manufacturer', evidenceKey('manufacturer'));
    await bench.run('owner', 'openChannel', (await testChannel(bench.ledgerId, bench.params)).body);
    const sets = changes.sets ?? [0, 1];
    if (sets.length > 0) await bench.run('owner', 'epochRecord', { record: await bench.record({ k: 0, opens: bench.opens(...sets) }) });
    return bench;
  }

  register(organisation: string, key: Signer): Promise<ContractEvent> {
    return this.run(organisation, 'registerKey', { key: toBase64Url(key.publicKey), module: TEST_MODULE, attestation: 'none' });
  }

  keys(interval: number): EpochKeys {
    return EpochKeys.first(testBytes('channel key'), this.params).at(epochOf(this.params, interval));
  }

  set(epoch: number): TokenSet {
    const keys = this.keys(epoch * this.params.epochIntervals);
    const set = this.#sets.get(epoch) ?? TokenSet.build(this.params, keys, () => CODES);
    this.#sets.set(epoch, set);
    return set;
  }

  opens(...epochs: readonly number[]): EpochRecord['opens'] {
    return epochs.map((epoch) => ({ epoch, agreement: 1, root: toBase64Url(this.set(epoch).root) }));
  }

  async record(
    record: Partial<EpochRecord>,
    signers: readonly [Signer, Signer] = [evidenceKey('owner'), evidenceKey('manufacturer')],
  ): Promise<Envelope> {
    const whole = { v: 0 as const, channel: this.channel, k: 0, opens: [], close: [], receipt: [], ...record };
    return countersignEpochRecord(await proposeEpochRecord(whole, signers[0]), signers[1]);
  }

  /** A batch as a sender seals it, without readings and without Argon2: the contract sees neither. */
  async seal({ n, interval, row = 0, through = interval, signer = evidenceKey('owner'), ...options }: BatchOptions): Promise<SealedBatch> {
    const { params } = this;
    const codes = options.codes ?? Array.from({ length: params.streams }, () => (row === 0 ? 1 : -1));
    const keys = this.keys(interval);
    const kBatch = keys.batchKey(interval, row);
    const builder = new BatchBuilder({ params, seed: testBytes(`seed ${n} ${interval}`), n, tags: [] });
    const conditions = codes.map((code) => Array.from({ length: params.publications }, () => code));
    const closed = builder.close({ conditions, slotKeys: keys.slotKeys(interval, row), batchKey: kBatch, refused: [] });
    const set = this.set(epochOf(params, interval));
    const tokens = row > 0 ? fillerTokens(params, kBatch) : set.anchorTokens(interval, options.tokenCodes ?? codes);
    const header = await signHeader(
      { ...this.#header({ n, interval, row, through }, tokens, signer), root: toBase64Url(closed.root), ...options.header },
      signer,
    );
    const delivery = await this.delivery(
      { n, header: hashOf(header), conditions: toBase64Url(conditionOpeningHash(closed.conditions)) },
      signer,
    );
    return {
      n,
      header,
      headerHash: hashOf(header),
      tokens,
      conditions: closed.conditions,
      delivery,
      kBatch,
      anchor: anchorBody(header, tokens),
      bare: anchorBody(header, NO_TOKENS),
    };
  }

  /** Seals and anchors. */
  async anchored(options: BatchOptions): Promise<SealedBatch> {
    const batch = await this.seal(options);
    await this.run('owner', 'anchor', batch.anchor);
    return batch;
  }

  delivery(
    delivery: Pick<Delivery, 'n' | 'header' | 'conditions'> & Partial<Delivery>,
    signer: Signer = evidenceKey('owner'),
  ): Promise<Envelope> {
    return signDelivery({ v: 0, channel: this.channel, recipient: evidenceKey('manufacturer').keyId, raw: [], ...delivery }, signer);
  }

  receipt(batch: SealedBatch, changes: Partial<Receipt> = {}, signer: Signer = evidenceKey('manufacturer')): Promise<Envelope> {
    const whole = {
      v: 0 as const,
      channel: this.channel,
      n: batch.n,
      header: batch.headerHash,
      delivery: hashOf(batch.delivery),
      lastBlock: NOWHERE,
    };
    return signReceipt({ ...whole, ...changes }, signer);
  }

  #header(
    { n, interval, row, through }: Required<Pick<BatchOptions, 'n' | 'interval' | 'row' | 'through'>>,
    tokens: AnchorTokens,
    signer: Signer,
  ): BatchHeader {
    const { params, channel } = this;
    const fromMs = intervalStart(params, interval);
    return {
      v: 0,
      channel,
      agreement: 1,
      n,
      interval,
      through,
      row,
      fromMs,
      toMs: row === 0 ? intervalEnd(params, through) : fromMs + row * params.callGridMs,
      prev: n === 0 ? firstPrev(channel) : toBase64Url(testBytes(`header ${n - 1}`)),
      root: '',
      h: toBase64Url(testBytes(`h ${n}`)),
      salt: toBase64Url(batchSalt(channel, n)),
      argon2: params.argon2Profile,
      tokensDigest: toBase64Url(tokensDigest(tokens)),
      policy: toBase64Url(testBytes('policy')),
      module: TEST_MODULE,
      certification: 'none',
      key: signer.keyId,
      lastBlock: NOWHERE,
    };
  }
}

/** The text with its last character's first bit changed: still base64url where the length leaves room. */
export function otherHash(hash: string): string {
  const bytes = fromBase64Url(hash);
  bytes[0] = bytes[0]! ^ 1;
  return toBase64Url(bytes);
}
