import type { Clock, Json } from '../core/index.ts';
import { NO_TOKENS } from '../evidence/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import { isRefusal, pause, untilAvailable } from './persistent-submission.ts';

export interface AnchorListener {
  anchored(n: number, commit: Commit): void;
  /** The contract refused the header for good. */
  refused(n: number, error: unknown): void;
  ledgerUnavailable(error: Error, retryInMs: number): void;
}

/** Idle look at the store, for what another process or a missed wake-up left. */
const LONGEST_SLEEP_MS = 1000;

/**
 * Brings sealed batches onto the ledger, in order, each at its publication time. The transaction's bytes are stored
 * before they are submitted; after a crash or a lost answer the same bytes go again, so a batch is anchored once.
 */
export class AnchorOutbox {
  readonly #store: SenderStore;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #listener: AnchorListener;
  readonly #hasTokenSet: (interval: number) => boolean;
  readonly #stopped = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;

  constructor(store: SenderStore, ledger: Ledger, clock: Clock, hasTokenSet: (interval: number) => boolean, listener: AnchorListener) {
    this.#store = store;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#hasTokenSet = hasTokenSet;
    this.#listener = listener;
  }

  start(): void {
    this.#running ??= this.#run();
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
    for (const n of this.#store.unanchored()) {
      const batch = this.#store.batch(n);
      if (batch === undefined || this.#stopped.signal.aborted) break;
      const wait = batch.publishAtMs - this.#clock.now();
      if (wait > 0) return Math.min(wait, LONGEST_SLEEP_MS);
      if (!(await this.#anchor(batch))) break;
    }
    return LONGEST_SLEEP_MS;
  }

  async #anchor(batch: StoredBatch): Promise<boolean> {
    const withTokens = batch.row > 0 || this.#hasTokenSet(batch.interval);
    try {
      const commit = await this.#submitEither(batch, withTokens);
      this.#store.setLedgerState(batch.n, 'Anchored');
      this.#listener.anchored(batch.n, commit);
      return true;
    } catch (error) {
      if (this.#stopped.signal.aborted) return false;
      this.#store.setLedgerState(batch.n, 'Failed');
      this.#listener.refused(batch.n, error);
      return true;
    }
  }

  /** The contract alone knows whether a set is on the ledger at the moment of the commit; the header fits both ways. */
  async #submitEither(batch: StoredBatch, withTokens: boolean): Promise<Commit> {
    const stored = this.#store.outgoing(batch.n);
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
        return this.#ledger.submit(prepared);
      },
      {
        firstDelayMs: 250,
        longestDelayMs: 10_000,
        signal: this.#stopped.signal,
        onRetry: (error, delayMs) => this.#listener.ledgerUnavailable(error, delayMs),
      },
    );
  }

  async #prepare(batch: StoredBatch, withTokens: boolean): Promise<PreparedTransaction> {
    const { tokens } = batch.deliveryPackage as { tokens: Json };
    const prepared = await this.#ledger.prepare('anchor', { header: batch.header, tokens: withTokens ? tokens : (NO_TOKENS as unknown as Json) });
    this.#store.setSubmitted(batch.n, { transactionId: prepared.txId, bytes: prepared.bytes });
    return prepared;
  }
}
