import * as v from 'valibot';
import {
  type Argon2,
  type Clock,
  type Envelope,
  EnvelopeShape,
  epochOf,
  type Json,
  parseShape,
  RejectedError,
  unverifiedContent,
} from '../core/index.ts';
import {
  BatchHeaderShape,
  type DeliveryPackage,
  type EvidenceErrorCode,
  hasNoTokens,
  openHeader,
  verifyDelivery,
  type VerifiedBatch,
} from '../evidence/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, deliveryTerms, isNear } from './channel-terms.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';

export interface VerifierPorts {
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly store: ReceiverStore;
}

/** Everything that the receiver checks of one batch by itself, without the ledger. */
export class BatchVerifier {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #ports: VerifierPorts;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, ports: VerifierPorts) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#ports = ports;
  }

  /** @throws RejectedError with the code of the first check that fails */
  async verify(n: number, delivered: Json): Promise<VerifiedBatch> {
    const interval = claimedInterval(delivered);
    this.#requireNear(n, interval);
    return this.#check(n, delivered as unknown as DeliveryPackage, await this.#secrets.tokenRoot(epochOf(this.#terms.params, interval)));
  }

  /** The same for a delivery out of a deposit, which has no raw readings, and only the tokens that the anchor has. */
  async verifyDeposited(n: number, delivered: DeliveryPackage): Promise<VerifiedBatch> {
    const interval = claimedInterval(delivered);
    const isAlone = hasNoTokens(delivered.tokens);
    const root = isAlone ? undefined : await this.#secrets.tokenRoot(epochOf(this.#terms.params, interval));
    return this.#check(n, delivered, root, true);
  }

  /** What is known of the header before; after an exception that may be its hash alone, or nothing. */
  headerBefore(n: number): { readonly hash: string; readonly header: Envelope | undefined } | undefined {
    const { store } = this.#ports;
    const stored = store.batch(n - 1);
    if (stored !== undefined)
      return { hash: stored.headerHash, header: (stored.deliveryPackage as { header?: unknown }).header as Envelope };
    const excepted = store.exception(n - 1);
    return excepted === undefined || excepted.headerHash === '' ? undefined : { hash: excepted.headerHash, header: excepted.header };
  }

  async #check(n: number, delivered: DeliveryPackage, tokenRoot: Uint8Array | undefined, rawWithheld = false): Promise<VerifiedBatch> {
    const terms = this.#terms;
    const previous = this.headerBefore(n);
    const verified = await verifyDelivery({
      ...deliveryTerms(terms),
      epochKeys: this.#secrets.keysAt(claimedInterval(delivered)),
      argon2: this.#ports.argon2,
      package: delivered,
      previous: previous?.header === undefined ? undefined : openHeader(previous.header, terms.ownerKey),
      tokenRoot,
      ...(rawWithheld ? { rawWithheld } : {}),
    });
    if (verified.header.n !== n)
      throw new RejectedError<TransferErrorCode>('WRONG_NUMBER', `Batch ${n} was asked for, and batch ${verified.header.n} was delivered.`);
    if (previous !== undefined && previous.hash !== verified.header.prev)
      throw new RejectedError<EvidenceErrorCode>('BROKEN_CHAIN', `Batch ${n} names another previous header than the one anchored.`);
    return verified;
  }

  /** Before time is spent on the keys of an interval that only the package claims. */
  #requireNear(n: number, interval: number): void {
    if (isNear(this.#terms, epochOf(this.#terms.params, interval), this.#ports.clock.now())) return;
    throw new RejectedError<TransferErrorCode>('TOO_FAR_AHEAD', `Batch ${n} was delivered for interval ${interval}, which lies far ahead.`);
  }
}

/** The interval that a package claims, to choose the keys by; the verification that follows compares it. */
function claimedInterval(delivered: Json): number {
  const { header } = parseShape(v.looseObject({ header: EnvelopeShape }), delivered, 'delivery package');
  return unverifiedContent(header, BatchHeaderShape, 'header').interval;
}
