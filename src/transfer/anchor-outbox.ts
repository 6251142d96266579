import { type Bytes, type Clock, type Random, toBase64Url } from '../core/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import { anchorBatch } from './anchor-batch.ts';
import { pause } from './persistent-submission.ts';

export interface AnchorListener {
  /** A step towards the ledger is stored. */
  step(kind: 'submitted' | 'refused' | 'anchored' | 'failed', n: number): void;
  anchored(n: number, commit: Commit): void;
  /** The contract refused the header for good. */
  refused(n: number, error: unknown): void;
  /** It is tried again: the ledger does not answer, or refuses for a reason of its own. */
  ledgerUnavailable(error: Error, retryInMs: number): void;
  /** Anchoring ended by a fault of this module's own. */
  failed(error: unknown): void;
}

export interface AnchorOutboxParts {
  readonly store: SenderStore;
  readonly ledger: Ledger;
  /** Id of the channel, 32 bytes. */
  readonly channel: Bytes;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: AnchorListener;
  /** True where the ledger is known to have a token set for the interval's epoch. */
  hasTokenSet(interval: number): boolean;
  /** True once nothing stands in the way: the seeds of the interval's epoch are committed to before any of its batches is anchored. */
  mayAnchor(interval: number): boolean;
}

/** Idle look at the store, for what another process or a missed wake-up left. */
const LONGEST_SLEEP_MS = 1000;
const AGAIN_MS = 100;

/**
 * Brings sealed batches onto the ledger, in order, each at its publication time. The transaction's bytes are stored
 * before they are submitted; after a crash or a lost answer the same bytes go again, so a batch is anchored once.
 */
export class AnchorOutbox {
  readonly #parts: AnchorOutboxParts;
  readonly #stopped = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: AnchorOutboxParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => this.#parts.listener.failed(error));
  }

  /** Something new stands in the store. */
  wake(): void {
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped()) {
      this.#wake = new AbortController();
      const wait = await this.#submitDue();
      if (!this.#isStopped()) await pause(wait, this.#wake.signal);
    }
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** @returns how long until the next batch is due, ms */
  async #submitDue(): Promise<number> {
    for (const n of this.#parts.store.unanchored()) {
      const batch = this.#parts.store.batch(n);
      if (batch === undefined || this.#isStopped()) break;
      const wait = batch.publishAtMs - this.#parts.clock.now();
      if (wait > 0) return Math.min(wait, LONGEST_SLEEP_MS);
      if (!this.#parts.mayAnchor(batch.interval)) return AGAIN_MS;
      await this.#anchor(batch);
    }
    return LONGEST_SLEEP_MS;
  }

  /** Resolves once the ledger's word is stored, or the outbox was stopped. */
  async #anchor(batch: StoredBatch): Promise<void> {
    const { store, listener, ledger, random, channel } = this.#parts;
    const { n } = batch;
    const outgoing = store.outgoing(n);
    const stored = outgoing === undefined ? undefined : { txId: outgoing.transactionId, bytes: outgoing.bytes };
    const outcome = await anchorBatch(batch, stored, batch.row > 0 || this.#parts.hasTokenSet(batch.interval), {
      ledger,
      random,
      channel: toBase64Url(channel),
      signal: this.#stopped.signal,
      persist: (prepared) => this.#persist(n, prepared),
      givenUp: () => listener.step('refused', n),
      retry: (error, delayMs) => listener.ledgerUnavailable(error, delayMs),
    });
    if (outcome === undefined) return;
    if ('anchored' in outcome) this.#anchored(n, outcome.anchored);
    else this.#refused(n, outcome.refused);
  }

  #persist(n: number, { txId, bytes }: PreparedTransaction): void {
    this.#parts.store.setSubmitted(n, { transactionId: txId, bytes });
    this.#parts.listener.step('submitted', n);
  }

  #anchored(n: number, commit: Commit): void {
    const { store, listener } = this.#parts;
    store.setLedgerState(n, 'Anchored', commit.txId);
    listener.step('anchored', n);
    listener.anchored(n, commit);
  }

  #refused(n: number, error: unknown): void {
    const { store, listener } = this.#parts;
    store.setLedgerState(n, 'Failed');
    listener.step('failed', n);
    listener.refused(n, error);
  }
}
