import {
  type ClientSession,
  type DataType,
  type DataValueOptions,
  NumericRange,
  type StatusCode,
  type UserIdentityInfo,
  type Variant,
} from 'node-opcua';
import type { Clock } from '../../src/core/index.ts';
import { INSTANCE_URI, tagId } from '../../src/nodeset/index.ts';
import { type ApplicationIdentity, hashPassword, thumbprintOf, type UserEntry } from '../../src/server/identity/index.ts';
import {
  type AcceptedReading,
  type IngestChannel,
  type IngestConfig,
  type IngestHooks,
  type IngestServer,
  type IngestTag,
  startIngestServer,
} from '../../src/server/ingest/index.ts';
import type { Refusals } from '../../src/server/audit/index.ts';
import { ALARM_LIMITS } from '../support/alarm-limits.ts';
import { certificateUser, passwordUser, uaClient } from '../support/ua-client.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';

/** An instant on which all tests stand still. */
export const NOW_MS = Date.UTC(2026, 0, 1);

export class StandingClock implements Clock {
  ms = NOW_MS;
  now(): number {
    return this.ms;
  }
}

export const CHANNEL: IngestChannel = {
  name: 'press',
  channelId: 'c'.repeat(43),
  ledgerId: 'l'.repeat(43),
  agreementVersion: 1,
  intervalMs: 1000,
  alarmLimits: ALARM_LIMITS,
};

export type UserName = 'plc' | 'operator' | 'manufacturer' | 'auditor';

/** A running ingest server with one user for each role, and what reached the module behind it. */
export interface Ingest {
  readonly server: IngestServer;
  readonly own: ApplicationIdentity;
  /** The application that the server trusts. */
  readonly application: ApplicationIdentity;
  /** Identity of the user `plc`. */
  readonly plc: ApplicationIdentity;
  readonly clock: StandingClock;
  readonly accepted: AcceptedReading[];
  readonly refused: { tag: string; status: number }[];
  readonly anchors: string[];
  /** What the server told the module of its refusals. */
  readonly told: Refusals[];
  /** What the module throws instead of accepting or anchoring. */
  failure: Error | undefined;
  as(user: UserName): Promise<ClientSession>;
  asUser(info: UserIdentityInfo): Promise<ClientSession>;
  stop(): Promise<void>;
}

type IngestState = Pick<Ingest, 'accepted' | 'refused' | 'anchors' | 'told' | 'failure'>;

export const PASSWORD = 'a password for tests';

let made: Promise<[ApplicationIdentity, ApplicationIdentity, ApplicationIdentity]> | undefined;

/** Server, PLC and client application. Keys take long to make: once a test file. */
function identities(): NonNullable<typeof made> {
  made ??= Promise.all([testIdentity('ingest'), testIdentity('plc'), testIdentity('client')]);
  return made;
}

export interface IngestChoices {
  readonly tags: readonly IngestTag[];
  readonly config?: Partial<IngestConfig>;
  /** Called after a reading was noted as accepted: what it gives is the module's answer. */
  readonly taking?: IngestHooks['accept'];
}

export async function startIngest({ tags, config, taking }: IngestChoices): Promise<Ingest> {
  const [own, plc, application] = await identities();
  const entries = await userEntries(plc);
  const clock = new StandingClock();
  const state: IngestState = {
    accepted: [],
    refused: [],
    anchors: [],
    told: [],
    failure: undefined,
  };
  const server = await startIngestServer(
    {
      endpoint: { port: 0, host: '127.0.0.1', hostname: '127.0.0.1' },
      identity: own,
      trust: trusting(application.certificate),
      users: entries,
      clock,
      machine: { name: 'Press 4', manufacturer: 'Example Presses', serialNumber: '0815' },
      tags,
      channels: [CHANNEL],
      ...config,
    },
    hooksFor(state, taking),
  );
  const closers: (() => Promise<void>)[] = [];
  const asUser = async (info: UserIdentityInfo): Promise<ClientSession> => {
    const connection = uaClient(application, own);
    closers.push(() => connection.disconnect());
    await connection.connect(server.endpointUrl);
    return connection.createSession(info);
  };
  return Object.assign(state, {
    server,
    own,
    application,
    plc,
    clock,
    asUser,
    as: (user: UserName) => asUser(user === 'plc' ? certificateUser(plc) : passwordUser(user, PASSWORD)),
    stop: async () => {
      await Promise.all(closers.map((close) => close()));
      await server.stop();
    },
  });
}

function hooksFor(state: IngestState, taking: IngestHooks['accept'] = () => undefined): IngestHooks {
  const orFail = (): void => {
    if (state.failure !== undefined) throw state.failure;
  };
  return {
    accept: (reading) => {
      orFail();
      state.accepted.push(reading);
      return taking(reading);
    },
    refused: (tag, status) => state.refused.push({ tag, status }),
    refusals: (refusals) => void state.told.push(...refusals),
    anchor: async (channel) => {
      orFail();
      state.anchors.push(channel);
      return { batchId: 7 };
    },
  };
}

/** The PLC comes with a certificate, people with passwords. */
async function userEntries(plc: ApplicationIdentity): Promise<UserEntry[]> {
  const password = await hashPassword(PASSWORD);
  return [
    { name: 'plc', roles: ['Plc'], certificate: thumbprintOf(plc.certificate) },
    { name: 'operator', roles: ['Operator'], password },
    { name: 'manufacturer', roles: ['Manufacturer'], password },
    { name: 'auditor', roles: ['Auditor'], password },
  ];
}

/** Resolves one of instances.ts's ids against the session's server. */
export async function nodeIdOf(session: ClientSession, id: string, uri: string = INSTANCE_URI): Promise<string> {
  const namespaces = await session.readNamespaceArray();
  return `ns=${namespaces.indexOf(uri)};${id}`;
}

export async function write(session: ClientSession, tag: string, value: DataValueOptions, indexRange?: string): Promise<StatusCode> {
  const nodeId = await nodeIdOf(session, tagId(tag));
  const range = indexRange === '' ? emptyRange() : indexRange;
  return session.write({ nodeId, attributeId: 13, value, ...(range === undefined ? {} : { indexRange: range as never }) });
}

/** An IndexRange that is the empty string on the wire, as some clients send it: node-opcua's own sends null for none. */
export function emptyRange(): NumericRange {
  return Object.assign(new NumericRange(), { toEncodeableString: () => '' as never });
}

export function typed(dataType: DataType, value: unknown): { value: Variant } {
  return { value: { dataType, value } as Variant };
}
