import { type CallMethodResult, type DataType, type Variant } from 'node-opcua';
import { DcmbError } from '../core/index.ts';
import { rejected, statusNameOf, unavailable } from './errors.ts';
import type { SessionView } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { withinTime } from './session.ts';

/** A method by its name, its node and the object on which it is called. */
export interface MethodAddress {
  readonly name: string;
  readonly objectId: string;
  readonly methodId: string;
}

export type MethodArgument =
  { readonly dataType: DataType.UInt32; readonly value: number } | { readonly dataType: DataType.String; readonly value: string };

const NOTHING_THERE: ReadonlySet<string> = new Set([
  'BadNoData',
  'BadNoDataAvailable',
  'BadNotFound',
  'BadNoEntryExists',
  'BadWaitingForInitialData',
]);
const DENIALS: ReadonlySet<string> = new Set(['BadUserAccessDenied', 'BadNotExecutable', 'BadSecurityModeInsufficient']);
const TEMPORARY: ReadonlySet<string> = new Set([
  'BadTimeout',
  'BadRequestTimeout',
  'BadServerHalted',
  'BadShutdown',
  'BadTooManyOperations',
  'BadTcpServerTooBusy',
  'BadResourceUnavailable',
  'BadServerTooBusy',
  'BadOutOfService',
]);

/**
 * Calls a method (OPC UA Part 4, clause 5.12.2) and gives its output arguments.
 * @throws RejectedError `NOT_THERE`, `DENIED`, `CALL_REFUSED`
 * @throws UnavailableError `NOT_CONNECTED`, `TIMED_OUT`, `CALL_REFUSED`
 */
export async function callMethod(
  view: SessionView,
  options: LinkOptions,
  method: MethodAddress,
  inputs: readonly MethodArgument[],
): Promise<Variant[]> {
  const request = { objectId: view.nodeId(method.objectId), methodId: view.nodeId(method.methodId), inputArguments: [...inputs] };
  let result: CallMethodResult;
  try {
    result = await withinTime(view.session.call(request), options);
  } catch (cause) {
    throw explainLost(cause, method.name, options);
  }
  if (!result.statusCode.isGood()) throw explainRefusal(result.statusCode.name, method.name, options);
  return result.outputArguments ?? [];
}

function explainLost(cause: unknown, name: string, options: LinkOptions): Error {
  if (cause instanceof DcmbError) return cause;
  const status = statusNameOf(cause);
  if (status === 'BadTimeout' || (cause instanceof Error && /time ?out/i.test(cause.message))) {
    return unavailable('TIMED_OUT', `${options.endpointUrl} did not answer the call of ${name} in time. Calling again is safe.`, { cause });
  }
  if (DENIALS.has(status) || NOTHING_THERE.has(status)) return explainRefusal(status, name, options);
  const why = status === '' ? '' : ` (${status})`;
  return unavailable(
    'NOT_CONNECTED',
    `The connection to ${options.endpointUrl} broke during the call of ${name}${why}. It is being restored.`,
    { cause },
  );
}

function explainRefusal(status: string, name: string, options: LinkOptions): Error {
  const at = `${options.endpointUrl}`;
  const details = { method: name, status };
  if (NOTHING_THERE.has(status)) return rejected('NOT_THERE', `${at} has nothing for this call of ${name} (${status}).`, { details });
  if (DENIALS.has(status))
    return rejected('DENIED', `${at} does not let this user call ${name} (${status}). Its operator gives the roles.`, { details });
  if (TEMPORARY.has(status))
    return unavailable('CALL_REFUSED', `${at} cannot answer ${name} at the moment (${status}). Try again later.`, { details });
  return rejected('CALL_REFUSED', `${at} refused the call of ${name} (${status}).`, { details });
}
