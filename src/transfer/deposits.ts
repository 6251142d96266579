import { type Clock, fromBase64Url, type Random, RejectedError, toBase64Url } from '../core/index.ts';
import { type ConditionOpening, type Deposit, decodeRecord, sealDeposit } from '../evidence/index.ts';
import type { Commit, Ledger } from '../ledger/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import { isRefusal, isSpent, untilCommitted } from './persistent-submission.ts';

export interface DepositListener {
  /** @param commit undefined where an earlier run had put it on the ledger */
  deposited(n: number, commit: Commit | undefined): void;
  /** The delivery can't be deposited: it stays without an acknowledgement until the manufacturer receipts it. */
  impossible(n: number, why: string): void;
}

export interface DepositsParts {
  readonly terms: ChannelTerms;
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: DepositListener;
  /** True where the ledger is known to have a token set for the interval's epoch. */
  hasTokenSet(interval: number): boolean;
}

/** So many at most before other duties have their turn. */
const MOST_AT_ONCE = 8;

/**
 * Puts deliveries that got no receipt on the ledger, encrypted to the manufacturer: from that block on they count as
 * delivered. A crash between ledger and store does no harm: the ledger takes each once.
 */
export class Deposits {
  readonly #parts: DepositsParts;
  /** While the module was down, nobody could fetch from it: the manufacturer first has its time, ms since 1970. */
  readonly #notBeforeMs: number;
  /** What is below was dealt with since the start; saves looking at what can't be deposited again and again. */
  #from = 0;

  constructor(parts: DepositsParts) {
    this.#parts = parts;
    const { depositAfter, intervalMs } = parts.terms.params;
    this.#notBeforeMs = parts.clock.now() + depositAfter * intervalMs;
  }

  /**
   * Deposits what is due, oldest first: no receipt has come, and the interval that lies `depositAfter` behind the batch's is
   * anchored. Returns at the latest after a few, so that other duties go on.
   * @throws UnavailableError once the signal aborts while the ledger is away; RejectedError `DATED_AHEAD` where a clock is wrong
   */
  async depositDue(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    if (clock.now() < this.#notBeforeMs) return;
    for (let done = 0; done < MOST_AT_ONCE && !signal.aborted; done++) {
      const [batch] = store.awaitingReceipt(this.#from, 1);
      if (batch === undefined || !store.isIntervalAnchored(batch.through + this.#parts.terms.params.depositAfter)) return;
      await this.#deposit(batch, signal);
      this.#from = batch.n + 1;
    }
  }

  async #deposit(batch: StoredBatch, signal: AbortSignal): Promise<void> {
    const { listener, store } = this.#parts;
    const { n } = batch;
    if (!this.#parts.hasTokenSet(batch.interval))
      return listener.impossible(n, 'its epoch has no co-signed token set, so nothing commits to the key of a deposit.');
    try {
      const commit = await this.#submit(batch, signal);
      if (store.setDeposited(n)) listener.deposited(n, commit);
    } catch (error) {
      const hasToWait: boolean = isSpent(error);
      if (hasToWait || !(error instanceof RejectedError)) throw error;
      if (isRefusal(error, 'DEPOSIT_EXISTS')) {
        if (store.setDeposited(n)) listener.deposited(n, undefined);
      } else if (!isRefusal(error, 'ALREADY_RECEIPTED')) listener.impossible(n, error.message);
    }
  }

  #submit(batch: StoredBatch, signal: AbortSignal): Promise<Commit> {
    const { terms, ledger, random } = this.#parts;
    const body = { channel: toBase64Url(terms.channelId), n: batch.n, box: toBase64Url(depositBox(terms, batch)) };
    return untilCommitted(ledger, 'deposit', body, { firstDelayMs: 250, longestDelayMs: 5000, signal, random });
  }
}

/**
 * The delivery's condition part, encrypted under the key that the batch's own record names: that is the committed one, and it
 * is there also when the epoch's key is erased.
 */
function depositBox({ params }: ChannelTerms, { n, deliveryPackage }: StoredBatch): Uint8Array {
  const { delivery, conditions } = deliveryPackage as unknown as Deposit;
  return sealDeposit(params, batchKeyIn(n, conditions), { delivery, conditions });
}

function batchKeyIn(n: number, { leaves }: ConditionOpening): Uint8Array {
  for (const leaf of leaves) {
    const record = decodeRecord(fromBase64Url(leaf.record));
    if (record.kind === 'batchkey') return fromBase64Url(record.key);
  }
  throw new RangeError(`The delivery of batch ${n} has no batch key.`);
}
