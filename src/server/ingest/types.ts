import type { Clock, UaType, UaValue } from '../../core/index.ts';
import type { DeliveryState, LedgerState, ModuleState } from '../../nodeset/index.ts';
import type { Refusals } from '../audit/index.ts';
import type { Role, TrustSource, ApplicationIdentity, UserEntry } from '../identity/index.ts';
import type { SecureEndpoint } from '../secure-endpoint.ts';
import type { MachineIdentification } from '../machine-node.ts';
import type { AlarmLimits, ChannelOperation } from './operation-types.ts';

export type { MachineIdentification } from '../machine-node.ts';

/** Codes of errors that the ingest server raises. */
export type IngestErrorCode = 'BAD_INGEST_CONFIG' | 'PORT_IN_USE' | 'START_FAILED' | 'UNKNOWN_TAG' | 'UNKNOWN_CHANNEL';

/** Whose time counts for a tag, and how far a source timestamp may be off on arrival. */
export type IngestTimestamps =
  | { readonly use: 'server' }
  | {
      readonly use: 'source';
      /** Oldest, ms before the module's clock. */
      readonly maxAgeMs: number;
      /** Latest, ms after the module's clock. */
      readonly maxFutureMs: number;
    };

/** A raw source variable. A tag of a mapping policy has this form. */
export interface IngestTag {
  /** Unique; becomes part of the NodeId, so it stays for ever. */
  readonly name: string;
  readonly description?: string;
  readonly type: UaType;
  /** Elements of a tag that is an array, each of which has the type and range; a tag without is one value. */
  readonly length?: number | undefined;
  /** Least value accepted. */
  readonly minimum?: number | undefined;
  /** Greatest value accepted. */
  readonly maximum?: number | undefined;
  /** The only values accepted, where given. */
  readonly enumeration?: ReadonlyMap<number, string> | undefined;
  /** Longest String (in bytes of UTF-8) or ByteString accepted; 4096 where absent. */
  readonly maxBytes?: number;
  readonly timestamps: IngestTimestamps;
  /** Who may read the last value accepted in an interval, until that ends; nobody where absent. */
  readonly readableBy?: readonly Role[];
}

/** A channel as the operators see it. */
export interface IngestChannel {
  /** Unique; becomes part of the NodeId. */
  readonly name: string;
  readonly channelId: string;
  readonly ledgerId: string;
  readonly agreementVersion: number;
  readonly intervalMs: number;
  /** A grid point at which an interval begins, ms since 1970; 0 where absent. */
  readonly originMs?: number;
  readonly alarmLimits: AlarmLimits;
}

export interface IngestConfig {
  readonly endpoint: Omit<SecureEndpoint, 'applicationUri' | 'applicationName'>;
  readonly identity: ApplicationIdentity;
  readonly trust: TrustSource;
  /** Users who are neither Plc, Operator nor Auditor, and may read no tag, get no session. */
  readonly users: readonly UserEntry[];
  readonly clock: Clock;
  readonly machine: MachineIdentification;
  readonly tags: readonly IngestTag[];
  readonly channels: readonly IngestChannel[];
  /** Namespace of the instances; `urn:dcmb:instance` where absent. */
  readonly instanceUri?: string;
}

/** A value as offered by a write or a PLC's own server, its type not yet compared with the tag's. */
export interface OfferedReading {
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits. */
  readonly status: number;
  /** Source timestamp, ms since 1970; undefined where none was given. */
  readonly sourceMs: number | undefined;
}

/** Values of an array's elements, offered together. */
export interface OfferedArray {
  /** Undefined where there are none, with a status that is Bad. */
  readonly values: readonly UaValue[] | undefined;
  /** OPC UA StatusCode of all of them, unsigned 32 bits. */
  readonly status: number;
  /** Source timestamp of all of them, ms since 1970; undefined where none was given. */
  readonly sourceMs: number | undefined;
}

/** An accepted reading. `value` is undefined only where the status is Bad. */
export interface AcceptedReading {
  readonly tag: string;
  readonly value: UaValue | undefined;
  readonly status: number;
  readonly sourceMs: number;
  readonly acceptedMs: number;
}

/** What the ingest server asks of the module. */
export interface IngestHooks {
  /**
   * Takes a reading for good. The writer is told Good once it returns, or once the promise that it gives resolves; what it
   * throws, or rejects with, becomes the writer's status: Unavailable `BadResourceUnavailable`, Rejected `BadOutOfRange`,
   * all else `BadInternalError`. Readings are handed over in the order of their arrival, without a wait between them.
   */
  accept(reading: AcceptedReading): Promise<void> | void;
  /** Told of every refusal, with the StatusCode that the writer gets. If it throws, the writer gets `BadInternalError`. */
  refused?(tag: string, status: number): void;
  /** Told, once a second at most, what the server refused since it last told: of every service and every client. */
  refusals?(refusals: readonly Refusals[]): void;
  /** Asks for the open batch of a channel to be sealed on the call grid; answers with its number at once. */
  anchor(channel: string): Promise<{ readonly batchId: number }>;
}

/** How writing to a tag went since the start. */
export interface TagStatus {
  readonly lastStatus: number;
  /** ms since 1970 by the module's clock; undefined before the first. */
  readonly lastMs: number | undefined;
  readonly accepted: number;
  readonly refused: number;
}

export interface BatchView {
  readonly batchId: number;
  readonly gridMs: number;
  readonly ledgerState: LedgerState;
  readonly deliveryState: DeliveryState;
  /** Empty before it is submitted. */
  readonly transactionId: string;
}

/** Raised as an event of the channel. `reason` is a code of the ledger, never a text with data in it. */
export type BatchHappening = { readonly kind: 'sealed' | 'anchored' | 'receipted' } | { readonly kind: 'failed'; readonly reason: string };

export interface IngestServer {
  readonly endpointUrl: string;
  /**
   * Offers a reading that did not come as a write; it passes the same checks. Gives the StatusCode, 0 for accepted, at once
   * or when the module has taken it for good; the promise never rejects. @throws RejectedError `UNKNOWN_TAG`
   */
  feed(tag: string, offered: OfferedReading): number | Promise<number>;
  /** The same for all elements of an array tag together: all are taken or none. */
  feedArray(tag: string, offered: OfferedArray): number | Promise<number>;
  tagStatus(tag: string): TagStatus;
  /** `text` tells a person what lacks or went wrong; empty where nothing did. No raw values in it. */
  publishModuleState(state: ModuleState, text?: string): void;
  /** Shows the batch as the channel's last one, unless a newer one is shown, and raises the event. */
  publishBatch(channel: string, batch: BatchView, happening?: BatchHappening): void;
  /** Shows how a channel is doing, and raises its alarms where a level is another than before. */
  publishOperation(channel: string, operation: ChannelOperation): void;
  /** Takes a renewed certificate of the same application: for new secure channels, without a stop. @throws RejectedError `OWN_CERTIFICATE_UNFIT` */
  renew(identity: ApplicationIdentity): void;
  /** The trust source says something else than before: connections of those it does not accept now are closed. */
  trustChanged(): void;
  stop(): Promise<void>;
}
