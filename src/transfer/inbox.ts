import { type Envelope, fromBase64Url, hasCode, type Json, RejectedError, toBase64Url } from '../core/index.ts';
import { type DeliveryPackage, FIRST_DIGEST, openHeader, rollDigest, signReceipt, type VerifiedBatch } from '../evidence/index.ts';
import type { AnchoredBatch } from './anchor-view.ts';
import { BatchVerifier } from './batch-verifier.ts';
import type { ChannelTerms } from './channel-terms.ts';
import { DepositAnswers } from './deposit-answers.ts';
import { DepositReader, type JunkDeposit } from './deposit-reader.ts';
import { disputeGrounds, forkOf, type Grounds } from './dispute-grounds.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import { withAdvice } from './finding-advice.ts';
import type { DeliverySource, InboxListener, InboxPorts } from './inbox-ports.ts';
import { anchorMismatch, compareWithLedger } from './ledger-comparison.ts';
import { isUnavailable } from './persistent-submission.ts';
import { AbsentDelivery, deliveredHeader, given, RefusedDelivery, signedHeader } from './refused-delivery.ts';

export type * from './anchor-view.ts';
export type * from './inbox-ports.ts';
export * from './ledger-claims.ts';
export * from './overdue-watch.ts';
export * from './shown-values.ts';

/** First batch that was taken while the ledger was away and is not compared with it yet. Empty where there is none. */
const UNCOMPARED = 'uncompared-from';

/**
 * Takes deliveries in the order of their numbers: verifies before it stores, stores before it countersigns, and lets
 * actions run only after that (Algorithm 2). The ledger may be away meanwhile: what it says is then compared later.
 */
export class Inbox {
  readonly #terms: ChannelTerms;
  readonly #channel: string;
  readonly #ports: InboxPorts;
  readonly #listener: InboxListener;
  readonly #verifier: BatchVerifier;
  readonly #deposits: DepositReader;
  readonly #answers: DepositAnswers;
  readonly #refused = new RefusedDelivery();
  readonly #absent = new AbsentDelivery();

  constructor(terms: ChannelTerms, secrets: EpochSecrets, ports: InboxPorts, listener: InboxListener) {
    this.#terms = terms;
    this.#channel = toBase64Url(terms.channelId);
    this.#ports = ports;
    this.#listener = listener;
    this.#verifier = new BatchVerifier(terms, secrets, ports);
    this.#deposits = new DepositReader(terms, secrets, ports.anchors, this.#verifier);
    this.#answers = new DepositAnswers({
      ...ports,
      deposits: this.#deposits,
      receiptWithinMs: terms.params.receiptWithinMs,
      sign: (n, verified) => this.#sign(n, verified),
      refuse: (n, junk) => this.#refuseDeposit(n, junk),
    });
  }

  /** Number of the batch that is expected next. */
  get next(): number {
    return this.#ports.store.lastNumber() + 1;
  }

  /**
   * Fetches and handles every batch up to `through` that the module has.
   * @throws UnavailableError where the module can't be reached; a batch that does not verify is a finding, and what follows
   * it is not fetched before it verifies or becomes an exception
   */
  async catchUp(source: DeliverySource, through: number): Promise<void> {
    await this.acknowledgeStored(source);
    for (let n = this.next; n <= through; n++) {
      const delivered = await given(source.fetchDelivery(n));
      const isSettled = delivered === undefined ? await this.#withoutDelivery(n, source) : await this.#handle(n, delivered, source);
      if (!isSettled) return;
      await this.acknowledgeStored(source);
    }
  }

  /** Takes what the owner has deposited on the ledger, as far as it comes next. Receipts follow when the link is back. */
  async takeDeposits(): Promise<void> {
    while (await this.#takeDeposit(this.next));
  }

  /** The receipt with which a deposit is answered on the ledger. @see DepositAnswers */
  receiptForDeposit(n: number): Promise<Envelope | undefined> {
    return this.#answers.receiptFor(n);
  }

  /** Hands over receipts that the owner's module has not confirmed yet. @throws UnavailableError */
  async acknowledgeStored(source: Pick<DeliverySource, 'acknowledge'>): Promise<void> {
    for (const { n, receipt } of this.#ports.store.unacknowledged()) {
      await source.acknowledge(receipt);
      this.#ports.store.setAcknowledged(n);
      this.#listener.acknowledged(n);
    }
  }

  /** Compares with the ledger what was taken while it was away, as far as it answers now. */
  async compareLater(): Promise<void> {
    const { store } = this.#ports;
    const fact = store.fact(UNCOMPARED);
    // The batch that is being taken right now may not be stored yet.
    if (fact === undefined || fact === '' || Number(fact) > store.lastNumber()) return;
    for (let n = Number(fact); n <= store.lastNumber(); n++) {
      if (await this.#compareStored(n)) continue;
      if (n > Number(fact)) store.setFact(UNCOMPARED, String(n));
      return;
    }
    store.setFact(UNCOMPARED, '');
  }

  /** The ledger tells of the anchor of a batch: what was delivered under its number must be about the same header. */
  async anchorSeen(n: number, header: string): Promise<void> {
    const { store } = this.#ports;
    const known = store.batch(n) ?? store.exception(n);
    if (known === undefined || known.headerHash === '' || known.headerHash === header) return;
    await this.#disputeStored(n);
    this.#find(n, anchorMismatch(n));
  }

  finding(n: number, code: string, message: string): void {
    const finding = { atMs: this.#ports.clock.now(), n, code, message: withAdvice(code, message) };
    if (this.#ports.store.addFinding(finding)) this.#listener.finding(finding);
  }

  async #handle(n: number, delivered: Json, source: DeliverySource): Promise<boolean> {
    try {
      const verified = await this.#verifier.verify(n, delivered);
      await this.#take(n, delivered, verified);
      return true;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      return this.#refuse(n, delivered, error as RejectedError<string>, source);
    }
  }

  async #take(n: number, delivered: Json, verified: VerifiedBatch): Promise<void> {
    const isCompared = await compareWithLedger(this.#ports.anchors, verified);
    if (!isCompared && !this.#ports.store.fact(UNCOMPARED)) this.#ports.store.setFact(UNCOMPARED, String(n));
    await this.#store(n, delivered, verified);
  }

  /** @returns whether the inbox goes on */
  async #refuse(n: number, delivered: Json, refusal: RejectedError<string>, source: DeliverySource): Promise<boolean> {
    await this.#dispute(n, delivered);
    if (refusal.code === 'BROKEN_CHAIN') await this.#lookForFork(n - 1, source);
    this.#find(n, refusal);
    // That verdict is about the clocks, of which the own one may be wrong: it takes nothing out of the receipts for good.
    if (refusal.code === 'TOO_FAR_AHEAD') return false;
    const ledger = await this.#ledgerOf(n);
    if (!this.#refused.isFinal(n, delivered, ledger)) return false;
    const header = ledger.header === undefined ? undefined : deliveredHeader(delivered, this.#terms.ownerKey, ledger.header);
    this.#except(n, ledger.header ?? '', header);
    return true;
  }

  /** Nothing is given for a number that must be there. @returns whether the inbox goes on */
  async #withoutDelivery(n: number, source: DeliverySource): Promise<boolean> {
    if (await this.#takeDeposit(n)) return true;
    const evidence = (await given(source.getEvidence(n))) as { readonly deliveryState?: unknown; readonly header?: unknown } | undefined;
    const said = signedHeader(evidence?.header, this.#terms.ownerKey);
    const header = said !== undefined && said.n === n && said.channel === this.#channel ? said : undefined;
    const ledger = await this.#ledgerOf(n);
    if (evidence?.deliveryState === 'Expired' && header !== undefined) {
      this.#ports.store.addException({ n, reason: 'expired', headerHash: header.hash, header: header.envelope });
      this.finding(n, 'EXPIRED', `Batch ${n} can't be had any more: the owner says that its delivery has expired.`);
      if (ledger.header !== undefined) await this.anchorSeen(n, ledger.header);
      return true;
    }
    return this.#isGivenUp(n, ledger, header?.hash === ledger.header ? header?.envelope : undefined);
  }

  #isGivenUp(n: number, ledger: { header: string | undefined; isFollowed: boolean }, header: Envelope | undefined): boolean {
    const { clock } = this.#ports;
    if (!this.#absent.isLasting(n, clock.now(), this.#terms.params.receiptWithinMs)) return false;
    this.finding(n, 'MISSING_DELIVERY', `The owner's module shows later batches, but gives no delivery of batch ${n}.`);
    if (ledger.header === undefined && !ledger.isFollowed) return false;
    this.#except(n, ledger.header ?? '', header);
    return true;
  }

  /** Settles a batch as an exception, so that the receipts of what follows don't end with it. */
  #except(n: number, headerHash: string, header: Envelope | undefined): void {
    this.#ports.store.addException({ n, reason: 'disputed', headerHash, header });
    this.finding(n, 'DISPUTED', `Batch ${n} gets no receipt for good. The batches after it are taken all the same.`);
  }

  async #ledgerOf(n: number): Promise<{ header: string | undefined; isAnchored: boolean; isFollowed: boolean }> {
    const header = await this.#orAway(this.#ports.anchors.anchoredHeader(n));
    const next = await this.#orAway(this.#ports.anchors.anchoredHeader(n + 1));
    return { header, isAnchored: header !== undefined, isFollowed: next !== undefined };
  }

  async #takeDeposit(n: number): Promise<boolean> {
    const read = await this.#orAway(this.#deposits.read(n));
    if (read === undefined) return false;
    if (read.kind === 'delivery') {
      await this.#take(n, read.delivered, read.verified).catch((error: unknown) => this.#exceptDeposited(n, read, error));
      return true;
    }
    await this.#refuseDeposit(n, read);
    return false;
  }

  /** The anchored header itself does not fit the ledger, and no other delivery can come. */
  #exceptDeposited(n: number, { verified, delivered }: { verified: VerifiedBatch; delivered: DeliveryPackage }, error: unknown): void {
    if (!(error instanceof RejectedError)) throw error;
    this.#find(n, error as RejectedError<string>);
    this.#except(n, toBase64Url(verified.headerHash), delivered.header);
  }

  /** Where the box itself is sound, what it holds may give the ground that a delivery over the link would have given. */
  async #refuseDeposit(n: number, { body, delivered, deposit, code }: JunkDeposit): Promise<void> {
    if (body !== undefined) this.#ports.dispute(n, { body, headers: [], deposit });
    else if (delivered !== undefined) await this.#dispute(n, delivered);
    this.finding(n, 'BAD_DEPOSIT', `What the owner deposited for batch ${n} is not its delivery (${code}).`);
  }

  /** @returns false where the ledger is away, or its view lags */
  async #compareStored(n: number): Promise<boolean> {
    const stored = this.#ports.store.batch(n);
    if (stored === undefined) return true;
    const { value, hash } = openHeader((stored.deliveryPackage as { header?: unknown }).header, this.#terms.ownerKey);
    try {
      return await compareWithLedger(this.#ports.anchors, { header: value, headerHash: hash });
    } catch (error) {
      if (hasCode(error, 'BLOCK_AHEAD')) return false;
      if (!(error instanceof RejectedError)) throw error;
      await this.#disputeStored(n);
      this.#find(n, error as RejectedError<string>);
      return true;
    }
  }

  async #disputeStored(n: number): Promise<void> {
    const { store } = this.#ports;
    const delivered = store.batch(n)?.deliveryPackage ?? ({ header: store.exception(n)?.header } as unknown as Json);
    await this.#dispute(n, delivered);
  }

  async #dispute(n: number, delivered: Json): Promise<void> {
    const anchored = await this.#orAway(this.#ports.anchors.anchored(n));
    const before = this.#verifier.headerBefore(n)?.header;
    for (const grounds of disputeGrounds({ ...this.#facts, n, delivered, anchored, before })) this.#file(n, grounds);
  }

  /** The owner's module may show another header now for a number that it has delivered before. */
  async #lookForFork(n: number, source: DeliverySource): Promise<void> {
    const held = this.#verifier.headerBefore(n + 1)?.header;
    const shown = (await given(source.getEvidence(n))) as { readonly header?: unknown } | null | undefined;
    if (held === undefined || shown === undefined || shown === null) return;
    const anchored = { header: held } as AnchoredBatch;
    if (signedHeader(shown.header, this.#terms.ownerKey) === undefined) return;
    const grounds = forkOf({ ...this.#facts, n, delivered: shown as unknown as Json, anchored, before: undefined });
    if (grounds !== undefined) this.#file(n, grounds);
  }

  #file(n: number, grounds: Grounds): void {
    this.#ports.dispute(n, grounds);
    if (grounds.body.kind === 'fork') this.finding(n, 'FORK', `The owner has signed two different headers for batch ${n}.`);
  }

  get #facts(): { params: ChannelTerms['params']; channel: string; ownerKey: Uint8Array } {
    return { params: this.#terms.params, channel: this.#channel, ownerKey: this.#terms.ownerKey };
  }

  async #store(n: number, delivered: Json, verified: VerifiedBatch): Promise<void> {
    const { store, clock } = this.#ports;
    const headerHash = toBase64Url(verified.headerHash);
    const deliveryHash = toBase64Url(verified.deliveryHash);
    const receipt = await this.#sign(n, verified);
    const { interval, row, toMs } = verified.header;
    const { codes } = verified;
    const condition = { n, interval, row, toMs, codes };
    const before = store.digestThrough(n);
    const digest = rollDigest(before === undefined ? FIRST_DIGEST : fromBase64Url(before), verified.deliveryHash);
    const batch = { n, interval, row, headerHash, deliveryHash, deliveryPackage: delivered, receipt, codes, digest: toBase64Url(digest) };
    store.store(batch, this.#ports.actionKeys(condition), clock.now());
    this.#listener.received(condition, { header: verified.header, statement: verified.statement });
  }

  #sign(n: number, { headerHash, deliveryHash }: VerifiedBatch): Promise<Envelope> {
    const { receiptKey, anchors } = this.#ports;
    const [header, delivery] = [toBase64Url(headerHash), toBase64Url(deliveryHash)];
    return signReceipt({ v: 0, channel: this.#channel, n, header, delivery, lastBlock: anchors.lastBlock() }, receiptKey);
  }

  #find(n: number, { code, message }: RejectedError<string>): void {
    this.finding(n, code, message);
  }

  /** Undefined also where the ledger is away. */
  async #orAway<Result>(asked: Promise<Result | undefined>): Promise<Result | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (isUnavailable(error)) return undefined;
      throw error;
    }
  }
}
