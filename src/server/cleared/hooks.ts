import type { Bytes, Json } from '../../core/index.ts';
import type { Refusals } from '../audit/index.ts';
import type { ClearedAudit, HistoryPoint, HistoryQuery, Unaudited } from './contract.ts';
import type { SupervisorEvent } from './supervisor.ts';

/**
 * What the module does for the clients. A RejectedError becomes BadInvalidArgument, undefined BadNotFound, anything else
 * BadResourceUnavailable; clients learn no more. Answers are needed within 8 s.
 */
export interface ClearedServerHooks {
  fetchDelivery(n: number): Promise<Json | undefined>;
  acknowledge(receiptEnvelope: Json): Promise<void>;
  getEvidence(n: number): Promise<Json | undefined>;
  epochProposal(k: number): Promise<Json | undefined>;
  countersigned(envelope: Json): Promise<void>;
  /** What was shown of a stream, in order; at most `most` points. What is due but was not shown is not in it. */
  history(query: HistoryQuery): Promise<readonly HistoryPoint[]>;
  /** A certificate, DER, that is not trusted, or is and was refused all the same. At most 30 a minute. */
  refusedCertificate(der: Bytes): void;
  /** For the log. */
  event?(event: ClearedServerEvent): void;
}

export type ClearedServerEvent =
  | SupervisorEvent
  /** A client wrote or called. At most 3000 a minute of what was done, 60 of what was refused. */
  | ({ readonly kind: 'audited' } & ClearedAudit)
  /** What was done or refused so often that it was only counted. */
  | { readonly kind: 'unaudited'; readonly unaudited: readonly Unaudited[] }
  /** What the server refused since it was last told, of all services. */
  | { readonly kind: 'refusals'; readonly refusals: readonly Refusals[] };
