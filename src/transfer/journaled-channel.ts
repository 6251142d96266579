import type { BatchJournal } from './batch-journal.ts';
import type { CollectingChannel, TagReading } from './collecting-channel.ts';
import type { CutBatch } from './cut-batch.ts';
import type { GapReason } from './gap-note.ts';
import { type ChannelEntry, encodeEntry } from './journal-entries.ts';
import { encodeReading } from './kept-readings.ts';
import type { OpenBatch } from './open-batch.ts';
import type { Published } from './published-codes.ts';

export interface JournaledChannelParts {
  readonly collecting: CollectingChannel;
  readonly journal: BatchJournal;
  /** True for a tag whose readings stand in memory alone until the seal (durability `interval`). */
  isUnwritten(tag: string): boolean;
  /** The journal takes nothing more: the channel has to be made anew from what it holds. Told once or several times. */
  fault(error: unknown): void;
}

/**
 * A channel whose open batch outlives a crash: what changes it is done in memory first, at once and in order, and appended
 * to the journal in the same tick. So the journal holds the beginning of what happened, however far it has come, and
 * `replayJournal` does the same again. Who must not go on before it is durable waits for the promise.
 */
export class JournaledChannel {
  readonly #parts: JournaledChannelParts;
  readonly #collecting: CollectingChannel;
  /** The batch for which it is written that it holds unwritten readings; the promise is dropped once that is durable. */
  #unwritten: { readonly n: number; stored: Promise<void> | undefined } = { n: -1, stored: undefined };

  constructor(parts: JournaledChannelParts) {
    this.#parts = parts;
    this.#collecting = parts.collecting;
  }

  get open(): OpenBatch {
    return this.#collecting.open;
  }

  get endMs(): number {
    return this.#collecting.endMs;
  }

  get hasContent(): boolean {
    return this.#collecting.hasContent;
  }

  /**
   * Takes a reading into the open batch.
   * @returns resolves once it can't be lost by a crash; nothing where that needs no wait
   * @throws RejectedError `NO_SUCH_TAG`; the promise rejects with the journal's UnavailableError
   */
  accept(reading: TagReading): Promise<void> | undefined {
    const { n } = this.open;
    const kept = this.#collecting.accept(reading);
    if (this.#parts.isUnwritten(reading.tag)) return this.#noteUnwritten(n);
    return this.#append(n, ['reading', encodeReading(kept)]);
  }

  /** Counts a refused write. It is not journaled: no promise was made to its writer. */
  refuse(tag: string): void {
    this.#collecting.refuse(tag);
  }

  noteGap(reason: GapReason): void {
    if (this.#collecting.noteGap(reason)) this.#write(this.open.n, ['gap', reason]);
  }

  /** @throws RejectedError `TOO_MANY_CALLS` */
  requestCall(): number {
    const n = this.#collecting.requestCall();
    this.#write(n, ['call']);
    return n;
  }

  isCallDue(pointMs: number): boolean {
    return this.#collecting.isCallDue(pointMs);
  }

  /** @returns the codes, to be shown once `stored` resolved: what was shown must be in the evidence whatever happens */
  publish(pointMs: number, suspended: boolean): { readonly codes: readonly number[]; readonly stored: Promise<void> } {
    const { n } = this.open;
    const published: Published = this.#collecting.publish(pointMs, suspended);
    return { codes: published[1], stored: this.#append(n, ['published', [published[0], [...published[1]]]]) };
  }

  cutCall(pointMs: number): CutBatch {
    return this.#cut(['cut for a call', pointMs], () => this.#collecting.cutCall(pointMs));
  }

  cutInterval(suspended: boolean): CutBatch {
    return this.#cut(['cut', suspended], () => this.#collecting.cutInterval(suspended));
  }

  /** Ends the open interval and those after it that are over, at most to the epoch's end, as missed. */
  cutMissed(nowMs: number): CutBatch {
    const through = this.#collecting.missedThrough(nowMs);
    return this.#cut(['missed', through], () => this.#collecting.cutMissed(through));
  }

  /** Writes down all of the open batch. Resolves once that is durable; nothing may be accepted after it. */
  keep(): Promise<void> {
    return this.#append(this.open.n, ['kept', this.#collecting.keep()]);
  }

  #cut(entry: ChannelEntry, cut: () => CutBatch): CutBatch {
    const { n } = this.open;
    const batch = cut();
    this.#write(n, entry);
    return batch;
  }

  /** Said once a batch, and durable before the first such reading is answered: a crash must not hide that there were any. */
  #noteUnwritten(n: number): Promise<void> | undefined {
    if (this.#unwritten.n === n) return this.#unwritten.stored;
    const note = { n, stored: undefined as Promise<void> | undefined };
    note.stored = this.#append(n, ['unwritten']).then(() => void (note.stored = undefined));
    this.#unwritten = note;
    return note.stored;
  }

  async #append(n: number, entry: ChannelEntry): Promise<void> {
    try {
      await this.#parts.journal.append(n, encodeEntry(entry));
    } catch (error) {
      this.#parts.fault(error);
      throw error;
    }
  }

  /** For what nobody waits for: its loss in a crash is that of everything after it, too. */
  #write(n: number, entry: ChannelEntry): void {
    this.#append(n, entry).catch(() => undefined);
  }
}
