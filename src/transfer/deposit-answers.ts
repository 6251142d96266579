import type { Clock, Envelope } from '../core/index.ts';
import type { VerifiedBatch } from '../evidence/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import type { DepositReader, JunkDeposit } from './deposit-reader.ts';

export interface DepositAnswersParts {
  readonly deposits: DepositReader;
  readonly store: ReceiverStore;
  readonly clock: Clock;
  /** Agreed time for a receipt, ms. */
  readonly receiptWithinMs: number;
  sign(n: number, verified: VerifiedBatch): Promise<Envelope>;
  /** What was deposited is not the delivery. */
  refuse(n: number, junk: JunkDeposit): Promise<void>;
}

/** With what the manufacturer answers a deposit on the ledger. Silence would count against it. */
export class DepositAnswers {
  readonly #parts: DepositAnswersParts;
  /** Since when a deposit waits for what precedes it, ms since 1970. A restart counts anew. */
  readonly #sinceMs = new Map<number, number>();

  constructor(parts: DepositAnswersParts) {
    this.#parts = parts;
  }

  /**
   * The receipt of the batch, however it came. Two batches get one although they are not stored as received: an exception
   * stays one, but counts as delivered from its deposit on; and one that waits for others which the owner does not give must
   * not wait longer than the agreement lets this side. Both can be read from the ledger again.
   * @returns undefined where the batch is still to be taken, or the deposit is disputed
   * @throws UnavailableError the ledger is away
   */
  async receiptFor(n: number): Promise<Envelope | undefined> {
    const { store, deposits } = this.#parts;
    const given = store.batch(n)?.receipt;
    if (given !== undefined) this.#sinceMs.delete(n);
    if (given !== undefined || (store.exception(n) === undefined && !this.#hasWaited(n))) return given;
    const read = await deposits.read(n);
    if (read?.kind === 'delivery') return this.#parts.sign(n, read.verified);
    if (read !== undefined) await this.#parts.refuse(n, read);
    return undefined;
  }

  #hasWaited(n: number): boolean {
    const { clock, receiptWithinMs } = this.#parts;
    const sinceMs = this.#sinceMs.get(n) ?? clock.now();
    this.#sinceMs.set(n, sinceMs);
    return Math.abs(clock.now() - sinceMs) > receiptWithinMs / 2;
  }
}
