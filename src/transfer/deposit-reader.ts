import { type Bytes, epochOf, fromBase64Url, hasCode, RejectedError, toBase64Url } from '../core/index.ts';
import type { Dispute } from '../contract/index.ts';
import {
  type BatchHeader,
  type DeliveryPackage,
  type EvidenceErrorCode,
  openDeposit,
  openHeader,
  type VerifiedBatch,
} from '../evidence/index.ts';
import type { AnchoredBatch, AnchorView, DepositSupport } from './anchor-view.ts';
import type { BatchVerifier } from './batch-verifier.ts';
import type { ChannelTerms } from './channel-terms.ts';
import type { EpochSecrets } from './epoch-secrets.ts';

/** What was deposited is not the delivery of its batch. */
export interface JunkDeposit {
  readonly kind: 'junk';
  /** Code of the check that failed. */
  readonly code: string;
  /** The dispute's transaction, where the box itself is wrong; it discloses the key of this batch, which opens nothing else. */
  readonly body: Dispute | undefined;
  /** What the box holds, where it can be opened. */
  readonly delivered: DeliveryPackage | undefined;
  readonly deposit: DepositSupport;
}

/** A deposit as the receiver can use it, or what is wrong with it. */
export type ReadDeposit =
  { readonly kind: 'delivery'; readonly delivered: DeliveryPackage; readonly verified: VerifiedBatch } | JunkDeposit;

/** Reads deliveries that the owner put on the ledger, encrypted under a key that serves one batch only. */
export class DepositReader {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #anchors: AnchorView;
  readonly #verifier: BatchVerifier;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, anchors: AnchorView, verifier: BatchVerifier) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#anchors = anchors;
    this.#verifier = verifier;
  }

  /**
   * @returns undefined where nothing is deposited, or the keys of its epoch are erased
   * @throws UnavailableError the ledger is away
   */
  async read(n: number): Promise<ReadDeposit | undefined> {
    const deposit = await this.#anchors.deposited(n);
    const anchored = deposit === undefined ? undefined : await this.#anchors.anchored(n);
    if (deposit === undefined || anchored === undefined) return undefined;
    const header = openHeader(anchored.header, this.#terms.ownerKey).value;
    const batchKey = this.#batchKey(header);
    if (batchKey === undefined) return undefined;
    let delivered: DeliveryPackage | undefined;
    try {
      delivered = this.#open(batchKey, deposit.box, anchored);
      return { kind: 'delivery', delivered, verified: await this.#verifier.verifyDeposited(n, delivered) };
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const { code } = error as RejectedError<string>;
      const isJunk = delivered === undefined || BOX_FAULTS.has(code);
      const body = isJunk ? await this.#dispute(anchored, header, deposit.box, batchKey) : undefined;
      return { kind: 'junk', code, body, delivered, deposit: await deposit.support() };
    }
  }

  /** In the form in which the owner's module would have given it; raw readings are never deposited. */
  #open(batchKey: Bytes, box: string, { header, tokens }: AnchoredBatch): DeliveryPackage {
    const { delivery, conditions } = openDeposit(this.#terms.params, batchKey, fromBase64Url(box));
    return { header, tokens, delivery, conditions, raw: [] };
  }

  async #dispute({ header }: AnchoredBatch, { interval, row }: BatchHeader, box: string, batchKey: Bytes): Promise<Dispute> {
    const set = await this.#secrets.tokenSet(epochOf(this.#terms.params, interval));
    return { kind: 'deposit', header, box, batchKey: toBase64Url(batchKey), proof: set.batchKeyProof(interval, row) };
  }

  #batchKey({ interval, row }: BatchHeader): Bytes | undefined {
    try {
      return this.#secrets.keysAt(interval).batchKey(interval, row);
    } catch (error) {
      if (hasCode(error, 'OUTSIDE_EPOCH')) return undefined;
      throw error;
    }
  }
}

/** What the contract finds wrong with the box itself; the rest is wrong with the batch. */
const BOX_FAULTS: ReadonlySet<string> = new Set<EvidenceErrorCode | 'BAD_SHAPE' | 'BAD_ENVELOPE' | 'BAD_SIGNATURE' | 'NOT_CANONICAL'>([
  'BAD_SHAPE',
  'BAD_ENVELOPE',
  'BAD_SIGNATURE',
  'NOT_CANONICAL',
  'WRONG_CHANNEL',
  'WRONG_NUMBER',
  'WRONG_HEADER',
  'WRONG_OPENING',
  'BAD_OPENING',
  'BAD_RECORD',
  'WRONG_PLACE',
  'WRONG_BATCH',
  'WRONG_ROOT',
]);
