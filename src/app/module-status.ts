import type { ModuleState } from '../nodeset/index.ts';
import type { ChannelOperation } from '../server/index.ts';

/** Why a module is not ready, or what it lacks although it is. */
export const REASONS = {
  STARTING: 'The module starts; it takes no values yet.',
  STOPPING: 'The module stops.',
  FAILED: 'The module has ended by a fault and must be started again; its log says why.',
  STORE_FAULT: 'The store can not be written: see the disk. The module goes on by itself.',
  CACHE_FULL: 'The cache for the manufacturer is full: no values are taken before receipts are back.',
  SUSPENDED: 'Too many batches have no receipt: nothing is cleared.',
  cacheFill: 'The cache for the manufacturer is filling up.',
  unsentAge: 'Batches wait for their receipts for too long.',
  receiverSilence: "The manufacturer's module has not called for too long.",
  ledgerLag: 'Batches wait for the ledger for too long.',
  LINK_DOWN: "The owner's module can't be reached; conditions come from the ledger alone.",
  DEAD_ACTIONS: 'Actions have failed for good: dcmb receive actions lists them.',
} as const;
export type Reason = keyof typeof REASONS;

/** What both modules say of themselves at one moment. */
interface StatusBase {
  /** Name of the channel in the configuration. */
  readonly channel: string;
  readonly state: ModuleState;
  /** Must be mended by a restart. */
  readonly hasFailed: boolean;
  /** Does its work: takes values, or fetches and verifies. */
  readonly isReady: boolean;
  /** Why it is not ready; empty where it is. */
  readonly reasons: readonly Reason[];
  /** What lacks although it is ready. */
  readonly notes: readonly Reason[];
}

/** The owner's module. */
export interface SenderStatus extends StatusBase, ChannelOperation {
  readonly role: 'owner';
}

/** The manufacturer's module. */
export interface ReceiverStatus extends StatusBase {
  readonly role: 'manufacturer';
  readonly isLinkUp: boolean;
  /** How long the link has been down, ms; 0 while it is up. */
  readonly linkDownMs: number;
  /** Numbers of batches on the ledger beyond the last one that was received or settled. */
  readonly batchesBehind: number;
  /** Receipts that the owner's module has not confirmed. */
  readonly unconfirmedReceipts: number;
  readonly findings: number;
  readonly waitingActions: number;
  readonly deadActions: number;
  /** ms since 1970; undefined where no block is known. */
  readonly lastBlockMs: number | undefined;
}

export type ModuleStatus = SenderStatus | ReceiverStatus;
