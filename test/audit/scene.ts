import { type Agreement, agreementCommitment, signAgreement } from '../../src/agreement/index.ts';
import {
  type AuditExport,
  type AuditReport,
  type BatchEvidence,
  type ExportParts,
  parseExport,
  verifyExport,
  writeExport,
} from '../../src/audit/index.ts';
import { channelIdOf, signChannelDocument, type TransactionKind } from '../../src/contract/index.ts';
import {
  type Bytes,
  type ChannelParams,
  type Envelope,
  envelopeHash,
  epochOf,
  intervalEnd,
  intervalStart,
  type Json,
  publicKeyOfX25519,
  RESERVED_CODES,
  type Signer,
  toBase64Url,
} from '../../src/core/index.ts';
import {
  type AnchorTokens,
  BatchBuilder,
  type BatchHeader,
  batchSalt,
  type ClosedBatch,
  computeH,
  conditionOpeningHash,
  countersignEpochRecord,
  type CumulativeReceipt,
  type Delivery,
  EpochKeys,
  type EpochRecord,
  extendReceipt,
  fillerTokens,
  firstPrev,
  type GapRecord,
  NO_TOKENS,
  proposeEpochRecord,
  type Receipt,
  sealDeposit,
  SeedRatchet,
  SeedTree,
  signDelivery,
  signHeader,
  signReceipt,
  signSeedCommitment,
  tokensDigest,
  TokenSet,
  anchorBody,
} from '../../src/evidence/index.ts';
import { systemArgon2 } from '../../src/platform/index.ts';
import { evidenceKey, type OrganisationName, TEST_MODULE, testBytes, testParams } from '../support/ledger-network.ts';
import { TestChain } from './chain.ts';

/** One batch of a scene: what an honest owner would do, and what this one does instead. */
export interface BatchPlan {
  readonly interval: number;
  /** 0 unless given. */
  readonly row?: number;
  readonly through?: number;
  /** Code of each stream; NONE for a call. */
  readonly codes?: readonly number[];
  /** How the receiver shows that it has the batch; a receipt in the export unless given. */
  readonly acknowledged?: 'receipt' | 'on the ledger' | 'in the epoch record' | 'deposit' | 'expired' | 'not';
  /** Anchored before the epoch's set is on the ledger. */
  readonly bare?: true;
  /** The owner puts a batch key of its own making into the record, seals the deposit under it, and proves nothing. */
  readonly madeUpKey?: true;

  /** Codes whose tokens are anchored. */
  readonly tokenCodes?: readonly number[];
  /** Codes that H is computed over. */
  readonly hashCodes?: readonly number[];
  /** Number that the header names, and the later ones go on from. */
  readonly number?: number;
  readonly header?: Partial<BatchHeader>;
  readonly delivery?: Partial<Delivery>;
  readonly receipt?: Partial<Receipt>;
  readonly receiptSigner?: Signer;
  /** ms after the grid point; 20 unless given. */
  readonly anchoredAfterMs?: number;
  readonly neverAnchored?: true;
  /** What the gap record says. */
  readonly gap?: Partial<Pick<GapRecord, 'reason' | 'fromBatch' | 'toBatch'>>;
  /** The receiver has seen another header under this number. */
  readonly forkedTo?: Partial<BatchHeader>;
}

/** What a scene needs of a ledger. */
export interface SceneChain {
  readonly ledgerId: string;
  readonly last: { readonly number: number; readonly hash: string };
  readonly blocks: readonly unknown[];
  /** @param blockMs where the ledger's time is another than the transaction's; on the embedded ledger alone */
  commit(creator: OrganisationName, kind: TransactionKind, body: unknown, timeMs: number, blockMs?: number): Promise<void>;
}

export interface SceneOptions {
  /** An embedded one of its own unless given. */
  readonly chain?: SceneChain;
  readonly params?: Partial<ChannelParams>;
  /** Epochs whose seeds are committed to ahead; 0 to 2 unless given. */
  readonly seeds?: readonly number[];
  /** Epochs whose token sets the first epoch record opens; 0 to 2 unless given. */
  readonly sets?: readonly number[];
  /** End of the agreement; a day after the first interval unless given. */
  readonly notAfterMs?: number;
}

interface Made {
  readonly plan: BatchPlan;
  readonly header: BatchHeader;
  readonly envelope: Envelope;
  readonly closed: ClosedBatch;
  readonly batchKey: Bytes;
  readonly delivery: Envelope;
  readonly tokens: AnchorTokens;
}

export const STREAM_CODES = [0, 1, 2];
const RAW_TAG_HASH = toBase64Url(testBytes('raw openings'));

/** Owner and manufacturer, their ledger, and everything that they do with it, the same in every run. */
export class Scene {
  readonly chain: SceneChain;
  readonly params: ChannelParams;
  readonly nonce = testBytes('agreement nonce');
  readonly entries: BatchEvidence[] = [];
  readonly headers: BatchHeader[] = [];
  #channel = '';
  #agreement: Envelope | undefined;
  #document: Envelope | undefined;
  #previous: Made | undefined;
  #cumulative: CumulativeReceipt | undefined;
  #records = 0;
  readonly #notAfterMs: number;
  readonly #waiting: Made[] = [];
  readonly #made = new Map<number, Made>();
  readonly #sets = new Map<number, TokenSet>();

  private constructor(options: SceneOptions) {
    this.params = testParams({ epochIntervals: 4, receiptWithinMs: 60_000, ...options.params });
    this.chain = options.chain ?? new TestChain();
    this.#notAfterMs = options.notAfterMs ?? this.params.originMs + 86_400_000;
  }

  /** A scene with the channel open, seeds committed to and token sets on the ledger. */
  static async open(options: SceneOptions = {}): Promise<Scene> {
    const scene = new Scene(options);
    await scene.#openChannel();
    for (const epoch of options.seeds ?? [0, 1, 2]) await scene.commitSeeds(epoch);
    await scene.record({ opens: scene.opens(...(options.sets ?? [0, 1, 2])) });
    return scene;
  }

  get channel(): string {
    return this.#channel;
  }

  /** Opens the channel; signed by both. */
  get document(): Envelope {
    return this.#document!;
  }

  get #startMs(): number {
    return this.params.originMs - 1000;
  }

  async #openChannel(): Promise<void> {
    const agreement = this.#terms();
    this.#agreement = await signAgreement(agreement, evidenceKey('owner'), evidenceKey('manufacturer'));
    const commitment = toBase64Url(agreementCommitment(this.nonce, this.#agreement));
    this.#channel = channelIdOf(this.chain.ledgerId, commitment);
    for (const organisation of ['owner', 'manufacturer'] as const) {
      const key = toBase64Url(evidenceKey(organisation).publicKey);
      await this.chain.commit(organisation, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' }, this.#startMs);
    }
    const party = (org: 'owner' | 'manufacturer') => ({ org, key: agreement[org].evidenceKey });
    const content = {
      v: 0 as const,
      ledger: this.chain.ledgerId,
      commitment,
      params: this.params,
      owner: party('owner'),
      manufacturer: party('manufacturer'),
    };
    const document = await signChannelDocument(content, evidenceKey('owner'), evidenceKey('manufacturer'));
    this.#document = document;
    await this.chain.commit('owner', 'openChannel', { document }, this.#startMs);
  }

  #terms(): Agreement {
    const party = (org: 'owner' | 'manufacturer') => ({
      org,
      name: `The ${org}`,
      evidenceKey: toBase64Url(evidenceKey(org).publicKey),
      exchangeKey: toBase64Url(publicKeyOfX25519(testBytes(`exchange ${org}`))),
      applicationUri: `urn:${org}`,
    });
    const text = (words: string) => ({ en: words, de: words });
    const conditions = STREAM_CODES.map((code) => ({ code, text: text(`Condition ${code}`), importance: 100 }));
    return {
      v: 0,
      version: 1,
      ledger: this.chain.ledgerId,
      owner: party('owner'),
      manufacturer: party('manufacturer'),
      purpose: 'Maintenance',
      params: this.params,
      streams: Array.from({ length: this.params.streams }, (_, i) => ({ name: `Stream${i}`, title: text(`Stream ${i}`), conditions })),
      policyCommitment: toBase64Url(testBytes('policy')),
      rawReleased: [{ name: 'Temperature', maxRecordBytes: 256, maxReadings: 10 }],
      module: TEST_MODULE,
      disputeWindowEpochs: 4,
      lookAheadMs: 4 * this.params.epochIntervals * this.params.intervalMs,
      retentionDays: 30,
      notBeforeMs: this.params.originMs,
      notAfterMs: this.#notAfterMs,
    };
  }

  async commitSeeds(epoch: number, timeMs: number = this.#startMs): Promise<void> {
    const ratchet = new SeedRatchet(testBytes('ratchet'), 0);
    ratchet.skipTo(epoch * this.params.epochIntervals);
    const root = toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, this.params).root);
    const commitment = await signSeedCommitment({ v: 0, channel: this.#channel, epoch, root }, evidenceKey('owner'));
    await this.chain.commit('owner', 'seedCommitment', { commitment }, timeMs);
  }

  opens(...epochs: readonly number[]): EpochRecord['opens'] {
    return epochs.map((epoch) => ({ epoch, agreement: 1, root: toBase64Url(this.#set(epoch).root) }));
  }

  #keys(interval: number): EpochKeys {
    return EpochKeys.first(testBytes('channel key'), this.params).at(epochOf(this.params, interval));
  }

  #set(epoch: number): TokenSet {
    const set = this.#sets.get(epoch) ?? TokenSet.build(this.params, this.#keys(epoch * this.params.epochIntervals), () => STREAM_CODES);
    this.#sets.set(epoch, set);
    return set;
  }

  /** The next epoch record, signed by both, on the ledger. */
  async record(changes: Partial<EpochRecord> = {}, timeMs: number = this.#startMs): Promise<void> {
    const record = { v: 0 as const, channel: this.#channel, k: this.#records++, opens: [], close: [], receipt: [], ...changes };
    const envelope = await countersignEpochRecord(await proposeEpochRecord(record, evidenceKey('owner')), evidenceKey('manufacturer'));
    await this.chain.commit('owner', 'epochRecord', { record: envelope }, timeMs);
  }

  /** The owner shows a proposal on the ledger that nobody has signed. Gives its hash. */
  async propose(changes: Partial<EpochRecord>, timeMs: number): Promise<string> {
    const record = { v: 0 as const, channel: this.#channel, k: this.#records, opens: [], close: [], receipt: [], ...changes };
    const envelope = await proposeEpochRecord(record, evidenceKey('owner'));
    await this.chain.commit('owner', 'epochProposal', { record: envelope }, timeMs);
    return hashOf(envelope);
  }

  /** Closes with the last batch and the cumulative receipt so far. */
  async close(changes: Partial<CumulativeReceipt> = {}): Promise<void> {
    const last = this.#previous!;
    const receipt = this.#cumulative === undefined ? [] : [{ ...this.#cumulative, ...changes }];
    await this.record({ close: [{ n: last.header.n, header: hashOf(last.envelope) }], receipt }, last.header.toMs + 100);
  }

  async batches(...plans: readonly BatchPlan[]): Promise<void> {
    for (const plan of plans) await this.batch(plan);
  }

  /** Seals, anchors, delivers and acknowledges one batch. */
  async batch(plan: BatchPlan): Promise<void> {
    const made = await this.#make(plan);
    const anchoredMs = made.header.toMs + (plan.anchoredAfterMs ?? 20);
    if (plan.neverAnchored === undefined) await this.chain.commit('owner', 'anchor', anchorBody(made.envelope, made.tokens), anchoredMs);
    this.#previous = made;
    this.#made.set(made.header.n, made);
    this.headers.push(made.header);
    await this.#acknowledge(made, anchoredMs + 20);
    await this.#deposit(anchoredMs + 30);
  }

  /** The manufacturer signs a receipt now: it names the last block. */
  async receiptNow(n: number): Promise<void> {
    const receipt = await this.#receipt(this.#made.get(n)!);
    this.entries.splice(n, 1, { ...this.entries[n]!, receipt: [receipt] });
  }

  /** Takes the delivery out of the export. */
  withoutDelivery(n: number): void {
    this.entries.splice(n, 1, { ...this.entries[n]!, delivery: [], conditions: [] });
  }

  async #make(plan: BatchPlan): Promise<Made> {
    const { interval, row = 0 } = plan;
    const n = plan.number ?? (this.#previous?.header.n ?? -1) + 1;
    const codes = plan.codes ?? Array.from({ length: this.params.streams }, () => (row > 0 ? RESERVED_CODES.NONE : 1));
    const keys = this.#keys(interval);
    const batchKey = plan.madeUpKey ? testBytes('made up') : keys.batchKey(interval, row);
    const closed = this.#closed(plan, n, codes, keys, batchKey);
    const tokens = row > 0 ? fillerTokens(this.params, batchKey) : this.#set(keys.epoch).anchorTokens(interval, plan.tokenCodes ?? codes);
    const tuple = { channel: this.#channel, n, interval, codes: plan.hashCodes ?? codes };
    const h = await computeH(systemArgon2, tuple, batchSalt(this.#channel, n), batchKey, this.params.argon2Profile);
    const header = {
      ...this.#header(plan, n),
      root: toBase64Url(closed.root),
      h: toBase64Url(h),
      tokensDigest: toBase64Url(tokensDigest(tokens)),
      ...plan.header,
    };
    const envelope = await signHeader(header, evidenceKey('owner'));
    const delivery = await this.#delivery(header, hashOf(envelope), closed, plan.delivery);
    return { plan, header, envelope, closed, batchKey, delivery, tokens: plan.bare ? NO_TOKENS : tokens };
  }

  #closed(
    { interval, row = 0, through = interval, gap: said }: BatchPlan,
    n: number,
    codes: readonly number[],
    keys: EpochKeys,
    batchKey: Bytes,
  ): ClosedBatch {
    const ratchet = new SeedRatchet(testBytes('ratchet'), 0);
    ratchet.skipTo(interval);
    const seed = ratchet.seeds(this.params.callsPerInterval)[row === 0 ? 0 : row]!;
    const builder = new BatchBuilder({ params: this.params, seed, n, tags: [{ name: 'Temperature', depth: 3, firstSeq: n, rawPad: 256 }] });
    builder.accept(0, { value: { type: 'Double', value: 20 + n }, status: 0, sourceMs: 0, acceptedMs: 0 });
    const conditions = codes.map((code) => Array.from({ length: this.params.publications }, () => code));
    const gap = { reason: through > interval ? ('missed' as const) : ('none' as const), fromBatch: 0, toBatch: 0, ...said };
    return builder.close({ conditions, slotKeys: keys.slotKeys(interval, row), batchKey, gap, refused: [0] });
  }

  #header({ interval, row = 0, through = interval }: BatchPlan, n: number): BatchHeader {
    const before = this.#previous;
    const inside = before !== undefined && before.header.row > 0 && before.header.interval === interval;
    const startMs = intervalStart(this.params, interval);
    return {
      v: 0,
      channel: this.#channel,
      agreement: 1,
      n,
      interval,
      through,
      row,
      fromMs: inside ? before.header.toMs : startMs,
      toMs: row === 0 ? intervalEnd(this.params, through) : startMs + 400 * row,
      prev: before === undefined ? firstPrev(this.#channel) : hashOf(before.envelope),
      root: '',
      h: '',
      salt: toBase64Url(batchSalt(this.#channel, n)),
      argon2: this.params.argon2Profile,
      tokensDigest: '',
      policy: toBase64Url(testBytes('policy')),
      module: TEST_MODULE,
      certification: 'none',
      key: evidenceKey('owner').keyId,
      lastBlock: this.chain.last,
    };
  }

  #delivery({ n }: BatchHeader, header: string, closed: ClosedBatch, changes: Partial<Delivery> = {}): Promise<Envelope> {
    const conditions = toBase64Url(conditionOpeningHash(closed.conditions));
    const recipient = evidenceKey('manufacturer').keyId;
    return signDelivery(
      { v: 0, channel: this.#channel, n, header, recipient, conditions, raw: [RAW_TAG_HASH], ...changes },
      evidenceKey('owner'),
    );
  }

  async #acknowledge(made: Made, timeMs: number): Promise<void> {
    const { plan, header } = made;
    const how = plan.acknowledged ?? 'receipt';
    const receipt = await this.#receipt(made);
    if (how === 'on the ledger') await this.chain.commit('manufacturer', 'receipt', { receipt }, timeMs);
    const received = how !== 'not' && how !== 'deposit' && how !== 'expired';
    const outcome = received
      ? { delivery: envelopeHash(made.delivery) }
      : { reason: how === 'expired' ? ('expired' as const) : ('missing' as const) };
    const inOrder = header.n === (this.#cumulative?.through ?? -1) + 1;
    if (inOrder) this.#cumulative = extendReceipt(this.#cumulative, { n: header.n, header: hashOf(made.envelope), outcome });
    if (how === 'deposit') this.#waiting.push(made);
    const set = plan.bare || plan.madeUpKey ? undefined : this.#set(epochOf(this.params, header.interval));
    this.entries.push({
      n: header.n,
      delivery: [made.delivery],
      conditions: [made.closed.conditions],
      batchKeyProof: set?.batchKeyProof(header.interval, header.row) ?? [],
      receipt: how === 'receipt' ? [receipt] : [],
    });
  }

  async #receipt({ plan, header, envelope, delivery }: Made): Promise<Envelope> {
    const seen =
      plan.forkedTo === undefined ? hashOf(envelope) : hashOf(await signHeader({ ...header, ...plan.forkedTo }, evidenceKey('owner')));
    const receipt = {
      v: 0 as const,
      channel: this.#channel,
      n: header.n,
      header: seen,
      delivery: hashOf(delivery),
      lastBlock: this.chain.last,
      ...plan.receipt,
    };
    return signReceipt(receipt, plan.receiptSigner ?? evidenceKey('manufacturer'));
  }

  /** As soon as the contract lets it: D intervals later. */
  async #deposit(timeMs: number): Promise<void> {
    const made = this.#waiting[0];
    const reached = this.#previous?.header.interval ?? 0;
    if (made === undefined || reached < made.header.through + this.params.depositAfter) return;
    this.#waiting.shift();
    const box = sealDeposit(this.params, made.batchKey, { delivery: made.delivery, conditions: made.closed.conditions });
    await this.chain.commit('owner', 'deposit', { channel: this.#channel, n: made.header.n, box: toBase64Url(box) }, timeMs);
  }

  parts(): ExportParts {
    const blocks = this.chain.blocks as unknown as Json[];
    return { blocks, channels: [{ agreement: this.#agreement!, nonce: toBase64Url(this.nonce), batches: this.entries }] };
  }
}

/** Two epochs and a bit: calls, every way of acknowledgement, a batch over missed intervals. Everything as it should be. */
export async function honestScene(options: SceneOptions = {}): Promise<Scene> {
  const scene = await Scene.open(options);
  await scene.batches(
    { interval: 0, codes: [0, 1] },
    { interval: 1, row: 1 },
    { interval: 1, codes: [1, 1], acknowledged: 'on the ledger' },
    { interval: 2, codes: [1, 2], acknowledged: 'in the epoch record' },
    { interval: 3, codes: [2, 2] },
  );
  await scene.close();
  await scene.batches(
    { interval: 4, codes: [2, 0], acknowledged: 'deposit' },
    { interval: 5, row: 1, acknowledged: 'in the epoch record' },
    { interval: 5, codes: [2, 0] },
    { interval: 6, codes: [0, 0] },
    { interval: 7, codes: [0, RESERVED_CODES.NONE] },
  );
  await scene.close();
  await scene.batches({ interval: 8, through: 9, codes: [RESERVED_CODES.MISSED, RESERVED_CODES.MISSED] }, { interval: 10, codes: [1, 0] });
  return scene;
}

export function hashOf(envelope: Envelope): string {
  return toBase64Url(envelopeHash(envelope));
}

/** Writes, reads and verifies. */
export async function audited(
  parts: ExportParts,
  options: { expectedLedgerId?: string; knownBlock?: { number: number; hash: string } } = {},
): Promise<AuditReport> {
  return verified(parseExport(writeExport(parts)), options);
}

export function verified(
  exported: AuditExport,
  options: { expectedLedgerId?: string; knownBlock?: { number: number; hash: string } } = {},
): Promise<AuditReport> {
  return verifyExport(exported, { argon2: systemArgon2, ...options });
}
