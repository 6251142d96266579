import { type ErrorDetail, GatewayError } from '@hyperledger/fabric-gateway';
import { DcmbError, RejectedError, UnavailableError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';

/** Where on a transaction's way, or on a read's, something failed. */
export type FabricStage = 'propose' | 'endorse' | 'submit' | 'commitStatus' | 'evaluate' | 'events';

/** gRPC's status codes, as far as they are told apart. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** What grpc-js says of a call for which it had no connection: nothing was sent. */
const NOT_SENT = /No connection established|Name resolution failed|The channel has been closed/;
const CHAINCODE_RESPONSE = /chaincode response 500, (\{.*\})\s*$/s;
/** What a peer says that knows of no peer with this chaincode (yet). */
const NOT_FOUND_YET = /no combination of peers|no peers available|no endorsers|could not be found|discovery/i;
/** The gateway's own word, which it may give without naming a node: it was reached, no orderer was, or none has a leader. */
const ORDERERS = /no orderers? (could|nodes|available)|from orderer/i;
const ORDERER_REFUSES = /\b(BAD_REQUEST|FORBIDDEN|REQUEST_ENTITY_TOO_LARGE)\b/;
/** Peers at different heights gave different results. */
const NOT_THE_SAME = /do not match/;
const STRANGER = /access denied|creator org unknown|creator.{0,40}(malformed|not valid)|identity.{0,40}not/i;

/** The chaincode's faults, which are no refusals. */
const CERTIFICATION_AWAY = 'CERTIFICATION_UNAVAILABLE';
const CHAINCODE_FAULTS: readonly string[] = ['INTERNAL', CERTIFICATION_AWAY];

const LONGEST_QUOTE = 300;

/**
 * The contract's refusal, as the own organisation's peer gave it. What another organisation's peer says decides nothing: it may
 * lag behind, or lie.
 */
export function refusalOf(error: unknown, organisation: string): RejectedError<string> | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  const own = error.details.find(({ mspId, message }) => mspId === organisation && parseRefusal(message) !== undefined);
  const refusal = own === undefined ? undefined : parseRefusal(own.message);
  if (refusal === undefined || CHAINCODE_FAULTS.includes(refusal.code)) return undefined;
  return new RejectedError(refusal.code, refusal.message, { cause: error });
}

/** Some peer could not endorse because its certification chaincode does not answer. */
export function isCertificationAway(error: unknown): boolean {
  return error instanceof GatewayError && error.details.some(({ message }) => parseRefusal(message)?.code === CERTIFICATION_AWAY);
}

function parseRefusal(text: string): { code: string; message: string } | undefined {
  try {
    const { code, message } = JSON.parse(CHAINCODE_RESPONSE.exec(text)?.[1] ?? 'null') as Record<string, unknown>;
    return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
  } catch {
    return undefined;
  }
}

/** The peer that was asked could not be reached, or was lost: another one may answer. */
export function isTransportFault(error: unknown): error is GatewayError {
  if (!(error instanceof GatewayError) || error.details.length > 0 || ORDERERS.test(error.message)) return false;
  return [CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE].includes(error.code);
}

/** The call never left: whatever it was, it had no effect. */
export function isUnsent(error: unknown): boolean {
  return isTransportFault(error) && NOT_SENT.test(error.message);
}

/** An orderer refuses a transaction, and will however often it comes: it is too large, or its sender's certificate no longer counts. */
export function isRefusedByOrderer(error: unknown): boolean {
  return error instanceof GatewayError && ORDERER_REFUSES.test(textOf(error));
}

/** Peers have just started, or one has just gone: who endorses is not settled yet. */
export function isDiscoveryRace(error: unknown): boolean {
  return (
    error instanceof GatewayError && (error.code === FAILED_PRECONDITION || error.code === UNAVAILABLE) && NOT_FOUND_YET.test(textOf(error))
  );
}

/** Another organisation's peer has not got all blocks yet that the own one has. */
export function isLagOfOthers(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false;
  return NOT_THE_SAME.test(textOf(error)) || error.details.some(({ message }) => parseRefusal(message) !== undefined);
}

/** A peer does not take this identity for a member of the channel. */
export function isStranger(error: unknown): boolean {
  return error instanceof GatewayError && (error.code === PERMISSION_DENIED || STRANGER.test(textOf(error)));
}

/** Text of an error with what each node added to it. */
export function textOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return error instanceof Error ? error.message : 'unknown fault';
  const nodes = error.details.map(({ mspId, address, message }: ErrorDetail) => `${mspId} at ${address}: ${message}`);
  return [error.message, ...nodes].join('; ');
}

/** An error of a stage as the port gives it; what is one of ours already stays as it is. */
export function unavailable(code: LedgerErrorCode, stage: FabricStage, what: string, cause: unknown): DcmbError {
  if (cause instanceof DcmbError) return cause as DcmbError;
  const why = textOf(cause).replaceAll(/\s+/g, ' ').slice(0, LONGEST_QUOTE);
  return new UnavailableError<LedgerErrorCode>(code, `${what} (${why}).`, { cause, details: { stage } });
}

export function closed(): UnavailableError<LedgerErrorCode> {
  return new UnavailableError('CLOSED', 'The ledger is closed. Open it again.');
}
