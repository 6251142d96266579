import { toHex, UnavailableError } from '../../src/core/index.ts';
import type { Ledger, LedgerErrorCode, PreparedTransaction } from '../../src/ledger/index.ts';

/** Which call fails, and whether it took effect before. */
export interface Fault {
  readonly operation: 'prepare' | 'submit' | 'statusOf' | 'query';
  readonly when: 'before' | 'after';
  readonly error?: Error;
}

/** A ledger behind a bad network: calls fail as told, each fault once, in the order given. */
export class FaultyLedger implements Ledger {
  readonly #ledger: Ledger;
  readonly #faults: Fault[];
  /** Bytes of each submission, in order, as hexadecimal. */
  readonly submitted: string[] = [];

  constructor(ledger: Ledger, faults: readonly Fault[] = []) {
    this.#ledger = ledger;
    this.#faults = [...faults];
  }

  get id(): string {
    return this.#ledger.id;
  }

  get organisation(): string {
    return this.#ledger.organisation;
  }

  get isMended(): boolean {
    return this.#faults.length === 0;
  }

  prepare(...args: Parameters<Ledger['prepare']>): ReturnType<Ledger['prepare']> {
    return this.#call('prepare', () => this.#ledger.prepare(...args));
  }

  submit(prepared: PreparedTransaction): ReturnType<Ledger['submit']> {
    this.submitted.push(toHex(prepared.bytes));
    return this.#call('submit', () => this.#ledger.submit(prepared));
  }

  statusOf(txId: string): ReturnType<Ledger['statusOf']> {
    return this.#call('statusOf', () => this.#ledger.statusOf(txId));
  }

  query(...args: Parameters<Ledger['query']>): ReturnType<Ledger['query']> {
    return this.#call('query', () => this.#ledger.query(...args));
  }

  events(fromBlock: number, signal: AbortSignal): ReturnType<Ledger['events']> {
    return this.#ledger.events(fromBlock, signal);
  }

  transaction(...args: Parameters<Ledger['transaction']>): ReturnType<Ledger['transaction']> {
    return this.#ledger.transaction(...args);
  }

  lastBlock(): ReturnType<Ledger['lastBlock']> {
    return this.#ledger.lastBlock();
  }

  blockInfo(number: number): ReturnType<Ledger['blockInfo']> {
    return this.#ledger.blockInfo(number);
  }

  blocks(from: number, to?: number): ReturnType<Ledger['blocks']> {
    return this.#ledger.blocks(from, to);
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  async #call<Result>(operation: Fault['operation'], call: () => Promise<Result>): Promise<Result> {
    const [next] = this.#faults;
    const fault = next?.operation === operation ? this.#faults.shift() : undefined;
    if (fault?.when === 'before') throw errorOf(fault, 'LEDGER_UNAVAILABLE');
    const result = await call();
    if (fault !== undefined) throw errorOf(fault, 'OUTCOME_UNKNOWN');
    return result;
  }
}

function errorOf({ error }: Fault, code: LedgerErrorCode): Error {
  return error ?? new UnavailableError(code, 'The network failed, as the test wants it.');
}
