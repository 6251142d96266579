import {
  CloseSessionRequest,
  CreateSessionRequest,
  CreateSessionResponse,
  type NodeId,
  type Request,
  type UserIdentityInfo,
} from 'node-opcua';
import { randomBytes } from 'node:crypto';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import type { Canaries } from './canaries.ts';
import { NODE_PROBES } from './node-probes.ts';
import { type Actor, search, type Tally } from './scene.ts';
import type { ServiceName } from './services.ts';
import { type Others, SESSION_PROBES, SESSIONLESS_PROBES } from './session-probes.ts';
import { type Answer, type Target, Wire, type WireOptions } from './wire.ts';

/** Services that need no session (OPC UA Part 4, clauses 5.5 and 5.7.2). */
const OPEN: ReadonlySet<ServiceName> = new Set(['GetEndpoints', 'FindServers', 'FindServersOnNetwork', 'RegisterServer']);
const NOT_OFFERED = ['BadServiceUnsupported'];
const NO_SESSION = ['BadSessionIdInvalid', ...NOT_OFFERED];
const ANOTHERS = ['BadSecureChannelIdInvalid', 'BadSessionIdInvalid', ...NOT_OFFERED];
const NOT_ACTIVE = ['BadSessionNotActivated', 'BadSessionIdInvalid', ...NOT_OFFERED];
const CLOSED = ['BadSessionIdInvalid', 'BadSessionClosed', ...NOT_OFFERED];
const NOBODY: Others = { subscriptionId: 1, monitoredItemId: 1, sequenceNumber: 1, continuationPoint: Buffer.from('none') };

/** A way to ask without a session of one's own. */
export interface Outsider {
  readonly name: string;
  readonly options?: WireOptions;
  /** What every service that needs a session has to answer. */
  readonly refusal: readonly string[];
  /** The token to ask with; made anew for each request. */
  token?(wire: Wire, insider: Wire): Promise<NodeId | undefined>;
}

export const OUTSIDERS: readonly Outsider[] = [
  { name: 'no session', refusal: NO_SESSION },
  { name: 'no security', options: { unsecured: true }, refusal: NO_SESSION },
  { name: "another's session", refusal: ANOTHERS, token: async (_wire, insider) => insider.token },
  {
    name: "another's session, no security",
    options: { unsecured: true },
    refusal: ANOTHERS,
    token: async (_wire, insider) => insider.token,
  },
  { name: 'session not activated', refusal: NOT_ACTIVE, token: (wire) => createdSession(wire) },
  { name: 'closed session', refusal: CLOSED, token: (wire) => closedSession(wire) },
];

interface Asked {
  readonly service: ServiceName;
  readonly about: string;
  readonly request: () => Request;
}

/** One request of each service and kind; about a node of the Server object, where it is about a node. */
function everyService(nodeId: string): Asked[] {
  const seen = new Set<ServiceName>();
  const once = NODE_PROBES.filter(({ service }) => !seen.has(service) && seen.add(service) !== undefined);
  return [
    ...once.map(({ service, about, request }) => ({ service, about, request: () => request(nodeId) })),
    ...[...SESSION_PROBES, ...SESSIONLESS_PROBES].map(({ service, about, request }) => ({
      service,
      about,
      request: () => request(NOBODY),
    })),
  ];
}

/** Asks a server for everything without a session of one's own. @param nodeId what is asked about, which exists */
export async function askAsOutsider(
  outsider: Outsider,
  insider: Wire,
  actor: Pick<Actor, 'name' | 'target' | 'own' | 'denied'>,
  nodeId: string,
  { canaries, tally }: { readonly canaries: Canaries; readonly tally: Tally },
): Promise<void> {
  const wire = await Wire.open(actor.own, actor.target, outsider.options);
  try {
    for (const { service, about, request } of everyService(nodeId)) {
      const token = await outsider.token?.(wire, insider);
      const answer = await wire.send(request(), token);
      tally.count(service, answer);
      // A session that was never activated may be closed by the client that made it.
      const isOpen = OPEN.has(service) || (service === 'CloseSession' && outsider.refusal === NOT_ACTIVE);
      const allowed = isOpen ? ['Good', ...outsider.refusal] : outsider.refusal;
      if (allowed.includes(answer.status)) continue;
      const what = `${about}: answered ${answer.status} instead of ${allowed.join(' or ')}`;
      tally.find({ detector: 'status', secret: 'any', actor: actor.name, service, what });
    }
    search(wire, actor, canaries, tally);
  } finally {
    await wire.close();
  }
}

async function createdSession(wire: Wire): Promise<NodeId | undefined> {
  const { response } = await createSession(wire);
  return response instanceof CreateSessionResponse ? response.authenticationToken : undefined;
}

async function closedSession(wire: Wire): Promise<NodeId | undefined> {
  const token = await createdSession(wire);
  if (token !== undefined) await wire.send(new CloseSessionRequest({}), token);
  return token;
}

function createSession(wire: Wire): Promise<Answer> {
  const { clientDescription, clientCertificate } = wire.description;
  return wire.send(
    new CreateSessionRequest({
      clientDescription,
      clientCertificate,
      clientNonce: randomBytes(32),
      endpointUrl: 'opc.tcp://localhost:1',
      sessionName: 'outsider',
      requestedSessionTimeout: 1000,
    }),
  );
}

/** Somebody who must not get a session. */
export interface Intruder {
  readonly name: string;
  readonly own: ApplicationIdentity;
  readonly user: UserIdentityInfo;
  readonly options?: WireOptions;
  /** What the server has to answer, when the channel is opened or when the session is activated. */
  readonly refusal: readonly string[];
}

/** Tries to get in, and looks at what the refusal tells. @returns the status and size of the last answer */
export async function intrude(
  intruder: Intruder,
  server: { readonly name: string; readonly target: Target },
  { canaries, tally }: { readonly canaries: Canaries; readonly tally: Tally },
  denied: Actor['denied'],
): Promise<string> {
  const actor = `${server.name}: ${intruder.name}`;
  let wire: Wire;
  let status: string;
  try {
    wire = await Wire.open(intruder.own, server.target, intruder.options);
  } catch (error) {
    status = /\bBad[A-Za-z]+/.exec(error instanceof Error ? error.message : '')?.[0] ?? 'Closed';
    tally.countOwn(['OpenSecureChannel'], status === 'Closed' ? 0 : 1);
    return judged(intruder, actor, status, 'OpenSecureChannel', tally);
  }
  try {
    status = await wire.login(intruder.user);
    const received = wire.received;
    const sent: ServiceName[] = ['CreateSession', 'ActivateSession'];
    // Without an answer to the first the second is not sent.
    tally.countOwn(sent.slice(0, Math.max(1, received)), received);
    search(wire, { name: actor, denied }, canaries, tally);
    return judged(intruder, actor, status, 'ActivateSession', tally);
  } finally {
    await wire.close();
  }
}

function judged({ refusal }: Intruder, actor: string, status: string, service: ServiceName, tally: Tally): string {
  if (status === 'Good') tally.find({ detector: 'login', secret: 'any', actor, service, what: 'got a session' });
  else if (!refusal.includes(status)) {
    tally.find({ detector: 'status', secret: 'any', actor, service, what: `refused with ${status} instead of ${refusal.join(' or ')}` });
  }
  return status;
}
