import {
  type CallMethodResultOptions,
  DataType,
  type ISessionContext,
  StatusCodes,
  type UAMethod,
  type UAObject,
  type Variant,
} from 'node-opcua';
import { hasCode } from '../../core/index.ts';
import type { MessagePipe } from '../pipe/index.ts';
import { type ChildSays, METHOD_NAMES, type MethodName, type ModuleSays } from './contract.ts';

/** Below the 10 s after which common clients give up. */
const ANSWER_WITHIN_MS = 8000;
/** A receipt has about half a kilobyte, an epoch record with 64 token roots about ten. */
const LONGEST_DOCUMENT = 256 * 1024;

export type ModulePipe = MessagePipe<ChildSays, ModuleSays>;
type Work = (pipe: ModulePipe, argument: unknown) => Promise<string | undefined>;

const WORK: Readonly<Record<MethodName, Work>> = {
  FetchDelivery: async (pipe, n) => firstOf(await pipe.request('fetchDelivery', { n: Number(n) }, ANSWER_WITHIN_MS)),
  GetEvidence: async (pipe, n) => firstOf(await pipe.request('getEvidence', { n: Number(n) }, ANSWER_WITHIN_MS)),
  FetchEpochRecord: async (pipe, k) => firstOf(await pipe.request('epochProposal', { k: Number(k) }, ANSWER_WITHIN_MS)),
  Acknowledge: async (pipe, receipt) => {
    await pipe.request('acknowledge', { receipt: String(receipt) }, ANSWER_WITHIN_MS);
    return '';
  },
  CountersignEpochRecord: async (pipe, envelope) => {
    await pipe.request('countersigned', { envelope: String(envelope) }, ANSWER_WITHIN_MS);
    return '';
  },
};
const GIVES_NOTHING: ReadonlySet<MethodName> = new Set(['Acknowledge', 'CountersignEpochRecord']);

/** The channel's methods that are there, by name. */
export function methodsOf(channel: UAObject): ReadonlyMap<MethodName, UAMethod> {
  const methods = new Map<MethodName, UAMethod>();
  for (const name of METHOD_NAMES) {
    const method = channel.getMethodByName(name);
    if (method !== null) methods.set(name, method);
  }
  return methods;
}

/**
 * Lets the module answer the channel's methods. A client learns a status and nothing else of what went wrong: what the
 * module refuses is BadInvalidArgument, what it does not have BadNotFound, what it cannot do now BadResourceUnavailable.
 */
export function bindMethods(channel: UAObject, pipe: ModulePipe): void {
  for (const [name, method] of methodsOf(channel)) {
    // node-opcua goes by the number of parameters.
    method.bindMethod((inputs: Variant[], _context: ISessionContext): Promise<CallMethodResultOptions> => call(name, pipe, inputs));
  }
}

async function call(name: MethodName, pipe: ModulePipe, inputs: readonly Variant[]): Promise<CallMethodResultOptions> {
  const argument: unknown = inputs[0]?.value;
  if (typeof argument !== 'number' && (typeof argument !== 'string' || argument.length === 0 || argument.length > LONGEST_DOCUMENT)) {
    return { statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults: [StatusCodes.BadOutOfRange] };
  }
  try {
    const found = await WORK[name](pipe, argument);
    if (found === undefined) return { statusCode: StatusCodes.BadNotFound };
    return { statusCode: StatusCodes.Good, outputArguments: GIVES_NOTHING.has(name) ? [] : [{ dataType: DataType.String, value: found }] };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): CallMethodResultOptions {
  if (hasCode(error, 'PEER_REFUSED'))
    return { statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults: [StatusCodes.BadInvalidArgument] };
  return { statusCode: hasCode(error, 'PIPE_TIMEOUT') ? StatusCodes.BadRequestTimeout : StatusCodes.BadResourceUnavailable };
}

function firstOf(answer: { readonly found: readonly string[] }): string | undefined {
  return answer.found[0];
}
