import {
  type Clock,
  type Envelope,
  envelopeHash,
  epochOf,
  equalBytes,
  fromBase64Url,
  intervalAt,
  parseCanonical,
  parseShape,
  RejectedError,
  type Signer,
  toBase64Url,
  unverifiedPayload,
  verifyEnvelope,
} from '../core/index.ts';
import {
  type CumulativeReceipt,
  EPOCH_RECORD_TYPE,
  type EpochRecord,
  EpochRecordShape,
  FIRST_DIGEST,
  proposeEpochRecord,
  rollDigest,
} from '../evidence/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import { type ChannelTerms, epochsAhead } from './channel-terms.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';

/** Name under which the rolling digest is kept, so that a restart need not read every batch again. */
const ROLLED = 'rolled-deliveries';

interface Rolled {
  readonly through: number;
  readonly digest: Uint8Array;
  /** Numbers up to `through` that were left out. */
  readonly without: string;
}

const NOTHING_ROLLED: Rolled = { through: -1, digest: FIRST_DIGEST, without: '' };

type Exceptions = CumulativeReceipt['exceptions'];

/** Most token sets that one record can open. */
const MOST_OPENED = 64;

/**
 * The owner's side of the epoch records: proposes the next one when token sets are needed ahead, takes it back
 * countersigned. One proposal is outstanding at a time; while it is, evidence goes on with the sets there are.
 */
export class EpochRecords {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #store: SenderStore;
  readonly #signer: Signer;
  readonly #clock: Clock;
  /** Token sets take time to build, and a grid point may ask for the same record meanwhile. */
  #planning = false;
  /** Rolling digest over the receipted deliveries up to and with batch `through`. */
  #rolled: Rolled;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, store: SenderStore, signer: Signer, clock: Clock) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#store = store;
    this.#signer = signer;
    this.#clock = clock;
    this.#rolled = rolledFrom(store.fact(ROLLED));
  }

  /** True where a committed record opens the interval's epoch. */
  hasTokenSet(interval: number): boolean {
    const epoch = epochOf(this.#terms.params, interval);
    for (let k = this.#store.lastEpochRecord(); k >= 0; k--) {
      const record = this.#store.epochRecord(k);
      if (record?.committed === true && payloadOf(record.proposal).opens.some((opened) => opened.epoch === epoch)) return true;
    }
    return false;
  }

  /**
   * Makes the next proposal where token sets are needed ahead and none is outstanding or being made. @returns its number
   *
   * Every record but the first opens from the next epoch on, also after an outage. To open the epoch that runs would race
   * with its anchors: whether a batch needs tokens would depend on which of two transactions comes first
   * (docs/decisions/0008-epoch-records-open-later-epochs.md).
   */
  async plan(): Promise<number | undefined> {
    if (this.#planning) return undefined;
    this.#planning = true;
    try {
      return await this.#propose();
    } finally {
      this.#planning = false;
    }
  }

  async #propose(): Promise<number | undefined> {
    const last = this.#store.lastEpochRecord();
    if (last >= 0 && this.#store.epochRecord(last)?.committed !== true) return undefined;
    const current = epochOf(this.#terms.params, Math.max(0, intervalAt(this.#terms.params, this.#clock.now())));
    const from = Math.max(this.#openedThrough(last) + 1, last < 0 ? current : current + 1);
    const to = Math.min(current + epochsAhead(this.#terms), from + MOST_OPENED - 1);
    if (from > to) return undefined;
    const k = last + 1;
    const proposal = await proposeEpochRecord(await this.#record(k, from, to), this.#signer);
    this.#store.proposeEpochRecord(k, proposal);
    return k;
  }

  /** What the receiver is asked to countersign as number `k`, if it is proposed. */
  proposal(k: number): Envelope | undefined {
    return this.#store.epochRecord(k)?.proposal;
  }

  /**
   * Takes a countersigned record: it must be the proposal, byte for byte, with both signatures.
   * @throws RejectedError `BAD_EPOCH_RECORD`, or those of the envelope
   */
  countersigned(envelope: Envelope): number {
    const bytes = verifyEnvelope(envelope, EPOCH_RECORD_TYPE, this.#terms.ownerKey, this.#terms.receiverKey);
    const { k } = parseShape(EpochRecordShape, parseCanonical(bytes), 'epoch record');
    const proposal = this.#store.epochRecord(k)?.proposal;
    if (proposal === undefined || !equalBytes(envelopeHash(proposal), envelopeHash(envelope))) {
      throw new RejectedError<TransferErrorCode>(
        'BAD_EPOCH_RECORD',
        `Epoch record ${k} is not what was proposed. Fetch the proposal and countersign that.`,
      );
    }
    this.#store.setCountersigned(k, envelope);
    return k;
  }

  /** Countersigned but not on the ledger yet. */
  uncommitted(): { k: number; envelope: Envelope } | undefined {
    const k = this.#store.lastEpochRecord();
    const record = k < 0 ? undefined : this.#store.epochRecord(k);
    if (record?.countersigned === undefined || record.committed) return undefined;
    return { k, envelope: record.countersigned };
  }

  setCommitted(k: number): void {
    this.#store.setEpochRecordCommitted(k);
  }

  async #record(k: number, from: number, to: number): Promise<EpochRecord> {
    const opens = [];
    for (let epoch = from; epoch <= to; epoch++) {
      opens.push({ epoch, agreement: this.#terms.agreementVersion, root: toBase64Url(await this.#secrets.tokenRoot(epoch)) });
    }
    return { v: 0, channel: toBase64Url(this.#terms.channelId), k, opens, ...(k === 0 ? { close: [], receipt: [] } : this.#closing()) };
  }

  /** Closes with the last batch up to which everything is anchored, and receipted or excepted. The close may lag. */
  #closing(): Pick<EpochRecord, 'close' | 'receipt'> {
    const firstOpen = this.#store.unanchored()[0] ?? Number.MAX_SAFE_INTEGER;
    const settled = this.#settled();
    const through = Math.min(settled.through, firstOpen - 1);
    const exceptions = settled.exceptions.filter(({ n }) => n <= through);
    const batch = through < 0 ? undefined : this.#store.batch(through);
    if (batch?.ledgerState !== 'Anchored') return { close: [], receipt: [] };
    return {
      close: [{ n: through, header: batch.headerHash }],
      receipt: [{ through, header: batch.headerHash, digest: toBase64Url(this.#digestThrough(through, exceptions)), exceptions }],
    };
  }

  /**
   * A manufacturer hands in receipts in the order of the batches. Where a later batch has one, and the time for the receipt
   * is over, it holds the batch for disputed and will not sign for it.
   */
  #settled(): { through: number; exceptions: Exceptions } {
    const last = this.#store.lastReceipted();
    const exceptions: Exceptions = [];
    for (const batch of this.#store.unreceiptedBefore(last)) {
      if (!this.#isReceiptOverdue(batch)) return { through: batch.n - 1, exceptions };
      exceptions.push({ n: batch.n, reason: 'disputed' });
    }
    return { through: last, exceptions };
  }

  /** Counted from the last moment at which the batch may be anchored. */
  #isReceiptOverdue({ publishAtMs }: StoredBatch): boolean {
    const { anchorWithinMs, receiptWithinMs } = this.#terms.params;
    return this.#clock.now() > publishAtMs + anchorWithinMs + receiptWithinMs;
  }

  #digestThrough(through: number, exceptions: Exceptions): Uint8Array {
    const left = new Set(exceptions.map(({ n }) => n));
    const within = (n: number): string => [...left].filter((each) => each <= n).join();
    // A receipt may have come after all, or the close has to go back.
    if (this.#rolled.through > through || this.#rolled.without !== within(this.#rolled.through)) this.#rolled = NOTHING_ROLLED;
    let { digest } = this.#rolled;
    for (const { n, deliveryHash } of this.#store.batches(this.#rolled.through + 1, through)) {
      if (!left.has(n)) digest = rollDigest(digest, fromBase64Url(deliveryHash));
    }
    this.#rolled = { through, digest, without: within(through) };
    this.#store.setFact(ROLLED, `${through} ${toBase64Url(digest)} ${this.#rolled.without}`);
    return digest;
  }

  #openedThrough(last: number): number {
    for (let k = last; k >= 0; k--) {
      const record = this.#store.epochRecord(k);
      const opened = record === undefined ? undefined : payloadOf(record.proposal).opens.at(-1);
      if (opened !== undefined) return opened.epoch;
    }
    return -1;
  }
}

/** Of an envelope that this module itself signed and stored. */
function payloadOf(envelope: Envelope): EpochRecord {
  return parseShape(EpochRecordShape, parseCanonical(unverifiedPayload(envelope)), 'epoch record');
}

function rolledFrom(fact: string | undefined): Rolled {
  const [through, digest, without = ''] = fact?.split(' ') ?? [];
  return through === undefined || digest === undefined
    ? NOTHING_ROLLED
    : { through: Number(through), digest: fromBase64Url(digest), without };
}
