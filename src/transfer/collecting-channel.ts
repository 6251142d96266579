import {
  type Bytes,
  epochOf,
  fromBase64Url,
  intervalAt,
  intervalEnd,
  intervalStart,
  RejectedError,
  RESERVED_CODES,
  sha256,
  toBase64Url,
  type UaValue,
} from '../core/index.ts';
import { BatchBuilder, type EpochKeys, SeedRatchet } from '../evidence/index.ts';
import { Clearing, type MappingPolicy } from '../policy/index.ts';
import type { ChannelProgress } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import type { CutBatch } from './cut-batch.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';
import { type GapReason, graver } from './gap-note.ts';
import { decodeKeptBatch, encodeKeptBatch } from './kept-readings.ts';
import type { KeptReading, OpenBatch } from './open-batch.ts';
import { type Published, PublishedCodes } from './published-codes.ts';

/** A reading that the ingest side accepted, in order of acceptance. */
export interface TagReading {
  readonly tag: string;
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits. */
  readonly status: number;
  readonly sourceMs: number;
  readonly acceptedMs: number;
}

/** What the first batch of a channel starts from. */
export function firstProgress(terms: ChannelTerms, interval: number, ratchet: Bytes, epochKey: Bytes, tags: number): ChannelProgress {
  return {
    nextBatch: 0,
    interval,
    row: 0,
    fromMs: intervalStart(terms.params, interval),
    prev: toBase64Url(sha256(terms.channelId)),
    ratchet: toBase64Url(ratchet),
    epochKey: toBase64Url(epochKey),
    epoch: 0,
    sequences: Array.from({ length: tags }, () => 0),
    clearing: '',
  };
}

/**
 * The readings of one channel between two cuts. Everything here is synchronous: opening the next batch and closing the
 * last one happen in one tick, so that each reading belongs to exactly one batch, by order of acceptance.
 */
export class CollectingChannel {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #tagDepth: number;
  readonly #tagIndex: ReadonlyMap<string, number>;
  readonly #tagNames: readonly string[];
  readonly #ratchet: SeedRatchet;
  readonly #clearing: Clearing;
  readonly #sequences: number[];
  readonly #published: PublishedCodes;
  #callPending = false;
  #gap: GapReason | 'none' = 'none';
  #open: OpenBatch;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, policy: MappingPolicy, tagDepth: number, progress: ChannelProgress) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#tagDepth = tagDepth;
    this.#tagNames = policy.tags.map((tag) => tag.name);
    this.#tagIndex = new Map(this.#tagNames.map((name, index) => [name, index]));
    this.#ratchet = new SeedRatchet(fromBase64Url(progress.ratchet), progress.interval);
    this.#clearing = progress.clearing === '' ? new Clearing(policy) : Clearing.restore(policy, progress.clearing);
    this.#sequences = [...progress.sequences];
    this.#published = new PublishedCodes(progress.published);
    this.#open = this.#openBatch(progress.nextBatch, progress.row, progress.fromMs);
  }

  /** The batch that accepts readings now. */
  get open(): OpenBatch {
    return this.#open;
  }

  /** First instant that no longer belongs to the open interval, ms since 1970. */
  get endMs(): number {
    return intervalEnd(this.#terms.params, this.#open.interval);
  }

  /** True where something of the open interval was collected or shown already. */
  get hasContent(): boolean {
    return this.#open.ordinal > 0 || this.#open.readings.length > 0 || !this.#published.isEmpty;
  }

  /** @throws RejectedError `NO_SUCH_TAG` */
  accept(reading: TagReading): KeptReading {
    const index = this.#indexOf(reading.tag);
    const seq = this.#sequences[index] ?? 0;
    // Clearing may throw (a compute module without end); then the reading is nowhere, and the writer is told so.
    this.#clearing.accept({ ...reading, seq });
    this.#open.builder.accept(index, reading);
    const kept = { tag: index, reading };
    this.#open.readings.push(kept);
    this.#sequences[index] = seq + 1;
    return kept;
  }

  /** What the open batch has so far, as text, so that a later start can go on with it. */
  keep(): string {
    const { n, readings, refused } = this.#open;
    const published = this.#published.all();
    return encodeKeptBatch({ n, readings, refused, published, isCallPending: this.#callPending, gap: this.#gap });
  }

  /** Takes up what was kept, if it is of the open batch. @returns whether it was */
  resume(text: string): boolean {
    const kept = decodeKeptBatch(text);
    if (kept.n !== this.#open.n) return false;
    for (const reading of kept.readings) this.acceptKept(reading);
    kept.refused.forEach((count, index) => (this.#open.refused[index] = (this.#open.refused[index] ?? 0) + count));
    for (const published of kept.published) this.#published.set(published);
    this.#callPending ||= kept.isCallPending;
    this.#gap = graver(this.#gap, kept.gap);
    return true;
  }

  /** Accepts a reading once more that stands in the journal. */
  acceptKept({ tag, reading }: KeptReading): void {
    this.accept({ tag: this.#nameOf(tag), ...reading });
  }

  /** Readings may be missing: the batch's gap record says so. @returns false where it says so already, or something graver */
  noteGap(reason: GapReason): boolean {
    const before = this.#gap;
    this.#gap = graver(before, reason);
    return this.#gap !== before;
  }

  /** Counts a refused write, for the tag's manifest. */
  refuse(tag: string): void {
    const index = this.#indexOf(tag);
    this.#open.refused[index] = (this.#open.refused[index] ?? 0) + 1;
  }

  /**
   * Asks for a batch at the next point of the call grid.
   * @returns number of the batch that will be sealed there
   * @throws RejectedError `TOO_MANY_CALLS`
   */
  requestCall(): number {
    if (!this.#callPending && this.#open.ordinal >= this.#terms.params.callsPerInterval) {
      const { callsPerInterval } = this.#terms.params;
      const why = callsPerInterval === 0 ? 'The agreement allows no calls.' : `The agreement allows ${callsPerInterval} in an interval.`;
      throw new RejectedError<TransferErrorCode>('TOO_MANY_CALLS', `${why} The open batch is sealed at the end of its interval.`);
    }
    this.#callPending = true;
    return this.#open.n;
  }

  /** True where a call waits for this point of the call grid. */
  isCallDue(pointMs: number): boolean {
    const { originMs, callGridMs } = this.#terms.params;
    return this.#callPending && pointMs > this.#open.fromMs && pointMs < this.endMs && (pointMs - originMs) % callGridMs === 0;
  }

  /** Clears for a publication within the interval and keeps its codes for the interval's condition records. */
  publish(pointMs: number, suspended: boolean): Published {
    const codes = suspended ? this.#terms.codes.map(() => RESERVED_CODES.SUSPENDED) : this.#clear(pointMs);
    const { intervalMs, publications } = this.#terms.params;
    const publication = ((pointMs - intervalStart(this.#terms.params, this.#open.interval)) * publications) / intervalMs - 1;
    this.published([publication, codes]);
    return [publication, codes];
  }

  /** Keeps the codes of a publication that was made before. */
  published(published: Published): void {
    this.#published.set(published);
  }

  cutCall(pointMs: number): CutBatch {
    const open = this.#open;
    this.#callPending = false;
    this.#open = this.#openBatch(open.n + 1, open.ordinal + 1, pointMs);
    const codes = this.#uniformCodes(RESERVED_CODES.NONE);
    return { open, row: open.ordinal + 1, toMs: pointMs, through: open.interval, codes, gap: this.#takeGap(), progress: this.#progress() };
  }

  /** Ends the open interval at its grid point. @param suspended the limit of unreceipted batches is reached */
  cutInterval(suspended: boolean): CutBatch {
    const open = this.#open;
    const toMs = this.endMs;
    const codes = suspended
      ? this.#uniformCodes(RESERVED_CODES.SUSPENDED)
      : this.#published.byStream(this.#clear(toMs), this.#terms.params.publications);
    this.#nextInterval(open.interval + 1);
    return { open, row: 0, toMs, through: open.interval, codes, gap: this.#takeGap(), progress: this.#progress() };
  }

  /** Last interval that is over, or the last of the open one's epoch where that comes first: how far one cut can reach. */
  missedThrough(nowMs: number): number {
    const { params } = this.#terms;
    const lastOfEpoch = (epochOf(params, this.#open.interval) + 1) * params.epochIntervals - 1;
    return Math.min(intervalAt(params, nowMs) - 1, lastOfEpoch);
  }

  /** Ends the open interval and those up to `through`, all of the same epoch, which the module missed. */
  cutMissed(through: number): CutBatch {
    const open = this.#open;
    const codes = this.#uniformCodes(RESERVED_CODES.MISSED);
    this.#nextInterval(through + 1);
    const gap = graver(this.#takeGap(), 'missed');
    return { open, row: 0, toMs: intervalEnd(this.#terms.params, through), through, codes, gap, progress: this.#progress() };
  }

  #takeGap(): CutBatch['gap'] {
    const gap = this.#gap;
    this.#gap = 'none';
    return gap;
  }

  #nextInterval(interval: number): void {
    this.#clearing.endInterval(intervalStart(this.#terms.params, interval));
    this.#published.clear();
    this.#callPending = false;
    while (this.#ratchet.interval < interval) this.#ratchet.advance();
    this.#open = this.#openBatch(this.#open.n + 1, 0, intervalStart(this.#terms.params, interval));
  }

  #openBatch(n: number, ordinal: number, fromMs: number): OpenBatch {
    const { params } = this.#terms;
    const seed = this.#ratchet.seeds(params.callsPerInterval)[ordinal];
    if (seed === undefined) throw new RangeError(`There is no seed for batch ${ordinal} of an interval.`);
    const tags = this.#tagNames.map((name, index) => ({ name, depth: this.#tagDepth, firstSeq: this.#sequences[index] ?? 0 }));
    return {
      n,
      interval: this.#ratchet.interval,
      ordinal,
      fromMs,
      seed,
      builder: new BatchBuilder({ params, seed, n, tags }),
      readings: [],
      refused: tags.map(() => 0),
      firstSequences: [...this.#sequences],
    };
  }

  #progress(): CutBatch['progress'] {
    const oldest = this.#oldestKept();
    return {
      nextBatch: this.#open.n,
      interval: this.#open.interval,
      row: this.#open.ordinal,
      fromMs: this.#open.fromMs,
      ratchet: toBase64Url(this.#ratchet.state),
      epochKey: toBase64Url(oldest.bytes),
      epoch: oldest.epoch,
      sequences: [...this.#sequences],
      clearing: this.#clearing.snapshot(),
      published: this.#published.all(),
    };
  }

  /**
   * The oldest epoch keys that are kept once this progress is stored. They are erased only then: batches that were cut
   * before still need theirs to be sealed.
   */
  #oldestKept(): EpochKeys {
    const windowStart = epochOf(this.#terms.params, this.#open.interval) - this.#terms.disputeWindowEpochs;
    return this.#secrets.keysOf(Math.max(this.#secrets.oldest.epoch, windowStart));
  }

  #clear(atMs: number): number[] {
    return this.#terms.codes.map((_, stream) => this.#clearing.condition(stream, atMs));
  }

  #uniformCodes(code: number): number[][] {
    return this.#terms.codes.map(() => Array.from({ length: this.#terms.params.publications }, () => code));
  }

  #nameOf(index: number): string {
    const name = this.#tagNames[index];
    if (name === undefined) throw new RejectedError<TransferErrorCode>('NO_SUCH_TAG', `The mapping policy has no tag ${index}.`);
    return name;
  }

  #indexOf(tag: string): number {
    const index = this.#tagIndex.get(tag);
    if (index === undefined) throw new RejectedError<TransferErrorCode>('NO_SUCH_TAG', `The mapping policy has no tag "${tag}".`);
    return index;
  }
}
