import { type Clock, type Json, type Random, RejectedError } from '../core/index.ts';
import { NO_TOKENS } from '../evidence/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import { isRefusal, pause, untilAvailable } from './persistent-submission.ts';

export interface AnchorListener {
  anchored(n: number, commit: Commit): void;
  /** The contract refused the header for good. */
  refused(n: number, error: unknown): void;
  ledgerUnavailable(error: Error, retryInMs: number): void;
  /** Anchoring ended by a fault of this module's own. */
  failed(error: unknown): void;
}

export interface AnchorOutboxParts {
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: AnchorListener;
  /** True where the ledger is known to have a token set for the interval's epoch. */
  hasTokenSet(interval: number): boolean;
  /** True once the seeds of the interval's epoch are committed to: no batch may be anchored before that. */
  areSeedsCommitted(interval: number): boolean;
}

/** Idle look at the store, for what another process or a missed wake-up left. */
const LONGEST_SLEEP_MS = 1000;
const SEEDS_AGAIN_MS = 50;

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
    while (!this.#stopped.signal.aborted) {
      this.#wake = new AbortController();
      const wait = await this.#submitDue();
      await pause(wait, this.#wake.signal);
    }
  }

  /** @returns how long until the next batch is due, ms */
  async #submitDue(): Promise<number> {
    for (const n of this.#parts.store.unanchored()) {
      const batch = this.#parts.store.batch(n);
      if (batch === undefined || this.#stopped.signal.aborted) break;
      const wait = batch.publishAtMs - this.#parts.clock.now();
      if (wait > 0) return Math.min(wait, LONGEST_SLEEP_MS);
      if (!this.#parts.areSeedsCommitted(batch.interval)) return SEEDS_AGAIN_MS;
      if (!(await this.#anchor(batch))) break;
    }
    return LONGEST_SLEEP_MS;
  }

  /** @returns false where the outbox was stopped before the outcome was known */
  async #anchor(batch: StoredBatch): Promise<boolean> {
    const withTokens = batch.row > 0 || this.#parts.hasTokenSet(batch.interval);
    let commit: Commit;
    try {
      commit = await this.#submitEither(batch, withTokens);
    } catch (error) {
      if (this.#stopped.signal.aborted) return false;
      if (!(error instanceof RejectedError)) throw error;
      this.#parts.store.setLedgerState(batch.n, 'Failed');
      this.#parts.listener.refused(batch.n, error);
      return true;
    }
    this.#parts.store.setLedgerState(batch.n, 'Anchored');
    this.#parts.listener.anchored(batch.n, commit);
    return true;
  }

  /** The contract alone knows whether a set is on the ledger at the moment of the commit; the header fits both ways. */
  async #submitEither(batch: StoredBatch, withTokens: boolean): Promise<Commit> {
    const stored = this.#parts.store.outgoing(batch.n);
    try {
      return await this.#submit(batch, stored === undefined ? undefined : { txId: stored.transactionId, bytes: stored.bytes }, withTokens);
    } catch (error) {
      if (isRefusal(error, 'TOKENS_REQUIRED')) return this.#submit(batch, undefined, true);
      if (isRefusal(error, 'NO_TOKEN_SET', 'UNCERTIFIED_TOKENS')) return this.#submit(batch, undefined, false);
      throw error;
    }
  }

  #submit(batch: StoredBatch, stored: PreparedTransaction | undefined, withTokens: boolean): Promise<Commit> {
    let prepared = stored;
    return untilAvailable(
      async () => {
        prepared ??= await this.#prepare(batch, withTokens);
        return this.#parts.ledger.submit(prepared);
      },
      {
        firstDelayMs: 250,
        longestDelayMs: 10_000,
        signal: this.#stopped.signal,
        random: this.#parts.random,
        onRetry: (error, delayMs) => this.#parts.listener.ledgerUnavailable(error, delayMs),
      },
    );
  }

  async #prepare(batch: StoredBatch, withTokens: boolean): Promise<PreparedTransaction> {
    const { tokens } = batch.deliveryPackage as { tokens: Json };
    const prepared = await this.#parts.ledger.prepare('anchor', {
      header: batch.header,
      tokens: withTokens ? tokens : NO_TOKENS,
    });
    this.#parts.store.setSubmitted(batch.n, { transactionId: prepared.txId, bytes: prepared.bytes });
    return prepared;
  }
}
