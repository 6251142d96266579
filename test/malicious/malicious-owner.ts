import { loadAgreement } from '../../src/app/agreement-file.ts';
import type { ModuleOptions } from '../../src/app/index.ts';
import {
  type Envelope,
  envelopeHash,
  epochOf,
  fromBase64Url,
  type Json,
  toBase64Url,
  UnavailableError,
  parseShape,
} from '../../src/core/index.ts';
import {
  type AnchorTokens,
  type BatchHeader,
  type ConditionOpening,
  conditionOpeningHash,
  decodeRecord,
  type Delivery,
  type DeliveryPackage,
  encodeRecord,
  EpochKeys,
  hasNoTokens,
  sealDeposit,
  TokenSet,
  tokensDigest,
  anchorBody,
  AnchorBodyShape,
} from '../../src/evidence/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../../src/ledger/index.ts';
import type { ChannelProgress, SealedBatch, SenderStore, StoredBatch } from '../../src/store/index.ts';
import type { TestPlant } from '../app/plant.ts';
import { replacing } from './replaced.ts';
import { contentOf, Signing } from './signing.ts';

/** What a malicious owner puts in the place of what its module made. */
export interface Forgery {
  readonly header?: Partial<BatchHeader>;
  readonly conditions?: ConditionOpening;
  readonly tokens?: AnchorTokens;
}

/** What the module made of a batch, before it is forged. */
export interface Made {
  readonly n: number;
  readonly header: BatchHeader;
  readonly package: DeliveryPackage;
  readonly codes: readonly number[];
  readonly progress: ChannelProgress;
}

/**
 * An owner that has its module's keys and replaces parts of it. What it sends is signed by the right key, comes over the
 * real link and the real ledger, and is a lie.
 */
export class MaliciousOwner {
  readonly signing: Signing;
  readonly #plant: TestPlant;
  /** Hash of the header that was sealed last, as it was forged. */
  #prev: string | undefined;
  /** Block that the first batch names. */
  #firstBlock: BatchHeader['lastBlock'] | undefined;
  /** What was sealed where something else is delivered. */
  readonly #own = new Map<number, DeliveryPackage>();
  readonly sealed = new Map<number, Made>();
  /** Deliveries that the manufacturer has asked for in vain. */
  readonly withheld = new Map<number, DeliveryPackage>();

  constructor(plant: TestPlant) {
    this.#plant = plant;
    this.signing = new Signing(plant.ownerConfig().keys.evidence);
  }

  /** Seals what `forge` gives; the header chain is its own, without a hole. */
  sealing(forge: (made: Made) => Forgery | undefined): ModuleOptions {
    return {
      adapters: {
        senderStore: (store) =>
          replacing(store, { seal: (batch: SealedBatch, progress: ChannelProgress) => this.#seal(store, batch, progress, forge) }),
      },
    };
  }

  #seal(store: SenderStore, batch: SealedBatch, progress: ChannelProgress, forge: (made: Made) => Forgery | undefined): void {
    const delivered = batch.deliveryPackage as unknown as DeliveryPackage;
    const own = contentOf<BatchHeader>(batch.header);
    const header = { ...own, prev: this.#prev ?? own.prev };
    const made: Made = { n: batch.n, header, package: delivered, codes: batch.codes, progress };
    const forged = this.#signed(made, forge(made) ?? {});
    this.sealed.set(batch.n, { ...made, header: contentOf(forged.header), package: forged });
    this.#prev = hashOf(forged.header);
    const { header: envelope, delivery } = forged;
    const hashes = { headerHash: this.#prev, deliveryHash: hashOf(delivery) };
    store.seal({ ...batch, ...hashes, header: envelope, deliveryPackage: forged }, { ...progress, prev: this.#prev });
  }

  #signed({ header, package: delivered }: Pick<Made, 'header' | 'package'>, forgery: Forgery): DeliveryPackage {
    const tokens = forgery.tokens ?? delivered.tokens;
    const conditions = forgery.conditions ?? delivered.conditions;
    const digest = forgery.tokens === undefined ? {} : { tokensDigest: toBase64Url(tokensDigest(tokens)) };
    const envelope = this.signing.envelope(delivered.header.payloadType, { ...header, ...digest, ...forgery.header });
    const delivery = this.signing.changed<Delivery>(delivered.delivery, {
      header: hashOf(envelope),
      conditions: toBase64Url(conditionOpeningHash(conditions)),
    });
    return { ...delivered, header: envelope, tokens, delivery, conditions };
  }

  /** Seals and anchors what its module made, and delivers something else. */
  delivering(
    forge: (n: number, delivered: DeliveryPackage) => DeliveryPackage | undefined,
    others: ModuleOptions['adapters'] = {},
  ): ModuleOptions {
    const { ledger = (real) => real } = others;
    return {
      adapters: {
        ...others,
        ledger: (real) => ledger(this.#anchoringOwn(real)),
        senderStore: (store) => replacing(store, { batch: (n: number) => this.#delivered(store, n, forge) }),
      },
    };
  }

  /** The anchor is made of the same stored batch as the delivery, and has its own tokens all the same. */
  #anchoringOwn(ledger: Ledger): Ledger {
    return replacing(ledger, {
      prepare: (...[kind, body]: Parameters<Ledger['prepare']>) => {
        const own = kind === 'anchor' ? this.#own.get(headerIn(body).n) : undefined;
        if (own === undefined) return ledger.prepare(kind, body);
        const { header, tokens } = parseShape(AnchorBodyShape, body, 'anchor');
        if (hasNoTokens(tokens)) return ledger.prepare(kind, body);
        return ledger.prepare(kind, anchorBody(header, own.tokens));
      },
    });
  }

  #delivered(
    store: SenderStore,
    n: number,
    forge: (n: number, delivered: DeliveryPackage) => DeliveryPackage | undefined,
  ): ReturnType<SenderStore['batch']> {
    const batch = store.batch(n);
    if (n === 0 && batch !== undefined) this.#firstBlock = contentOf<BatchHeader>(batch.header).lastBlock;
    const forged = batch === undefined ? undefined : forge(n, batch.deliveryPackage as unknown as DeliveryPackage);
    if (batch === undefined || forged === undefined) return batch;
    this.#own.set(n, batch.deliveryPackage as unknown as DeliveryPackage);
    // So that it takes the receipt for what it has delivered.
    const hashes = { headerHash: hashOf(forged.header), deliveryHash: hashOf(forged.delivery) };
    return { ...batch, ...hashes, deliveryPackage: forged as unknown as Json };
  }

  /** Seals, anchors and deposits what its module made, and delivers nothing under a number. */
  withholding(n: number, others: ModuleOptions['adapters'] = {}): ModuleOptions {
    const withheld = (batch: StoredBatch | undefined): StoredBatch | undefined => {
      if (batch?.n !== n) return batch;
      const whole = batch.deliveryPackage as unknown as DeliveryPackage;
      this.withheld.set(n, whole);
      return { ...batch, deliveryPackage: { header: whole.header, tokens: whole.tokens } as unknown as Json };
    };
    return { adapters: { ...others, senderStore: (store) => replacing(store, { batch: (each: number) => withheld(store.batch(each)) }) } };
  }

  /** The package under another header for the same number, which is sound by itself: it names an earlier block as seen. */
  underAnotherHeader(delivered: DeliveryPackage): DeliveryPackage {
    const lastBlock = this.#firstBlock;
    if (lastBlock === undefined) throw new Error('The first batch has not been delivered yet.');
    const header = { ...contentOf<BatchHeader>(delivered.header), lastBlock };
    return this.#signed({ header, package: delivered }, {});
  }

  /** The package with another condition in a stream's record. */
  withAnotherCondition(delivered: DeliveryPackage): DeliveryPackage {
    const leaves = delivered.conditions.leaves.map((leaf) => {
      const record = decodeRecord(fromBase64Url(leaf.record));
      if (record.kind !== 'condition' || record.stream !== 0) return leaf;
      return { ...leaf, record: toBase64Url(encodeRecord({ ...record, code: record.code === 1 ? 2 : 1 })) };
    });
    const conditions = { ...delivered.conditions, leaves };
    const delivery = this.signing.changed<Delivery>(delivered.delivery, { conditions: toBase64Url(conditionOpeningHash(conditions)) });
    return { ...delivered, delivery, conditions };
  }

  /** Tokens of other conditions than those in the records, from the very set that both signed. */
  tokensOf({ header, progress }: Made, codes: readonly number[]): AnchorTokens {
    const { terms } = loadAgreement(this.#plant.ownerConfig().channels[0].agreement);
    const epoch = epochOf(terms.params, header.interval);
    const keys = new EpochKeys(fromBase64Url(progress.epochKey), progress.epoch, terms.params).at(epoch);
    return TokenSet.build(terms.params, keys, (stream) => terms.codes[stream] ?? []).anchorTokens(header.interval, codes);
  }

  /** A ledger that swallows the anchors of some batches and says that it has them. */
  omitting(isOmitted: (n: number) => boolean): (ledger: Ledger) => Ledger {
    return (ledger) => {
      const swallowed = new Map<string, Json>();
      return replacing(ledger, {
        prepare: async (...[kind, body]: Parameters<Ledger['prepare']>) => {
          const prepared = await ledger.prepare(kind, body);
          if (kind === 'anchor' && isOmitted(headerIn(body).n)) swallowed.set(prepared.txId, body);
          return prepared;
        },
        submit: async (prepared: PreparedTransaction) => {
          const body = swallowed.get(prepared.txId);
          return body === undefined ? ledger.submit(prepared) : pretended(ledger, prepared, body);
        },
      });
    };
  }

  /** A ledger that cannot be reached for some anchors as long as `isHeld` says so. */
  holding(isHeld: (n: number) => boolean): (ledger: Ledger) => Ledger {
    return (ledger) =>
      replacing(ledger, {
        prepare: (...[kind, body]: Parameters<Ledger['prepare']>) => {
          if (kind === 'anchor' && isHeld(headerIn(body).n))
            return Promise.reject(new UnavailableError('LEDGER_UNAVAILABLE', 'The owner holds this anchor back.'));
          return ledger.prepare(kind, body);
        },
      });
  }

  /** A ledger that gets another box as the deposit of a batch than the one that its module made. */
  depositing(n: number, forge: (box: Uint8Array) => Uint8Array): (ledger: Ledger) => Ledger {
    return (ledger) =>
      replacing(ledger, {
        prepare: (...[kind, body]: Parameters<Ledger['prepare']>) => {
          if (kind !== 'deposit' || numberIn(body) !== n) return ledger.prepare(kind, body);
          const { box, ...rest } = body as { box: string };
          return ledger.prepare(kind, { ...rest, box: toBase64Url(forge(fromBase64Url(box))) });
        },
      });
  }

  /** A ledger that cannot be reached for the deposit of a batch as long as `isHeld` says so. */
  holdingDeposit(n: number, isHeld: () => boolean): (ledger: Ledger) => Ledger {
    return (ledger) =>
      replacing(ledger, {
        prepare: (...[kind, body]: Parameters<Ledger['prepare']>) =>
          kind === 'deposit' && numberIn(body) === n && isHeld()
            ? Promise.reject(new UnavailableError('LEDGER_UNAVAILABLE', 'The owner holds this deposit back.'))
            : ledger.prepare(kind, body),
      });
  }

  /** A box that opens under the very key of a batch that it withholds, and holds another condition than the anchored one. */
  boxOfAnotherCondition(n: number): Uint8Array {
    const { delivery, conditions } = this.withAnotherCondition(this.withheld.get(n)!);
    const { params } = loadAgreement(this.#plant.ownerConfig().channels[0].agreement).terms;
    return sealDeposit(params, batchKeyIn(conditions), { delivery, conditions });
  }
}

function batchKeyIn({ leaves }: ConditionOpening): Uint8Array {
  const records = leaves.map((leaf) => decodeRecord(fromBase64Url(leaf.record)));
  return fromBase64Url(records.find((record) => record.kind === 'batchkey')!.key);
}

function numberIn(body: Json): number {
  return (body as { n: number }).n;
}

async function pretended(ledger: Ledger, { txId }: PreparedTransaction, body: Json): Promise<Commit> {
  const { channel, n, interval, through, row } = headerIn(body);
  const header = hashOf((body as unknown as { header: Envelope }).header);
  const event = { kind: 'anchor' as const, channel, body: { n, interval, through, row, header, tokens: [], marks: [] } };
  return { txId, block: await ledger.lastBlock(), event };
}

function headerIn(body: Json): BatchHeader {
  return contentOf<BatchHeader>((body as unknown as { header: Envelope }).header);
}

export function hashOf(envelope: Envelope): string {
  return toBase64Url(envelopeHash(envelope));
}
