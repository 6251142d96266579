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
  unverifiedContent,
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
import type { SenderStore, StoredBatch, StoredEpochRecord } from '../store/index.ts';
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
type Closing = Pick<EpochRecord, 'close' | 'receipt'>;

const NO_CLOSE: Closing = { close: [], receipt: [] };

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
      if (record?.committed !== true) continue;
      const opened = openedBy(record);
      if (opened.includes(epoch)) return true;
      // Records open ever later epochs.
      if ((opened.at(-1) ?? epoch) < epoch) return false;
    }
    return false;
  }

  /**
   * Makes the next proposal where token sets are needed ahead and none is outstanding or being made. One that nobody has
   * countersigned is replaced by another of the same number, of which only one can be committed, in two cases: the agreed
   * time for receipts is over, or an epoch that it opens has begun, and the other side may have erased the key of that by
   * the time that it can sign. The other one is without close and cumulative receipt, which may be what the other side does
   * not agree to, and opens the epochs that lack a set by then. @returns its number
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
    const outstanding = last < 0 ? undefined : this.#store.epochRecord(last);
    if (outstanding?.committed === false) return this.#replace(last, outstanding);
    const epochs = this.#toOpen(last);
    if (epochs.length === 0) return undefined;
    const k = last + 1;
    const proposal = await this.#signed(k, epochs, k === 0 ? NO_CLOSE : this.#closing());
    this.#store.proposeEpochRecord(k, proposal, this.#clock.now());
    return k;
  }

  async #replace(k: number, { proposal, proposedAtMs, countersigned }: StoredEpochRecord): Promise<number | undefined> {
    if (countersigned !== undefined) return undefined;
    const epochs = this.#toOpen(k - 1);
    const { opens, close } = payloadOf(proposal);
    const isOutdated = (opens[0]?.epoch ?? -1) < (epochs[0] ?? -1);
    const isOverdue = this.#clock.now() >= proposedAtMs + this.#terms.params.receiptWithinMs;
    if (!isOutdated && !(isOverdue && close.length > 0)) return undefined;
    const next = await this.#signed(k, epochs, NO_CLOSE);
    return this.#store.replaceProposal(k, next, this.#clock.now()) ? k : undefined;
  }

  /** Epochs that lack a set after record `last`, ascending. Before the first batch the running one is among them. */
  #toOpen(last: number): number[] {
    const current = epochOf(this.#terms.params, Math.max(0, intervalAt(this.#terms.params, this.#clock.now())));
    const isFirst = last < 0 && (this.#store.progress()?.nextBatch ?? 0) === 0;
    const from = Math.max(this.#openedThrough(last) + 1, isFirst ? current : current + 1);
    const to = Math.min(current + epochsAhead(this.#terms), from + MOST_OPENED - 1);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  }

  /** What the receiver is asked to countersign as number `k`, if it is proposed. */
  proposal(k: number): Envelope | undefined {
    return this.#store.epochRecord(k)?.proposal;
  }

  /**
   * Takes a countersigned record: it must be a proposal, byte for byte, with both signatures. Of several versions the first
   * one that comes is taken; a later one does no harm.
   * @throws RejectedError `BAD_EPOCH_RECORD`, or those of the envelope
   */
  countersigned(envelope: Envelope): number {
    const bytes = verifyEnvelope(envelope, EPOCH_RECORD_TYPE, this.#terms.ownerKey, this.#terms.receiverKey);
    const { k } = parseShape(EpochRecordShape, parseCanonical(bytes), 'epoch record');
    const known = this.#store.epochRecord(k);
    if (known?.committed === true) return k;
    if (!this.#store.proposals(k).some((proposal) => equalBytes(envelopeHash(proposal), envelopeHash(envelope)))) {
      throw new RejectedError<TransferErrorCode>(
        'BAD_EPOCH_RECORD',
        `Epoch record ${k} is not what was proposed. Fetch the proposal and countersign that.`,
      );
    }
    if (known?.countersigned === undefined) this.#store.setCountersigned(k, envelope);
    return k;
  }

  /** Countersigned but not on the ledger yet. */
  uncommitted(): { k: number; envelope: Envelope } | undefined {
    const k = this.#store.lastEpochRecord();
    const record = k < 0 ? undefined : this.#store.epochRecord(k);
    if (record?.countersigned === undefined || record.committed) return undefined;
    return { k, envelope: record.countersigned };
  }

  /** The record is on the ledger. What it excepts as disputed is settled by that: it waits for no receipt any more. */
  setCommitted(k: number): void {
    const record = this.#store.epochRecord(k);
    const exceptions = record === undefined ? [] : payloadOf(agreed(record)).receipt.flatMap((receipt) => receipt.exceptions);
    for (const { n, reason } of exceptions) if (reason === 'disputed') this.#store.setDisputed(n);
    this.#store.setEpochRecordCommitted(k);
  }

  async #signed(k: number, epochs: readonly number[], closing: Closing): Promise<Envelope> {
    const opens = [];
    for (const epoch of epochs) {
      opens.push({ epoch, agreement: this.#terms.agreementVersion, root: toBase64Url(await this.#secrets.tokenRoot(epoch)) });
    }
    return proposeEpochRecord({ v: 0, channel: toBase64Url(this.#terms.channelId), k, opens, ...closing }, this.#signer);
  }

  /** Closes with the last batch up to which everything is anchored, and receipted or excepted. The close may lag. */
  #closing(): Closing {
    const firstOpen = this.#store.unanchored()[0] ?? Number.MAX_SAFE_INTEGER;
    const settled = this.#settled();
    const through = Math.min(settled.through, firstOpen - 1);
    const exceptions = settled.exceptions.filter(({ n }) => n <= through);
    const batch = through < 0 ? undefined : this.#store.batch(through);
    if (batch?.ledgerState !== 'Anchored') return NO_CLOSE;
    return {
      close: [{ n: through, header: batch.headerHash }],
      receipt: [{ through, header: batch.headerHash, digest: toBase64Url(this.#digestThrough(through, exceptions)), exceptions }],
    };
  }

  /**
   * A manufacturer hands in receipts in the order of the batches. Where a later batch has one, it can't have received a batch
   * that expired; one whose time for the receipt is over it holds for disputed, and will not sign for it.
   */
  #settled(): { through: number; exceptions: Exceptions } {
    const last = this.#store.lastReceipted();
    const exceptions: Exceptions = [];
    for (const batch of this.#store.unreceiptedBefore(last)) {
      const reason = this.#exceptionOf(batch);
      if (reason === undefined) return { through: batch.n - 1, exceptions };
      exceptions.push({ n: batch.n, reason });
    }
    return { through: last, exceptions };
  }

  #exceptionOf(batch: StoredBatch): Exceptions[number]['reason'] | undefined {
    if (batch.deliveryState === 'Expired') return 'expired';
    return batch.deliveryState === 'Disputed' || this.#isReceiptOverdue(batch) ? 'disputed' : undefined;
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
      const opened = record === undefined ? undefined : openedBy(record).at(-1);
      if (opened !== undefined) return opened;
    }
    return -1;
  }
}

/** Of several versions the one that is countersigned counts. */
function agreed({ proposal, countersigned }: StoredEpochRecord): Envelope {
  return countersigned ?? proposal;
}

function openedBy(record: StoredEpochRecord): number[] {
  return payloadOf(agreed(record)).opens.map(({ epoch }) => epoch);
}

/** Of an envelope that this module itself signed and stored. */
function payloadOf(envelope: Envelope): EpochRecord {
  return unverifiedContent(envelope, EpochRecordShape, 'epoch record');
}

function rolledFrom(fact: string | undefined): Rolled {
  const [through, digest, without = ''] = fact?.split(' ') ?? [];
  return through === undefined || digest === undefined
    ? NOTHING_ROLLED
    : { through: Number(through), digest: fromBase64Url(digest), without };
}
