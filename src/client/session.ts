import { randomUUID } from 'node:crypto';
import {
  AttributeIds,
  type ClientSession,
  InMemoryCertificateKeyPairProvider,
  MessageSecurityMode,
  OPCUAClient,
  type OPCUAClientOptions,
  SecurityPolicy,
  type TransferSubscriptionsResponse,
  VariableIds,
} from 'node-opcua';
import { DcmbError } from '../core/index.ts';
import { silenceStackLog } from '../nodeset/index.ts';
import { WHY_REFUSED } from './certificate-refusals.ts';
import { rejected, statusNameOf, unavailable } from './errors.ts';
import { privateKeyOf, userIdentityOf } from './identity.ts';
import { identityOf, type LinkOptions, userOf } from './link-options.ts';
import { PeerTrustStore } from './peer-trust-store.ts';

/** One client with one session, as long as it can be resumed. */
export interface OpenSession {
  readonly session: ClientSession;
  readonly namespaces: readonly string[];
  /** False once node-opcua has replaced the session by a new one: what hung on the old one may be gone. */
  sameSession(): boolean;
  /**
   * True where the session was replaced and the server, not restarted since, has moved every subscription to the new one
   * (TransferSubscriptions, OPC UA Part 4, clause 5.14.7): what it had queued still comes. Rejects where it can't be asked.
   */
  transferred(): Promise<boolean>;
  close(): Promise<void>;
}

export interface SessionEvents {
  lost(): void;
  /** A connection is there again; ask `sameSession`. */
  restored(): void;
  /** It will not come back by itself. */
  broken(): void;
}

/** Refused attempts follow one another without a pause in node-opcua; so many are let pass before we take over. */
const REFUSED_ATTEMPTS = 3;
/** Closing an unreachable server's session can hang; its own time-out ends it there. */
const CLOSE_WITHIN_MS = 3_000;
const SERVER_START_TIME = `i=${VariableIds.Server_ServerStatus_StartTime}`;

/** @throws RejectedError or UnavailableError, see ClientErrorCode */
export async function openSession(options: LinkOptions, events: SessionEvents): Promise<OpenSession> {
  silenceStackLog();
  const store = new PeerTrustStore(options.trust, options.endpointUrl);
  const client = OPCUAClient.create(clientOptions(options, store));
  try {
    await withinTime(client.connect(options.endpointUrl), options);
    const session = await withinTime(client.createSession(userIdentityOf(userOf(options))), options);
    const namespaces = await withinTime(session.readNamespaceArray(), options);
    const startTime = await withinTime(startTimeOf(session), options);
    const transfer = watchTransfer(session);
    watch(client, session, events);
    const sessionId = session.sessionId.toString();
    return {
      session,
      namespaces,
      sameSession: () => session.sessionId.toString() === sessionId,
      transferred: async () => transfer.isWhole() && (await withinTime(startTimeOf(session), options)) === startTime,
      close: () => closeClient(client, session),
    };
  } catch (error) {
    await closeClient(client, undefined);
    throw explain(error, options, store);
  }
}

function clientOptions(options: LinkOptions, store: PeerTrustStore): OPCUAClientOptions {
  const identity = identityOf(options);
  return {
    applicationName: identity.applicationName,
    applicationUri: identity.applicationUri,
    clientName: identity.applicationName,
    certificateKeyPairProvider: new InMemoryCertificateKeyPairProvider(
      [Buffer.from(identity.certificate)],
      privateKeyOf(identity.privateKeyPem),
    ),
    clientCertificateManager: store,
    securityMode: MessageSecurityMode.SignAndEncrypt,
    securityPolicy: SecurityPolicy[options.securityPolicy ?? 'Basic256Sha256'],
    // The advertised host may be one that only the server's own network resolves.
    endpointMustExist: false,
    // With 0 node-opcua would not resume a lost session either.
    connectionStrategy: { maxRetry: 1, initialDelay: options.retryFirstMs ?? 250, maxDelay: options.retryMostMs ?? 10_000 },
    defaultTransactionTimeout: timeoutOf(options),
    requestedSessionTimeout: 60_000,
    keepSessionAlive: true,
  };
}

function watch(client: OPCUAClient, session: ClientSession, events: SessionEvents): void {
  let refused = 0;
  client.on('connection_lost', () => {
    refused = 0;
    events.lost();
  });
  client.on('reconnection_attempt_has_failed', () => {
    refused += 1;
    if (refused === REFUSED_ATTEMPTS) events.broken();
  });
  client.on('connection_reestablished', () => events.restored());
  client.on('close', () => events.broken());
  session.on('session_closed', () => events.broken());
}

/** When the server started, as text. One that does not tell has started at no known time, which is no time that returns. */
async function startTimeOf(session: ClientSession): Promise<string> {
  const { value } = await session.read({ nodeId: SERVER_START_TIME, attributeId: AttributeIds.Value });
  return value.value instanceof Date ? value.value.toISOString() : `unknown ${randomUUID()}`;
}

interface TransferringSession {
  transferSubscriptions(
    request: unknown,
    callback: (error: Error | null | undefined, response?: TransferSubscriptionsResponse) => void,
  ): void;
}

/**
 * Looks at what the server answers when node-opcua asks it to move the subscriptions to a new session. Their ids alone do
 * not tell: one made anew by a restarted server may get the old number, and then node-opcua reports no change.
 */
function watchTransfer(session: ClientSession): { isWhole(): boolean } {
  const transferring = session as unknown as TransferringSession;
  const ask = transferring.transferSubscriptions.bind(session);
  let whole = false;
  transferring.transferSubscriptions = (request, callback) =>
    ask(request, (error, response) => {
      const results = response?.results ?? [];
      whole = !error && results.length > 0 && results.every(({ statusCode }) => statusCode.isGood());
      callback(error, response);
    });
  return { isWhole: () => whole };
}

async function closeClient(client: OPCUAClient, session: ClientSession | undefined): Promise<void> {
  client.removeAllListeners('close');
  session?.removeAllListeners('session_closed');
  const closing = (async () => {
    await session?.close(true).catch(() => undefined);
    await client.disconnect().catch(() => undefined);
  })();
  await Promise.race([closing, pause(CLOSE_WITHIN_MS)]);
}

export function timeoutOf(options: LinkOptions): number {
  return options.requestTimeoutMs ?? 10_000;
}

/** @throws UnavailableError `TIMED_OUT` */
export async function withinTime<T>(work: Promise<T>, options: LinkOptions): Promise<T> {
  const limit = timeoutOf(options);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = unavailable('TIMED_OUT', `${options.endpointUrl} gave no answer within ${limit} ms. Try again, or raise the time limit.`);
    timer = setTimeout(() => reject(error), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/** One sentence that tells the person what to do; node-opcua's own text stays as the cause. */
function explain(cause: unknown, options: LinkOptions, store: PeerTrustStore): Error {
  if (cause instanceof DcmbError) return cause;
  const url = options.endpointUrl;
  const refused = store.refused;
  if (refused?.verdict === 'untrusted' || refused?.verdict === 'chainIncomplete') {
    const { thumbprint } = refused;
    return rejected(
      'SERVER_CERTIFICATE_UNTRUSTED',
      `The certificate ${thumbprint} of ${url} is not trusted yet. Compare the thumbprint with its owner, then trust it by dcmb trust add.`,
      { cause, details: { thumbprint } },
    );
  }
  if (refused !== undefined) {
    return rejected(
      'SERVER_CERTIFICATE_REFUSED',
      `The certificate ${refused.thumbprint} of ${url} is refused: ${WHY_REFUSED[refused.verdict]}`,
      {
        cause,
        details: { thumbprint: refused.thumbprint },
      },
    );
  }
  return explainStatus(cause, url);
}

function explainStatus(cause: unknown, url: string): Error {
  const status = statusNameOf(cause);
  switch (status) {
    case 'BadSecurityChecksFailed':
    case 'BadCertificateUntrusted':
    case 'BadCertificateUriInvalid':
    case 'BadCertificateTimeInvalid':
    case 'BadCertificateUseNotAllowed':
    case 'BadCertificateRevocationUnknown':
      return rejected(
        'CLIENT_CERTIFICATE_REFUSED',
        `${url} does not accept our application certificate (${status}). Its operator has to trust it.`,
        { cause },
      );
    case 'BadIdentityTokenRejected':
    case 'BadIdentityTokenInvalid':
    case 'BadUserAccessDenied':
    case 'BadUserSignatureInvalid':
      return rejected(
        'USER_REFUSED',
        `${url} does not accept the user (${status}). Check name and password, or have the user certificate entered there.`,
        {
          cause,
        },
      );
    default:
  }
  const text = cause instanceof Error ? cause.message : '';
  if (/user token policy in end point/i.test(text)) {
    return rejected('USER_REFUSED', `${url} takes no user of this kind. Configure a password or a user certificate.`, { cause });
  }
  if (/Cannot find an Endpoint|cannot find endpoint/i.test(text)) {
    return rejected('NO_SECURE_ENDPOINT', `${url} has no endpoint with SignAndEncrypt and the configured security policy.`, { cause });
  }
  const why = status === '' ? '' : ` (${status})`;
  return unavailable('SERVER_NOT_REACHABLE', `${url} cannot be reached${why}. Check that it runs and that host and port are right.`, {
    cause,
  });
}
