import type { Argon2, Clock, Envelope, Json, Signer } from '../core/index.ts';
import type { BatchHeader, BatchStatement } from '../evidence/index.ts';
import type { ReceiverStore, StoredFinding } from '../store/index.ts';
import type { AnchorView, DepositSupport } from './anchor-view.ts';
import type { Grounds } from './dispute-grounds.ts';

/** The owner's module, as far as deliveries go. */
export interface DeliverySource {
  /** The package of a batch, or undefined where the module has none (yet, or any more). */
  fetchDelivery(n: number): Promise<Json | undefined>;
  /** What the module says of a batch: `deliveryState` and `header` among others; undefined where it says nothing. */
  getEvidence(n: number): Promise<Json | undefined>;
  acknowledge(receipt: Envelope): Promise<void>;
}

export interface ReceivedCondition {
  readonly n: number;
  readonly interval: number;
  readonly row: number;
  readonly toMs: number;
  /** Code of each stream at the interval's end. */
  readonly codes: readonly number[];
}

export interface InboxListener {
  /** Verified, stored, countersigned; actions may run now. */
  received(condition: ReceivedCondition, evidence: { readonly header: BatchHeader; readonly statement: BatchStatement }): void;
  acknowledged(n: number): void;
  finding(finding: StoredFinding): void;
}

export interface InboxPorts {
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly receiptKey: Signer;
  readonly store: ReceiverStore;
  readonly anchors: AnchorView;
  /** Keys of the actions that a verified batch causes, stored in the transaction that stores the batch. */
  actionKeys(condition: ReceivedCondition): readonly string[];
  /** Keeps a dispute to be anchored, with its proof. The same one again does no harm. */
  dispute(n: number, grounds: DisputeGrounds): void;
}

/** A dispute with whatever its proof needs beside it. */
export interface DisputeGrounds extends Grounds {
  readonly deposit?: DepositSupport;
}
