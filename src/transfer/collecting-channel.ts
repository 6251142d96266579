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
import { decodeKeptBatch, encodeKeptBatch } from './kept-readings.ts';
import type { OpenBatch } from './open-batch.ts';

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
  /** Codes shown within the open interval, by the number of the publication. */
  readonly #published = new Map<number, readonly number[]>();
  #callPending = false;
  #gap: 'none' | 'connection' | 'storage' = 'none';
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

  /** @throws RejectedError `NO_SUCH_TAG` */
  accept(reading: TagReading): void {
    const index = this.#indexOf(reading.tag);
    const seq = this.#sequences[index] ?? 0;
    // Clearing may throw (a compute module without end); then the reading is nowhere, and the writer is told so.
    this.#clearing.accept({ ...reading, seq });
    this.#open.builder.accept(index, reading);
    this.#open.readings.push({ tag: index, reading });
    this.#sequences[index] = seq + 1;
  }

  /** What the open batch has so far as text, so that a later start can go on with it; undefined where that is nothing. */
  keepReadings(): string | undefined {
    const { n, readings, refused } = this.#open;
    const nothing = readings.length === 0 && this.#published.size === 0 && refused.every((count) => count === 0);
    return nothing ? undefined : encodeKeptBatch({ n, readings, refused, published: [...this.#published] });
  }

  /** Takes up what was kept, if it is of the open batch. @returns whether it was */
  resume(text: string): boolean {
    const kept = decodeKeptBatch(text);
    if (kept.n !== this.#open.n) return false;
    for (const { tag, reading } of kept.readings) this.accept({ tag: this.#nameOf(tag), ...reading });
    kept.refused.forEach((count, index) => (this.#open.refused[index] = (this.#open.refused[index] ?? 0) + count));
    for (const [publication, codes] of kept.published) this.#published.set(publication, codes);
    return true;
  }

  /** Readings may be missing: the next batch's gap record says so. A loss in storage outweighs one on a connection. */
  noteGap(reason: 'connection' | 'storage'): void {
    if (this.#gap !== 'storage') this.#gap = reason;
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
  publish(pointMs: number, suspended: boolean): number[] {
    const codes = suspended ? this.#terms.codes.map(() => RESERVED_CODES.SUSPENDED) : this.#clear(pointMs);
    const { intervalMs, publications } = this.#terms.params;
    this.#published.set(((pointMs - intervalStart(this.#terms.params, this.#open.interval)) * publications) / intervalMs - 1, codes);
    return codes;
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
    const codes = suspended ? this.#uniformCodes(RESERVED_CODES.SUSPENDED) : this.#codesByStream(this.#clear(toMs));
    this.#nextInterval(open.interval + 1);
    return { open, row: 0, toMs, through: open.interval, codes, gap: this.#takeGap(), progress: this.#progress() };
  }

  /** Ends the open interval and those up to the current one, which the module missed; at most to the epoch's end. */
  cutMissed(nowMs: number): CutBatch {
    const { params } = this.#terms;
    const open = this.#open;
    const lastOfEpoch = (epochOf(params, open.interval) + 1) * params.epochIntervals - 1;
    const through = Math.min(intervalAt(params, nowMs) - 1, lastOfEpoch);
    const codes = this.#uniformCodes(RESERVED_CODES.MISSED);
    this.#nextInterval(through + 1);
    this.#gap = 'none';
    return { open, row: 0, toMs: intervalEnd(params, through), through, codes, gap: 'missed', progress: this.#progress() };
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

  /** Codes of the interval's publications as [stream][publication]: those shown, MISSED for those that were not, and the last. */
  #codesByStream(last: readonly number[]): number[][] {
    const { publications } = this.#terms.params;
    return last.map((code, stream) => {
      const earlier = Array.from({ length: publications - 1 }, (_, index) => this.#published.get(index)?.[stream] ?? RESERVED_CODES.MISSED);
      return [...earlier, code];
    });
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
