import { type OPCUAServer, type ServerSecureChannelLayer, type StatusCode, StatusCodes } from 'node-opcua';
import { isRefusal, MOST_REFUSALS, type Refusals, SERVICES } from './refusal-names.ts';

const TELL_EVERY_MS = 1000;

/** Counts refusals and tells them together, once a second at most: a client that is refused without end costs little. */
export class RefusalCounter {
  readonly #tell: (refusals: readonly Refusals[]) => void;
  readonly #counts = new Map<string, { service: string; status: string; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (refusals: readonly Refusals[]) => void) {
    this.#tell = tell;
  }

  count(service: string, status: string, by = 1): void {
    const key = `${service} ${status}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.count += by;
    else if (this.#counts.size < MOST_REFUSALS) this.#counts.set(key, { service, status, count: by });
    this.#timer ??= setTimeout(() => this.flush(), TELL_EVERY_MS).unref();
  }

  /** Tells what was counted, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counted = [...this.#counts.values()];
    this.#counts.clear();
    if (counted.length > 0) this.#tell(counted);
  }
}

/**
 * Results of these services can be the state of a value instead of a refusal: only codes that say no to the client count
 * (OPC UA Part 4, clause 7.38.2).
 */
const VALUE_SERVICES: ReadonlySet<string> = new Set(['Read', 'HistoryRead']);
const SAYS_NO: ReadonlySet<string> = new Set([
  'BadUserAccessDenied',
  'BadNotReadable',
  'BadNodeIdInvalid',
  'BadNodeIdUnknown',
  'BadAttributeIdInvalid',
  'BadIndexRangeInvalid',
  'BadIndexRangeNoData',
  'BadDataEncodingInvalid',
  'BadDataEncodingUnsupported',
  'BadTimestampsToReturnInvalid',
  'BadSecurityModeInsufficient',
  'BadContinuationPointInvalid',
  'BadHistoryOperationInvalid',
  'BadHistoryOperationUnsupported',
  'BadInvalidArgument',
  'BadInvalidTimestampArgument',
  'BadNotSupported',
]);

/** Of node-opcua's answers what is looked at here. */
interface AnyResponse {
  readonly schema: { readonly name: string };
  readonly responseHeader: { readonly serviceResult: StatusCode };
  readonly results?: readonly (StatusCode | { readonly statusCode?: StatusCode })[] | null;
}
type Interceptor = Parameters<ServerSecureChannelLayer['setResponseInterceptor']>[0];

/**
 * Counts what a server refuses, by service and status: whole requests, single operations of them, secure channels and
 * connections. Call it before the server starts.
 */
export function countRefusals(server: OPCUAServer, counter: RefusalCounter): void {
  // node-opcua's own interceptor does not hand on the request: a ServiceFault would not tell which service it is of.
  server.on('channelSecured', (channel: ServerSecureChannelLayer) => {
    const intercept: Interceptor = (_type, response, message) => {
      server.emit('response', response, channel);
      countResponse(counter, message?.request?.schema.name, response);
    };
    channel.setResponseInterceptor(intercept);
  });
  server.on('openSecureChannelFailure', () => counter.count('OpenSecureChannel', 'BadSecurityChecksFailed'));
  server.on('connectionRefused', () => counter.count('Connection', 'BadConnectionRejected'));
}

function countResponse(counter: RefusalCounter, request: string | undefined, response: AnyResponse): void {
  const name = (request ?? response.schema.name).replace(/(Request|Response)$/, '');
  const service = SERVICES.has(name) ? name : 'Other';
  const { serviceResult } = response.responseHeader;
  if (isBad(serviceResult)) counter.count(service, statusName(serviceResult));
  const isOfValues = VALUE_SERVICES.has(service);
  for (const result of response.results ?? []) {
    const status = 'statusCode' in result ? result.statusCode : (result as StatusCode);
    if (status === undefined || !isBad(status) || !isRefusal(status.name) || (isOfValues && !SAYS_NO.has(status.name))) continue;
    counter.count(service, statusName(status));
  }
}

/** `Bad` for a code that the specification does not list. */
export function statusName({ name }: StatusCode): string {
  return Object.hasOwn(StatusCodes, name) ? name : 'Bad';
}

function isBad(status: StatusCode): boolean {
  return status.value >>> 31 === 1;
}
