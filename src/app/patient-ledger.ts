import { type Json, RejectedError, UnavailableError } from '../core/index.ts';
import type { TransactionKind } from '../contract/index.ts';
import { pause } from '../transfer/index.ts';
import type { BlockInfo, Commit, Ledger, LedgerErrorCode, LedgerEvent, LedgerTransaction, PreparedTransaction } from '../ledger/index.ts';

/** Time between two attempts to open a ledger that was not there. */
const AGAIN_AFTER_MS = 500;
/** A network that gives no answer at all is no reason to start or to stop later than this. */
const OPENS_WITHIN_MS = 2000;

/** Whether an error of opening is a mistake that no wait would mend. */
export type IsMistake = (error: RejectedError<string>) => boolean;

/**
 * A ledger that need not be there: it is opened at the first call that finds it, and every call before that is
 * Unavailable, soon also where opening takes long. A module that has run before starts on it, seals and delivers, and anchors when the ledger is back.
 */
export class PatientLedger implements Ledger {
  readonly id: string;
  readonly organisation: string;
  readonly #open: () => Promise<Ledger>;
  readonly #isMistake: IsMistake;
  #ledger: Ledger | undefined;
  #opening: Promise<Ledger> | undefined;
  #again = 0;
  #since = 0;
  #lastError: unknown;
  #isClosed = false;

  constructor(id: string, organisation: string, open: () => Promise<Ledger>, isMistake: IsMistake) {
    this.id = id;
    this.organisation = organisation;
    this.#open = open;
    this.#isMistake = isMistake;
  }

  /**
   * Tries to open the ledger once. That it is not there, damaged or slow is no error.
   * @throws RejectedError where it is a mistake
   */
  async tryOpen(): Promise<void> {
    try {
      await this.#opened();
    } catch {
      const error = this.#lastError;
      if (error instanceof RejectedError && this.#isMistake(error as RejectedError<string>)) throw error;
    }
  }

  async prepare(kind: TransactionKind, body: Json): Promise<PreparedTransaction> {
    return (await this.#opened()).prepare(kind, body);
  }

  async submit(prepared: PreparedTransaction): Promise<Commit> {
    return (await this.#opened()).submit(prepared);
  }

  async statusOf(txId: string): Promise<Commit | undefined> {
    return (await this.#opened()).statusOf(txId);
  }

  async query(name: string, argument: Json): Promise<Json | undefined> {
    return (await this.#opened()).query(name, argument);
  }

  async *events(fromBlock: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
    yield* (await this.#opened()).events(fromBlock, signal);
  }

  async transaction(block: number, txId: string): Promise<LedgerTransaction | undefined> {
    return (await this.#opened()).transaction(block, txId);
  }

  async lastBlock(): Promise<BlockInfo> {
    return (await this.#opened()).lastBlock();
  }

  async blockInfo(number: number): Promise<BlockInfo | undefined> {
    return (await this.#opened()).blockInfo(number);
  }

  async blocks(from: number, to?: number): Promise<Json[]> {
    return (await this.#opened()).blocks(from, to);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#opening !== undefined) await this.#soon(this.#opening).catch(() => undefined);
    await this.#ledger?.close();
  }

  async #opened(): Promise<Ledger> {
    if (this.#ledger !== undefined) return this.#ledger;
    if (this.#isClosed) throw closed();
    if (this.#opening === undefined && performance.now() < this.#again) throw waitedFor(this.#lastError);
    this.#opening ??= this.#openOnce();
    return this.#soon(this.#opening);
  }

  /** What takes longer goes on, with nobody waiting for it. */
  async #soon(opening: Promise<Ledger>): Promise<Ledger> {
    const waited = new AbortController();
    try {
      const late = pause(Math.max(0, this.#since + OPENS_WITHIN_MS - performance.now()), waited.signal).then(() => undefined);
      const answered = opening.catch((error: unknown) => {
        throw waitedFor(error);
      });
      const ledger = await Promise.race([answered, late]);
      if (ledger !== undefined) return ledger;
      throw new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', 'The ledger gives no answer yet. It is waited for.');
    } finally {
      waited.abort();
    }
  }

  async #openOnce(): Promise<Ledger> {
    this.#since = performance.now();
    try {
      const ledger = await this.#open();
      if (this.#isClosed) await ledger.close();
      else this.#ledger = ledger;
      return ledger;
    } catch (error) {
      this.#lastError = error;
      this.#again = performance.now() + AGAIN_AFTER_MS;
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }
}

/** To those that call, a ledger that can't be opened is one that is away: it has refused nothing of theirs. */
function waitedFor(error: unknown): unknown {
  if (!(error instanceof RejectedError)) return error;
  const { code, message, details } = error as RejectedError<string>;
  return new UnavailableError<string>(code, message, { cause: error, details });
}

function closed(): UnavailableError<LedgerErrorCode> {
  return new UnavailableError('CLOSED', 'The ledger is closed. Open it again.');
}
