import type { Envelope, Json } from '../core/index.ts';

/** States of a batch towards the ledger, the same names in OPC UA and on the command line. */
export type LedgerState = 'Sealed' | 'Submitted' | 'Anchored' | 'Failed';
/** States of a batch towards the receiver. */
export type DeliveryState = 'Waiting' | 'Delivered' | 'Receipted' | 'Deposited' | 'Disputed' | 'Expired';
/** Every state of a delivery but `Receipted`, in SQL: named one by one, the index finds them. */
export const UNRECEIPTED = `'Waiting', 'Delivered', 'Deposited', 'Disputed', 'Expired'`;

/** Everything that a seal fixes of a batch. */
export interface SealedBatch {
  readonly n: number;
  readonly interval: number;
  readonly through: number;
  readonly row: number;
  readonly headerHash: string;
  readonly header: Envelope;
  readonly deliveryHash: string;
  /** What `FetchDelivery` gives, as JSON. */
  readonly deliveryPackage: Json;
  /** Batch seed, 32 bytes. */
  readonly seed: Uint8Array;
  /** What a later disclosure needs: readings of each tag, as JSON. */
  readonly payload: string;
  /** Condition code of each stream at the interval's end. */
  readonly codes: readonly number[];
  /** Codes of the interval's earlier publications, as [publication][stream]; absent where there are none. */
  readonly within?: readonly (readonly number[])[];
  /** From here on it may be seen and fetched, ms since 1970. */
  readonly publishAtMs: number;
  /** The earlier drops that the batch's gap record names; undefined where it names none. */
  readonly drops?: BatchRange | undefined;
}

/** Batch numbers, both included. */
export interface BatchRange {
  readonly fromBatch: number;
  readonly toBatch: number;
}

/** What the next seal starts from. Stored in the transaction that seals a batch. */
export interface ChannelProgress {
  readonly nextBatch: number;
  /** Interval in which the next reading falls, and how many batches of it are sealed. */
  readonly interval: number;
  readonly row: number;
  /** Where the next batch begins, ms since 1970: after a call that is within the interval. */
  readonly fromMs: number;
  readonly prev: string;
  /** State of the seed ratchet at `interval`, base64url. */
  readonly ratchet: string;
  /** Oldest epoch key that is still kept, base64url, and its epoch. */
  readonly epochKey: string;
  readonly epoch: number;
  /** Next sequence number of each tag. */
  readonly sequences: readonly number[];
  /** Snapshot of the clearing, which outlives a call batch and a restart. */
  readonly clearing: Json;
  /** Codes shown already in the interval that runs: number of the publication, code of each stream. */
  readonly published?: readonly (readonly [publication: number, codes: readonly number[]])[];
}

/** A batch without what opens it, see `SenderStore.opening`. */
export interface StoredBatch extends Omit<SealedBatch, 'seed' | 'payload' | 'drops' | 'within'> {
  readonly ledgerState: LedgerState;
  readonly deliveryState: DeliveryState;
  readonly transactionId: string;
  readonly receipt: Envelope | undefined;
}

/** A ledger transaction that was prepared: its bytes are stored before they are submitted, and resubmitted as they are. */
export interface OutgoingTransaction {
  readonly transactionId: string;
  readonly bytes: Uint8Array;
}
