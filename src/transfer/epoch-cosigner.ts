import {
  type Clock,
  countersign,
  type Envelope,
  envelopeHash,
  equalBytes,
  openEnvelope,
  parseEnvelope,
  RejectedError,
  type Signer,
  toBase64Url,
  unverifiedContent,
} from '../core/index.ts';
import { type CumulativeReceipt, EPOCH_RECORD_TYPE, type EpochRecord, EpochRecordShape, FIRST_DIGEST } from '../evidence/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, isNear } from './channel-terms.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';

/** The owner's module, as far as epoch records go. */
export interface EpochRecordSource {
  /** Proposal number `k`, or undefined where there is none yet. */
  fetchEpochRecord(k: number): Promise<unknown>;
  countersignEpochRecord(envelope: Envelope): Promise<void>;
}

const COUNTERSIGNED = 'epoch-records-countersigned';
const HANDED_OVER = 'epoch-records-handed-over';

/** The record, signed by both, that opened an epoch; undefined where this side has signed none. */
export function countersignedRecord(store: ReceiverStore, epoch: number): Envelope | undefined {
  for (let k = Number(store.fact(HANDED_OVER) ?? 0); k >= 0; k--) {
    const fact = store.fact(`${COUNTERSIGNED}-${k}`);
    if (fact === undefined) continue;
    const envelope = parseEnvelope(JSON.parse(fact));
    const { opens } = unverifiedContent(envelope, EpochRecordShape, 'epoch record');
    if (opens.some((opened) => opened.epoch === epoch)) return envelope;
  }
  return undefined;
}

/**
 * The manufacturer's side of the epoch records: recomputes every token root, compares close and cumulative receipt with
 * its own store, and only then countersigns.
 */
export class EpochCosigner {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #store: ReceiverStore;
  readonly #signer: Signer;
  readonly #clock: Clock;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, store: ReceiverStore, signer: Signer, clock: Clock) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#store = store;
    this.#signer = signer;
    this.#clock = clock;
  }

  /**
   * Fetches and countersigns what is proposed; hands over again what did not arrive.
   * @returns numbers of the records handed over
   * @throws RejectedError `BAD_EPOCH_RECORD` for a proposal that can't be signed
   */
  async serve(source: EpochRecordSource): Promise<number[]> {
    const done: number[] = [];
    for (;;) {
      const k = this.#number(HANDED_OVER);
      const proposal = await source.fetchEpochRecord(k);
      if (proposal === undefined) return done;
      const envelope = await this.answer(k, parseEnvelope(proposal));
      await source.countersignEpochRecord(envelope);
      this.#store.setFact(HANDED_OVER, String(k + 1));
      done.push(k);
    }
  }

  /**
   * The proposal with both signatures. One that nobody signed in time is replaced by another of the same number, without
   * close and receipt; the ledger takes only one of them.
   * @throws RejectedError `BAD_EPOCH_RECORD`
   */
  async answer(k: number, proposal: Envelope): Promise<Envelope> {
    const signed = this.countersigned(k);
    if (signed !== undefined && equalBytes(envelopeHash(signed), envelopeHash(proposal))) return signed;
    return this.#sign(k, proposal);
  }

  async #sign(k: number, envelope: Envelope): Promise<Envelope> {
    await this.#examine(k, openEnvelope(envelope, EPOCH_RECORD_TYPE, EpochRecordShape, this.#terms.ownerKey));
    const countersigned = await countersign(envelope, this.#signer);
    this.#store.setFact(`${COUNTERSIGNED}-${k}`, JSON.stringify(countersigned));
    return countersigned;
  }

  async #examine(k: number, record: EpochRecord): Promise<void> {
    if (record.channel !== toBase64Url(this.#terms.channelId) || record.k !== k) throw refused(k, 'it is for another channel or number');
    for (const { epoch, agreement, root } of record.opens) {
      if (agreement !== this.#terms.agreementVersion) throw refused(k, 'it names another version of the agreement');
      if (!isNear(this.#terms, epoch, this.#clock.now())) throw refused(k, `it opens epoch ${epoch}, which lies far ahead`);
      if (root !== toBase64Url(await this.#secrets.tokenRoot(epoch)))
        throw refused(k, `the token root of epoch ${epoch} differs from the own one`);
    }
    for (const { n, header } of record.close) {
      if (this.#headerOf(n) !== header) throw refused(k, `it closes with another header than the one received as batch ${n}`);
    }
    for (const receipt of record.receipt) {
      if (!this.#isOwn(receipt)) throw refused(k, `its receipt up to batch ${receipt.through} differs from what was received`);
    }
  }

  #isOwn({ through, header, digest, exceptions }: CumulativeReceipt): boolean {
    const own = this.#store.exceptionsThrough(through);
    return (
      this.#headerOf(through) === header &&
      (this.#store.digestThrough(through) ?? toBase64Url(FIRST_DIGEST)) === digest &&
      exceptions.length === own.length &&
      exceptions.every(({ n, reason }, i) => n === own[i]?.n && reason === own[i].reason)
    );
  }

  /** Of a batch that is settled, by a receipt or as an exception. */
  #headerOf(n: number): string | undefined {
    return (this.#store.batch(n) ?? this.#store.exception(n))?.headerHash;
  }

  /** The newest version of record `k` that this side has signed. */
  countersigned(k: number): Envelope | undefined {
    const fact = this.#store.fact(`${COUNTERSIGNED}-${k}`);
    return fact === undefined ? undefined : parseEnvelope(JSON.parse(fact));
  }

  #number(fact: string): number {
    return Number(this.#store.fact(fact) ?? 0);
  }
}

function refused(k: number, why: string): RejectedError<TransferErrorCode> {
  return new RejectedError('BAD_EPOCH_RECORD', `Epoch record ${k} is not countersigned: ${why}.`);
}
