import { RejectedError } from '../core/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';
import type { Claim, ReceiverStore } from '../store/index.ts';
import { isSpent, isUnavailable } from './persistent-submission.ts';

/** The proposal is settled, by this side's answer or by another version of the record. */
const PROPOSAL_ANSWERED: readonly string[] = ['RECORD_EXISTS', 'TOKEN_SET_EXISTS', 'OBJECTION_EXISTS', 'NO_PROPOSAL'];
/** The ledger has it already, or it needs it no more. */
const DONE: readonly string[] = ['DISPUTE_EXISTS', 'OVERDUE_EXISTS', 'BATCH_PRESENT', 'RECEIPT_EXISTS', ...PROPOSAL_ANSWERED];
/** It does not take it yet. */
const LATER: readonly string[] = ['NOT_ANCHORED', 'RECORD_GAP', 'NO_CHANNEL', 'NOT_DUE', 'KEY_NOT_LOGGED'];

export interface ClaimListener {
  /** @param commit undefined where the ledger had it already */
  done(claim: Claim, commit: Commit | undefined): void;
  /** The ledger refuses it for good. */
  refused(claim: Claim, code: string): void;
}

/**
 * Sends to the ledger what the receiver claims there, each once: the transaction is stored before it is sent, and after a
 * crash the same bytes are sent again.
 */
export class LedgerClaims {
  readonly #ledger: Pick<Ledger, 'prepare' | 'submit'>;
  readonly #store: ReceiverStore;
  readonly #listener: ClaimListener;
  /** Claims whose transaction was spent the last time. */
  readonly #spent = new Set<string>();

  constructor(ledger: Pick<Ledger, 'prepare' | 'submit'>, store: ReceiverStore, listener: ClaimListener) {
    this.#ledger = ledger;
    this.#store = store;
    this.#listener = listener;
  }

  /**
   * Sends what is open. One that the ledger does not take yet stays.
   * @throws UnavailableError the ledger is away: try again; what was spent, where it was the last time as well: a clock is wrong
   */
  async serve(signal: AbortSignal): Promise<void> {
    let spent: Error | undefined;
    for (const claim of this.#store.openClaims()) {
      if (signal.aborted) return;
      try {
        await this.#send(claim);
      } catch (error) {
        if (!isSpent(error)) throw error;
        spent ??= error;
      }
    }
    if (spent !== undefined) throw spent;
  }

  async #send(claim: Claim): Promise<void> {
    const prepared = storedTransaction(claim) ?? (await this.#prepare(claim));
    if (prepared === undefined) return;
    const commit = await this.#ask(claim, () => this.#ledger.submit(prepared));
    if (commit !== undefined) this.#done(claim, commit);
  }

  /** @returns undefined where the ledger refuses to have it prepared */
  async #prepare(claim: Claim): Promise<PreparedTransaction | undefined> {
    const prepared = await this.#ask(claim, () => this.#ledger.prepare(claim.kind, claim.body));
    if (prepared !== undefined) this.#store.setClaimSubmitted(claim.id, prepared.txId, prepared.bytes);
    return prepared;
  }

  /** @returns undefined where the ledger refused, and the claim is settled by that */
  async #ask<Answer>(claim: Claim, call: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await call();
    } catch (error) {
      if (isSpent(error)) this.#prepareAnew(claim, error);
      else if (isUnavailable(error) || !(error instanceof RejectedError)) throw error;
      else this.#refused(claim, (error as RejectedError<string>).code);
      return undefined;
    }
  }

  /** One that waited through a long outage is made anew at the next call. */
  #prepareAnew({ id }: Claim, error: Error): void {
    this.#store.settleClaim(id, 'due');
    if (this.#spent.has(id)) throw error;
    this.#spent.add(id);
  }

  #refused(claim: Claim, code: string): void {
    if (LATER.includes(code)) return this.#store.settleClaim(claim.id, 'due');
    if (DONE.includes(code)) return this.#done(claim, undefined);
    this.#store.settleClaim(claim.id, 'refused');
    this.#listener.refused(claim, code);
  }

  #done(claim: Claim, commit: Commit | undefined): void {
    this.#spent.delete(claim.id);
    this.#store.settleClaim(claim.id, 'done');
    this.#listener.done(claim, commit);
  }
}

function storedTransaction({ transaction, transactionId }: Claim): PreparedTransaction | undefined {
  return transaction === undefined ? undefined : { txId: transactionId, bytes: transaction };
}
