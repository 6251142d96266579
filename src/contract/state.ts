import type { Json, JsonObject } from '../core/index.ts';

/** Kinds of transaction, in the order in which a channel's life needs them. */
export const TRANSACTION_KINDS = [
  'registerKey',
  'revokeKey',
  'useKey',
  'openChannel',
  'seedCommitment',
  'epochRecord',
  'anchor',
  'receipt',
  'deposit',
  'dispute',
  'overdue',
  'epochProposal',
  'epochObjection',
] as const;
export type TransactionKind = (typeof TRANSACTION_KINDS)[number];

/** What the contract asks of a ledger. Reads see committed state only: a transaction never sees its own writes. */
export interface StateReader {
  get(key: string): Promise<Json | undefined>;
  /** Reads another contract's state; on Fabric another chaincode's, so that the read conflicts with its changes. */
  foreign(contract: 'certification', key: string): Promise<Json | undefined>;
}

/** A reader with a buffer for writes, which the caller commits only if the contract returns. */
export interface ContractState extends StateReader {
  put(key: string, value: Json): void;
}

export interface ContractContext {
  /** The organisation that sent the transaction: told by the ledger, never by an argument. */
  readonly creator: string;
  /** The transaction's own time, ms since 1970 UTC: its sender's claim, which the ledger takes only close to `nowMs`. */
  readonly timeMs: number;
  /**
   * The ledger's time, ms since 1970 UTC: the block's on the embedded ledger, the endorser's clock on Fabric. It decides
   * what is refused and nothing else, so that two endorsers with two clocks never give two results.
   */
  readonly nowMs: number;
  readonly ledgerId: string;
}

export interface Transaction {
  readonly kind: TransactionKind;
  readonly body: Json;
}

/** The one event of a transaction, of the same form whatever the transaction says. */
export interface ContractEvent {
  readonly kind: TransactionKind;
  /** Channel id, or empty where the transaction concerns none. */
  readonly channel: string;
  readonly body: JsonObject;
}

/** State held in memory: for replaying a chain and for tests. */
export class MemoryState implements StateReader {
  readonly #entries = new Map<string, Json>();
  readonly #certification: ReadonlyMap<string, Json>;

  /** @param certification the certification contract's state by key; empty where there is no such contract */
  constructor(certification: ReadonlyMap<string, Json> = new Map()) {
    this.#certification = certification;
  }

  get(key: string): Promise<Json | undefined> {
    return Promise.resolve(this.#entries.get(key));
  }

  foreign(_contract: 'certification', key: string): Promise<Json | undefined> {
    return Promise.resolve(this.#certification.get(key));
  }

  apply(writes: Iterable<readonly [string, Json]>): void {
    for (const [key, value] of writes) this.#entries.set(key, value);
  }

  entries(): IterableIterator<[string, Json]> {
    return this.#entries.entries();
  }
}

/** Buffers one transaction's writes over a reader. Reads go to the reader alone, as they do on Fabric. */
export class TransactionState implements ContractState {
  readonly #reader: StateReader;
  readonly writes = new Map<string, Json>();

  constructor(reader: StateReader) {
    this.#reader = reader;
  }

  get(key: string): Promise<Json | undefined> {
    return this.#reader.get(key);
  }

  foreign(contract: 'certification', key: string): Promise<Json | undefined> {
    return this.#reader.foreign(contract, key);
  }

  put(key: string, value: Json): void {
    this.writes.set(key, value);
  }
}

/** Writes that are not committed yet, over a reader: what the next transaction of the same block reads. */
export class BlockState implements StateReader {
  readonly #reader: StateReader;
  readonly writes = new Map<string, Json>();

  constructor(reader: StateReader) {
    this.#reader = reader;
  }

  get(key: string): Promise<Json | undefined> {
    const written = this.writes.get(key);
    return written === undefined ? this.#reader.get(key) : Promise.resolve(written);
  }

  foreign(contract: 'certification', key: string): Promise<Json | undefined> {
    return this.#reader.foreign(contract, key);
  }

  apply(writes: Iterable<readonly [string, Json]>): void {
    for (const [key, value] of writes) this.writes.set(key, value);
  }
}
