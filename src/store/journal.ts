import { Worker } from 'node:worker_threads';
import { type Bytes, FatalError, RejectedError, UnavailableError } from '../core/index.ts';
import type { StoreErrorCode } from './errors.ts';
import { closedJournal, failedDisk } from './faults.ts';
import type { JournalEntry, JournalPlace, JournalReply, JournalRequest, JournalTask, ToldError } from './journal-messages.ts';

interface Waiting {
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Asked {
  readonly resolve: (reply: JournalReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A log beside the store: what has to be on the disk before the next batch is sealed. A thread of its own encrypts,
 * writes and syncs, so that no sync holds the module up; what arrives during a sync goes to the disk with the next one.
 * After one failure nothing more is taken, for what is on the disk then is known from the disk alone: close it and open
 * it anew.
 */
export class Journal {
  readonly #worker: Worker;
  readonly #file: string;
  /** Not handed to the thread yet, in the order of arrival. */
  #waiting: Waiting[] = [];
  #writing = false;
  #bytes = 0;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  readonly #asked = new Map<number, Asked>();
  #nextId = 0;
  readonly #ended: Promise<void>;

  private constructor(place: JournalPlace) {
    this.#file = place.file;
    this.#worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './journal-worker.ts' : './journal-worker.js', import.meta.url), {
      workerData: place,
    });
    this.#worker.on('message', (reply: JournalReply) => this.#answered(reply));
    this.#worker.on('error', (error: Error) => this.#fail(failedDisk(place.file, `its thread ended: ${error.message}`, error)));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(closedJournal(place.file));
        resolve();
      });
    });
  }

  /**
   * Opens the journal at `place.file`, or makes it.
   * @throws UnavailableError `STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED`, `STORE_BUSY`; RejectedError as a store does;
   *   FatalError `STORE_DAMAGED`
   */
  static async open(place: { readonly file: string; readonly purpose: string; readonly key: Bytes }): Promise<Journal> {
    const journal = new Journal({ file: place.file, purpose: place.purpose, key: place.key });
    try {
      await journal.#ask({ kind: 'open' });
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /**
   * Appends an entry of batch `n`; resolves once it is on the disk. Entries stand in the order of the calls.
   * @throws UnavailableError `STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED`; FatalError `STORE_DAMAGED`
   */
  append(n: number, text: string): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry: { n, text }, resolve, reject });
      // What the same turn of the event loop appends shares one sync.
      if (this.#waiting.length === 1 && !this.#writing) setImmediate(() => void this.#writeWaiting());
    });
  }

  /** All entries that are on the disk, in order. @throws FatalError `STORE_DAMAGED`; UnavailableError as `append` */
  async entries(): Promise<readonly JournalEntry[]> {
    return (await this.#ask({ kind: 'entries' })).entries ?? [];
  }

  /** Erases the entries of batches below this number. Once more does no harm. @throws as `append` */
  async erase(below: number): Promise<void> {
    await this.#ask({ kind: 'erase', below });
  }

  /** Bytes of all entries that are on the disk, encrypted, as of the last call that resolved. */
  bytes(): number {
    return this.#bytes;
  }

  /** Writes what waits, then ends the thread. A second call waits for the first. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #closeOnce(): Promise<void> {
    await this.#writeWaiting();
    this.#fail(closedJournal(this.#file));
    this.#worker.postMessage({ id: -1, kind: 'close' } satisfies JournalRequest);
    await this.#ended;
  }

  /** One group after the other, until none is left. */
  async #writeWaiting(): Promise<void> {
    while (this.#writing) await this.#idle();
    this.#writing = true;
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#ask({ kind: 'append', entries: group.map(({ entry }) => entry) });
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#writing = false;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }

  readonly #idlers: (() => void)[] = [];

  #idle(): Promise<void> {
    return new Promise((resolve) => void this.#idlers.push(resolve));
  }

  #ask(task: JournalTask): Promise<JournalReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...task } satisfies JournalRequest);
    });
  }

  #answered(reply: JournalReply): void {
    const asked = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    this.#bytes = reply.bytes ?? this.#bytes;
    if (reply.error === undefined) return asked?.resolve(reply);
    const error = errorOf(reply.error);
    asked?.reject(error);
    this.#fail(error);
  }

  /** The first failure is what everybody is told from then on. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#asked.values()) reject(this.#failure);
    this.#asked.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** An error's class does not survive the way between threads; its words do. */
function errorOf({ kind, code, message }: ToldError): Error {
  switch (kind) {
    case 'Rejected':
      return new RejectedError<StoreErrorCode>(code, message);
    case 'Unavailable':
      return new UnavailableError<StoreErrorCode>(code, message);
    case 'Fatal':
      return new FatalError<StoreErrorCode>(code, message);
  }
}
