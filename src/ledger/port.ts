import type { Bytes, Envelope, Json } from '../core/index.ts';
import type { ContractEvent, TransactionKind } from '../contract/index.ts';

/** Why a ledger itself, not the contract, refuses or fails. Refusals by the contract keep the contract's codes. */
export type LedgerErrorCode =
  /** The ledger's file is absent, or its network can't be reached. */
  | 'LEDGER_UNAVAILABLE'
  /** Other writers held the ledger for too long; nothing was committed. */
  | 'LEDGER_BUSY'
  /** The transaction may or may not be committed: ask `statusOf`, or submit the same bytes again. */
  | 'OUTCOME_UNKNOWN'
  /** Fabric: too few organisations endorsed. Nothing was sent; prepare again later. */
  | 'NOT_ENDORSED'
  /** Fabric: an endorser's certification chaincode gives it no answer. Nothing was sent; prepare again later. */
  | 'CERTIFICATION_UNAVAILABLE'
  /** Fabric: no orderer took the transaction. Submit the same bytes again later. */
  | 'NOT_ORDERED'
  /** Fabric: the transaction stands in a block, marked invalid, or the orderers refuse it for good. It is spent: prepare another one. */
  | 'INVALIDATED'
  /** The ledger has another id than the one expected. */
  | 'OTHER_LEDGER'
  /** The organisation or its key is not in the genesis. */
  | 'NOT_A_MEMBER'
  /** The file is no ledger, or of another schema version. */
  | 'NOT_A_LEDGER'
  | 'LEDGER_EXISTS'
  /** What is stored contradicts itself. */
  | 'LEDGER_CORRUPT'
  /** The bytes are not a transaction of this ledger's, signed by a member. */
  | 'BAD_TRANSACTION'
  | 'TRANSACTION_TOO_LARGE'
  /** The transaction's time is too far ahead of the committing clock. */
  | 'TIME_AHEAD'
  /** The committing clock lags behind the last block by more than the skew allowed. */
  | 'CLOCK_BEHIND_LEDGER'
  /** Fabric: the connection profile can't be used. */
  | 'BAD_PROFILE'
  /** Fabric: certificate, key or token can't be used. */
  | 'BAD_IDENTITY'
  | 'CLOSED';

/** A transaction that is ready to be sent. Persist it before `submit`: the same bytes may be sent again after a crash. */
export interface PreparedTransaction {
  readonly txId: string;
  readonly bytes: Bytes;
}

export interface BlockInfo {
  readonly number: number;
  /** 43 characters. */
  readonly hash: string;
  /** Time that the ledger gives the block, ms since 1970 UTC; 0 for block 0. */
  readonly timeMs: number;
}

/** Where a transaction was committed the first time. */
export interface Commit {
  readonly txId: string;
  readonly block: BlockInfo;
  readonly event: ContractEvent;
}

export interface LedgerEvent {
  readonly block: BlockInfo;
  readonly txId: string;
  /** Organisation that sent the transaction. */
  readonly creator: string;
  readonly event: ContractEvent;
}

/** A committed transaction with what it says. */
export interface LedgerTransaction {
  readonly txId: string;
  readonly creator: string;
  readonly kind: TransactionKind;
  readonly body: Json;
  /** The signed envelope, where the ledger keeps one that verifies by itself; on Fabric only the chain shows who sent it. */
  readonly envelope?: Envelope;
}

/**
 * What every ledger promises; docs/ledger.md says it in full. One instance serves one organisation. On a network each organisation
 * reads from peers of its own: it sees its own commits at once, and another one's soon.
 */
export interface Ledger {
  /** 43 characters, see `ledgerIdOf`. */
  readonly id: string;
  readonly organisation: string;

  /**
   * Makes and signs a transaction that has no effect yet. The time in it is this moment's. On Fabric that takes the network:
   * organisations endorse it, and what the contract refuses is refused here.
   * @throws RejectedError with the contract's code; `TRANSACTION_TOO_LARGE`
   * @throws UnavailableError on Fabric, `LEDGER_UNAVAILABLE`, `NOT_ENDORSED`: nothing was sent, prepare again later
   */
  prepare(kind: TransactionKind, body: Json): Promise<PreparedTransaction>;

  /**
   * Sends a prepared transaction and waits until it is committed. The same bytes again give the first commit.
   * @throws RejectedError with the contract's or the ledger's code; nothing of the transaction is left behind
   * @throws UnavailableError `LEDGER_UNAVAILABLE`, `LEDGER_BUSY`, `CLOCK_BEHIND_LEDGER`, `NOT_ORDERED`: not committed, submit
   * again later; `OUTCOME_UNKNOWN`; `INVALIDATED`: never to be committed, prepare another one
   */
  submit(prepared: PreparedTransaction): Promise<Commit>;

  /** The commit of a transaction, or `undefined` where it is not committed (yet). */
  statusOf(txId: string): Promise<Commit | undefined>;

  /** Reads committed state by a query of the contract. */
  query(name: string, argument: Json): Promise<Json | undefined>;

  /**
   * All events from a block on, in order, each once, then those to come, until the signal aborts; then it ends without an
   * error. All events of a block come one after another. The caller has seen the blocks before.
   */
  events(fromBlock: number, signal: AbortSignal): AsyncIterable<LedgerEvent>;

  /** A committed transaction by its block, or `undefined` where that block has none of this id (yet). */
  transaction(block: number, txId: string): Promise<LedgerTransaction | undefined>;

  lastBlock(): Promise<BlockInfo>;

  /** One block by its number, or `undefined` where the ledger has none (yet). */
  blockInfo(number: number): Promise<BlockInfo | undefined>;

  /** Blocks as parsed JSON, both ends included, in the form of this kind of ledger: for audit exports. */
  blocks(from: number, to?: number): Promise<Json[]>;

  /** Ends event streams and waits for submissions under way. */
  close(): Promise<void>;
}
