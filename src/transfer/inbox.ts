import * as v from 'valibot';
import {
  type Argon2,
  type Clock,
  type Envelope,
  EnvelopeShape,
  epochOf,
  fromBase64Url,
  type Json,
  keyIdOf,
  parseCanonical,
  parseShape,
  RejectedError,
  type Signer,
  toBase64Url,
  UnavailableError,
  unverifiedPayload,
} from '../core/index.ts';
import {
  BatchHeaderShape,
  type BlockReference,
  type DeliveryPackage,
  type EvidenceErrorCode,
  FIRST_DIGEST,
  openHeader,
  rollDigest,
  signReceipt,
  verifyDelivery,
  type VerifiedBatch,
} from '../evidence/index.ts';
import type { ReceiverStore, StoredFinding } from '../store/index.ts';
import { type ChannelTerms, isNear } from './channel-terms.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';
import { deliveredHeader, RefusedDelivery } from './refused-delivery.ts';

/** The owner's module, as far as deliveries go. */
export interface DeliverySource {
  /** The package of a batch, or undefined where the module has none (yet). */
  fetchDelivery(n: number): Promise<Json | undefined>;
  acknowledge(receipt: Envelope): Promise<void>;
}

/** What the ledger says of a batch. */
export interface AnchorView {
  /** Hash of the anchored header, or undefined where the batch is not anchored (yet). */
  anchoredHeader(n: number): Promise<string | undefined>;
  lastBlock(): BlockReference;
  /** Hash of a block, or undefined where the ledger has none of this number (yet). */
  blockHash(number: number): Promise<string | undefined>;
}

export interface ReceivedCondition {
  readonly n: number;
  readonly interval: number;
  readonly row: number;
  readonly toMs: number;
  /** Code of each stream at the interval's end. */
  readonly codes: readonly number[];
}

export interface InboxListener {
  /** Verified, stored, countersigned; actions may run now. */
  received(condition: ReceivedCondition): void;
  acknowledged(n: number): void;
  finding(finding: StoredFinding): void;
}

export interface InboxPorts {
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly receiptKey: Signer;
  readonly store: ReceiverStore;
  readonly anchors: AnchorView;
  /** Keys of the actions that a verified batch causes, stored in the transaction that stores the batch. */
  actionKeys(condition: ReceivedCondition): readonly string[];
}

/**
 * Takes deliveries in the order of their numbers: verifies before it stores, stores before it countersigns, and lets
 * actions run only after that (Algorithm 2).
 */
export class Inbox {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #ports: InboxPorts;
  readonly #listener: InboxListener;
  readonly #refused = new RefusedDelivery();

  constructor(terms: ChannelTerms, secrets: EpochSecrets, ports: InboxPorts, listener: InboxListener) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Number of the batch that is expected next. */
  get next(): number {
    return this.#ports.store.lastNumber() + 1;
  }

  /**
   * Fetches and handles every batch up to `through` that the module has.
   * @throws UnavailableError where the module or the ledger can't be reached; a batch that does not verify is a finding, and
   * what follows it is not fetched before it verifies or becomes an exception
   */
  async catchUp(source: DeliverySource, through: number): Promise<void> {
    await this.#acknowledgeStored(source);
    for (let n = this.next; n <= through; n++) {
      const delivered = await source.fetchDelivery(n);
      if (delivered === undefined) return;
      if (!(await this.#handle(n, delivered))) return;
      await this.#acknowledgeStored(source);
    }
  }

  async #handle(n: number, delivered: Json): Promise<boolean> {
    try {
      const verified = await this.#verify(n, delivered);
      await this.#compareWithLedger(verified);
      await this.#store(n, delivered, verified);
      return true;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const { code, message } = error as RejectedError<string>;
      this.finding(n, code, message);
      // That verdict is about the clocks, of which the own one may be wrong: it takes nothing out of the receipts for good.
      return code !== 'TOO_FAR_AHEAD' && this.#except(n, delivered);
    }
  }

  /**
   * Settles a refused delivery as an exception once it can hardly be mended any more, so that the receipts of what follows
   * don't end with it. @returns whether the inbox goes on
   */
  async #except(n: number, delivered: Json): Promise<boolean> {
    const { anchors, store } = this.#ports;
    const anchored = await anchors.anchoredHeader(n);
    const isFollowed = (await anchors.anchoredHeader(n + 1)) !== undefined;
    if (!this.#refused.isFinal(n, delivered, { isAnchored: anchored !== undefined, isFollowed })) return false;
    const header = anchored === undefined ? undefined : deliveredHeader(delivered, this.#terms.ownerKey, anchored);
    store.addException({ n, reason: 'disputed', headerHash: anchored ?? '', header });
    this.finding(n, 'DISPUTED', `Batch ${n} gets no receipt for good. The batches after it are taken all the same.`);
    return true;
  }

  async #verify(n: number, delivered: Json): Promise<VerifiedBatch> {
    const terms = this.#terms;
    const interval = claimedInterval(delivered);
    this.#requireNear(n, interval);
    const previous = this.#headerBefore(n);
    const verified = await verifyDelivery({
      params: terms.params,
      channel: toBase64Url(terms.channelId),
      codes: terms.codes,
      agreement: {
        version: terms.agreementVersion,
        policy: toBase64Url(terms.policyCommitment),
        module: toBase64Url(terms.moduleDigest),
        rawReleased: terms.rawReleased,
      },
      epochKeys: this.#secrets.keysAt(interval),
      argon2: this.#ports.argon2,
      package: delivered as unknown as DeliveryPackage,
      ownerKey: terms.ownerKey,
      recipientKeyId: keyIdOf(terms.receiverKey),
      previous: previous?.header === undefined ? undefined : openHeader(previous.header, terms.ownerKey),
      tokenRoot: await this.#secrets.tokenRoot(epochOf(terms.params, interval)),
    });
    if (verified.header.n !== n)
      throw new RejectedError<TransferErrorCode>('WRONG_NUMBER', `Batch ${n} was asked for, and batch ${verified.header.n} was delivered.`);
    if (previous !== undefined && previous.hash !== verified.header.prev)
      throw new RejectedError<EvidenceErrorCode>('BROKEN_CHAIN', `Batch ${n} names another previous header than the one anchored.`);
    return verified;
  }

  /** What is known of the header before; after an exception that may be its hash alone, or nothing. */
  #headerBefore(n: number): { readonly hash: string; readonly header: unknown } | undefined {
    const { store } = this.#ports;
    const stored = store.batch(n - 1);
    if (stored !== undefined) return { hash: stored.headerHash, header: (stored.deliveryPackage as { header?: unknown }).header };
    const excepted = store.exception(n - 1);
    return excepted === undefined || excepted.headerHash === '' ? undefined : { hash: excepted.headerHash, header: excepted.header };
  }

  /** Before time is spent on the keys of an interval that only the package claims. */
  #requireNear(n: number, interval: number): void {
    if (isNear(this.#terms, epochOf(this.#terms.params, interval), this.#ports.clock.now())) return;
    throw new RejectedError<TransferErrorCode>(
      'TOO_FAR_AHEAD',
      `Batch ${n} was delivered for interval ${interval}, which lies far ahead. Compare both modules' clocks.`,
    );
  }

  async #compareWithLedger({ header, headerHash }: VerifiedBatch): Promise<void> {
    const { n, lastBlock } = header;
    const anchored = await this.#ports.anchors.anchoredHeader(n);
    if (anchored !== undefined && anchored !== toBase64Url(headerHash)) {
      throw new RejectedError<TransferErrorCode>(
        'ANCHOR_MISMATCH',
        `Batch ${n} was delivered with another header than the one anchored on the ledger.`,
      );
    }
    await this.#requireBlock(n, lastBlock, anchored !== undefined);
  }

  /** An anchored header can only name a block that is there by now; before that, the own view of the ledger may lag. */
  async #requireBlock(n: number, { number, hash }: BlockReference, isAnchored: boolean): Promise<void> {
    const own = await this.#ports.anchors.blockHash(number);
    if (own === hash) return;
    if (own === undefined && !isAnchored)
      throw new UnavailableError<TransferErrorCode>('BLOCK_AHEAD', `Batch ${n} names block ${number}, which is not here yet. Try again.`);
    const what = own === undefined ? `block ${number}, which the ledger does not have` : `another block ${number} than the ledger's`;
    throw new RejectedError<TransferErrorCode>('BLOCK_NOT_SEEN', `Batch ${n} names ${what}. Compare the ledgers of both modules.`);
  }

  async #store(n: number, delivered: Json, verified: VerifiedBatch): Promise<void> {
    const { store, receiptKey, anchors } = this.#ports;
    const headerHash = toBase64Url(verified.headerHash);
    const deliveryHash = toBase64Url(verified.deliveryHash);
    const channel = toBase64Url(this.#terms.channelId);
    const lastBlock = anchors.lastBlock();
    const receipt = await signReceipt({ v: 0, channel, n, header: headerHash, delivery: deliveryHash, lastBlock }, receiptKey);
    const { interval, row, toMs } = verified.header;
    const { codes } = verified;
    const condition = { n, interval, row, toMs, codes };
    const before = store.last();
    const digest = rollDigest(before === undefined ? FIRST_DIGEST : fromBase64Url(before.digest), verified.deliveryHash);
    const batch = { n, interval, row, headerHash, deliveryHash, deliveryPackage: delivered, receipt, codes, digest: toBase64Url(digest) };
    store.store(batch, this.#ports.actionKeys(condition));
    this.#listener.received(condition);
  }

  async #acknowledgeStored(source: DeliverySource): Promise<void> {
    for (const { n, receipt } of this.#ports.store.unacknowledged()) {
      await source.acknowledge(receipt);
      this.#ports.store.setAcknowledged(n);
      this.#listener.acknowledged(n);
    }
  }

  finding(n: number, code: string, message: string): void {
    const finding = { atMs: this.#ports.clock.now(), n, code, message };
    if (this.#ports.store.addFinding(finding)) this.#listener.finding(finding);
  }
}

/** The interval that a package claims, to choose the keys by; the verification that follows compares it. */
function claimedInterval(delivered: Json): number {
  const { header } = parseShape(v.looseObject({ header: EnvelopeShape }), delivered, 'delivery package');
  return parseShape(BatchHeaderShape, parseCanonical(unverifiedPayload(header)), 'header').interval;
}
