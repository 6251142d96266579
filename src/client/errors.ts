import { type ErrorDetails, RejectedError, UnavailableError } from '../core/index.ts';

export type ClientErrorCode =
  /** Our own certificate's private key cannot be read. */
  | 'BAD_IDENTITY'
  /** Nothing answers at the endpoint URL, or the answer is not OPC UA. */
  | 'SERVER_NOT_REACHABLE'
  /** The server's certificate is not in our trust list. */
  | 'SERVER_CERTIFICATE_UNTRUSTED'
  /** The server's certificate is expired, not yet valid, too weak or not readable. */
  | 'SERVER_CERTIFICATE_REFUSED'
  /** The server does not trust our application certificate. */
  | 'CLIENT_CERTIFICATE_REFUSED'
  /** The server knows no such user, or the password or user certificate is wrong. */
  | 'USER_REFUSED'
  /** The server offers no endpoint with SignAndEncrypt and the chosen security policy. */
  | 'NO_SECURE_ENDPOINT'
  /** The connection is down at the moment. */
  | 'NOT_CONNECTED'
  /** The server did not answer in time. */
  | 'TIMED_OUT'
  /** The server's namespace array lacks a namespace that a node id names. */
  | 'NAMESPACE_UNKNOWN'
  /** A node id in the configuration is not of the form `nsu=<uri>;s=<name>`. */
  | 'BAD_NODE_ID'
  /** The server has no such node, or this user may not monitor it. */
  | 'NODE_REFUSED'
  /** This user may not do that. */
  | 'DENIED'
  /** The server refused a method call for another reason. */
  | 'CALL_REFUSED'
  /** The server has not (yet) got what was asked for. */
  | 'NOT_THERE'
  /** The two modules speak no common version of the protocol. */
  | 'NO_COMMON_VERSION'
  /** The server's answer does not have the agreed form. */
  | 'BAD_ANSWER';

export function rejected(
  code: ClientErrorCode,
  message: string,
  options?: { cause?: unknown; details?: ErrorDetails },
): RejectedError<ClientErrorCode> {
  return new RejectedError(code, message, options);
}

export function unavailable(
  code: ClientErrorCode,
  message: string,
  options?: { cause?: unknown; details?: ErrorDetails },
): UnavailableError<ClientErrorCode> {
  return new UnavailableError(code, message, options);
}

/** What node-opcua throws: an Error whose status sits in one of three places, or only in its text. */
interface ForeignError extends Error {
  readonly statusCode?: { readonly name?: string };
  readonly response?: { readonly responseHeader?: { readonly serviceResult?: { readonly name?: string } } };
}

/** Name of the OPC UA status code that an error of node-opcua carries, or an empty text. */
export function statusNameOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const foreign: ForeignError = error;
  const named = foreign.statusCode?.name ?? foreign.response?.responseHeader?.serviceResult?.name;
  return named ?? /\b(?:Bad|Uncertain)[A-Z][A-Za-z]+/.exec(error.message)?.[0] ?? '';
}
