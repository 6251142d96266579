import { type AddressSpace, type ClientSession, type OPCUAClient, OPCUAServer, type UAVariable } from 'node-opcua';
import { systemClock } from '../../src/platform/index.ts';
import { resolveNodeId } from '../../src/client/namespaces.ts';
import { tagId, toVariant } from '../../src/nodeset/index.ts';
import { type ApplicationIdentity, hashPassword, thumbprintOf } from '../../src/server/identity/index.ts';
import { type AcceptedReading, type IngestServer, startIngestServer } from '../../src/server/ingest/index.ts';
import { ALARM_LIMITS } from '../support/alarm-limits.ts';
import { certificateUser, passwordUser, uaClient } from '../support/ua-client.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';
import type { Canaries } from './canaries.ts';
import { CanarySource, READABLE_TAG, TAGS, THRESHOLDS } from './canary-policy.ts';
import { OWNER_USERS } from './leak-plant.ts';
import { type Actor, type AskedNode, type Scene, twinOf } from './scene.ts';

/** A server of ours that runs in this process, so that a test can put back what it had closed. */
export interface RunningInProcess {
  readonly server: OPCUAServer;
  readonly space: AddressSpace;
  /** Index of the namespace of instances. */
  readonly instances: number;
  /** Calls back after each accepted reading. */
  readonly onReading: (listener: (reading: AcceptedReading) => void) => void;
}

/** Puts one known leak back. Called before the server listens. */
export type Reopen = (running: RunningInProcess) => void;

export const PASSWORD = 'a password for tests';
/** What a tag tells besides its value; asked about for the first tag only. */
const CHILDREN = ['LastTime', 'AcceptedCount'] as const;

interface Identities {
  readonly server: ApplicationIdentity;
  readonly plc: ApplicationIdentity;
  readonly prober: ApplicationIdentity;
}

let made: Promise<Identities> | undefined;

/** Keys take long to make: once a process. */
function identities(): Promise<Identities> {
  made ??= Promise.all(['ingest', 'plc', 'prober'].map((name) => testIdentity(name))).then(([server, plc, prober]) => ({
    server: server!,
    plc: plc!,
    prober: prober!,
  }));
  return made;
}

/** An ingest server in this process, with a PLC that writes canaries; with one leak put back, or with none. */
export class InProcessScene implements Scene {
  readonly canaries: Canaries;
  readonly actors: readonly Actor[];
  /** May see how writing goes. */
  readonly operator: Actor;
  readonly running: RunningInProcess;
  readonly #ingest: IngestServer;
  readonly #source: CanarySource;
  readonly #plc: { readonly client: OPCUAClient; readonly session: ClientSession };
  readonly #namespaces: readonly string[];

  private constructor(parts: {
    canaries: Canaries;
    actors: readonly Actor[];
    operator: Actor;
    running: RunningInProcess;
    ingest: IngestServer;
    plc: { readonly client: OPCUAClient; readonly session: ClientSession };
    namespaces: readonly string[];
  }) {
    this.canaries = parts.canaries;
    this.actors = parts.actors;
    this.operator = parts.operator;
    this.running = parts.running;
    this.#ingest = parts.ingest;
    this.#plc = parts.plc;
    this.#namespaces = parts.namespaces;
    this.#source = new CanarySource(parts.canaries);
  }

  static async start(canaries: Canaries, reopen: Reopen = () => undefined): Promise<InProcessScene> {
    const { server: own, plc, prober } = await identities();
    const { ingest, running } = await startCaptured(await identities(), reopen);
    const client = uaClient(plc, own);
    await client.connect(ingest.endpointUrl);
    const session = await client.createSession(certificateUser(plc));
    const namespaces = await session.readNamespaceArray();
    const target = { port: portOf(ingest), certificate: own.certificate };
    for (const name of Object.values(OWNER_USERS)) canaries.addText('users', name);
    canaries.addText('users', thumbprintOf(plc.certificate));
    const actor = (role: string, name: string, denied: Actor['denied']): Actor => ({
      name: `in process: ${role}`,
      target,
      own: prober,
      user: passwordUser(name, PASSWORD),
      ownName: name,
      denied,
      mayWrite: role === 'plc',
    });
    const actors = [
      actor('plc', OWNER_USERS.plc, ['values', 'writeTimes', 'writeCounts', 'readingCounts', 'thresholds', 'users']),
      // Told by audit events who wrote to which tag, and never what.
      actor('auditor', 'auditor', ['values', 'writeTimes', 'thresholds']),
      actor('reader of one tag', 'reader', ['values', 'writeTimes', 'writeCounts', 'readingCounts', 'thresholds', 'tags', 'users']),
    ];
    const operator = actor('operator', OWNER_USERS.operator, ['values', 'writeTimes', 'thresholds', 'users']);
    return new InProcessScene({ canaries, actors, operator, running, ingest, plc: { client, session }, namespaces });
  }

  async write(each: number): Promise<void> {
    const writes = this.#source.next(each).map(({ nodeId, value, sourceMs }) => ({
      nodeId: resolveNodeId(nodeId, this.#namespaces),
      attributeId: 13,
      value: { value: toVariant(value), ...(sourceMs === undefined ? {} : { sourceTimestamp: new Date(sourceMs) }) },
    }));
    const results = await this.#plc.session.write(writes);
    const refused = results.find((status) => status.isNotGood());
    if (refused !== undefined) throw new Error(`A canary was refused: ${refused.name}.`);
  }

  nodesFor(actor: Actor): readonly AskedNode[] {
    const visibility = actor.denied.includes('tags') ? 'hidden' : 'denied';
    const at = (local: string): string => `ns=${this.running.instances};${local}`;
    const asked = (id: string, name: string): AskedNode => ({ id: at(id), twin: at(twinOf(id, name)), visibility });
    const [first, second] = TAGS;
    // How writing goes is an operator's to know, and does not exist for an auditor.
    if (actor.name === this.operator.name || actor.name.endsWith('auditor')) return [asked(tagId(first!.name), first!.name)];
    return [
      asked(tagId(first!.name), first!.name),
      asked(tagId(second!.name), second!.name),
      ...CHILDREN.map((child) => asked(`${tagId(first!.name)}-${child}`, first!.name)),
    ];
  }

  async stop(): Promise<void> {
    await this.#plc.session.close().catch(() => undefined);
    await this.#plc.client.disconnect().catch(() => undefined);
    await this.#ingest.stop();
  }
}

/** The value node of a tag. */
export function tagNode({ space, instances }: RunningInProcess, name: string): UAVariable {
  const node = space.findNode(`ns=${instances};${tagId(name)}`);
  if (node === null) throw new Error(`There is no tag ${name}.`);
  return node as UAVariable;
}

/** Starts the server with its own code, and takes hold of node-opcua's object when it is about to listen. */
async function startCaptured(
  { server: own, plc, prober }: Identities,
  reopen: Reopen,
): Promise<{ readonly ingest: IngestServer; readonly running: RunningInProcess }> {
  const listeners: ((reading: AcceptedReading) => void)[] = [];
  let running: RunningInProcess | undefined;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back below
  const start = OPCUAServer.prototype.start;
  OPCUAServer.prototype.start = function captured(this: OPCUAServer, ...args: unknown[]) {
    const space = this.engine.addressSpace!;
    running = {
      server: this,
      space,
      instances: space.getNamespaceIndex('urn:dcmb:instance'),
      onReading: (listener) => listeners.push(listener),
    };
    reopen(running);
    return (start as (...given: unknown[]) => unknown).apply(this, args);
  } as typeof start;
  try {
    const password = await hashPassword(PASSWORD);
    const ingest = await startIngestServer(
      {
        endpoint: { port: 0, host: '127.0.0.1', hostname: 'localhost' },
        identity: own,
        trust: trusting(plc.certificate, prober.certificate),
        users: [
          { name: 'writer', roles: ['Plc'], certificate: thumbprintOf(plc.certificate) },
          { name: OWNER_USERS.plc, roles: ['Plc'], password },
          { name: OWNER_USERS.operator, roles: ['Operator'], password },
          { name: 'auditor', roles: ['Auditor'], password },
          { name: 'reader', roles: ['Manufacturer'], password },
        ],
        clock: systemClock,
        machine: { name: 'Press', manufacturer: 'Example', serialNumber: '1' },
        tags: TAGS.map(({ name, type }) => ({
          name,
          type,
          timestamps: name === 'TapirUhrwerk' ? { use: 'source', maxAgeMs: 100_000_000, maxFutureMs: 1000 } : { use: 'server' },
          ...(name === READABLE_TAG ? { readableBy: ['Manufacturer' as const] } : {}),
          ...(name === 'QuokkaHitzegrad' ? { minimum: THRESHOLDS.heatRange[0], maximum: THRESHOLDS.heatRange[1] } : {}),
        })),
        channels: [
          {
            name: 'press',
            channelId: 'c'.repeat(43),
            ledgerId: 'l'.repeat(43),
            agreementVersion: 1,
            intervalMs: 500,
            originMs: 0,
            alarmLimits: ALARM_LIMITS,
          },
        ],
      },
      {
        accept: (reading) => {
          for (const listener of listeners) listener(reading);
        },
        anchor: () => Promise.resolve({ batchId: 7 }),
      },
    );
    if (running === undefined) throw new Error('The server was not captured.');
    return { ingest, running };
  } finally {
    OPCUAServer.prototype.start = start;
  }
}

function portOf(server: IngestServer): number {
  return Number(new URL(server.endpointUrl.replace('opc.tcp', 'http')).port);
}
