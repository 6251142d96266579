import { AttributeIds, type ClientSession, type DataType, type OPCUAClient, type UserIdentityInfo } from 'node-opcua';
import { channelChildId, channelNodeId, streamChildId } from '../../src/nodeset/index.ts';
import {
  type ClearedServer,
  type ClearedServerConfig,
  type ClearedServerEvent,
  type ClearedServerHooks,
  startClearedServer,
} from '../../src/server/cleared/index.ts';
import { type ApplicationIdentity, hashPassword, thumbprintOf } from '../../src/server/identity/index.ts';
import { client, identity } from './support.ts';

export interface Cleared {
  readonly server: ClearedServer;
  readonly own: ApplicationIdentity;
  readonly manufacturer: ApplicationIdentity;
  readonly strangers: Uint8Array[];
  readonly events: ClearedServerEvent[];
}

export const CHANNEL = 'acme';

/** A cleared server with two streams, the users of every kind, and hooks that can be replaced. */
export async function cleared(hooks: Partial<ClearedServerHooks> = {}, config: Partial<ClearedServerConfig> = {}): Promise<Cleared> {
  const [own, manufacturer] = await Promise.all([identity('cleared'), identity('manufacturer')]);
  const strangers: Uint8Array[] = [];
  const events: ClearedServerEvent[] = [];
  const server = await startClearedServer(
    {
      host: '127.0.0.1',
      port: 0,
      hostname: 'localhost',
      alternateHostnames: ['127.0.0.1'],
      identity: own,
      trusted: [manufacturer.certificate],
      users: [
        { name: 'maker', roles: ['Manufacturer'], certificate: thumbprintOf(manufacturer.certificate) },
        { name: 'auditor', roles: ['Auditor'], password: await hashPassword('correct horse') },
        { name: 'plc', roles: ['Plc'], password: await hashPassword('battery staple') },
      ],
      machine: { name: 'Press1', manufacturer: 'Acme', serialNumber: '4711', model: 'P 100' },
      channel: { name: CHANNEL, id: 'C'.repeat(43), ledgerId: 'L'.repeat(43), agreementVersion: 1, intervalMs: 200 },
      streams: [stream('wear'), stream('rate')],
      ...config,
    },
    {
      fetchDelivery: (n) => Promise.resolve(n === 7 ? { delivery: n } : undefined),
      acknowledge: () => Promise.resolve(),
      getEvidence: (n) => Promise.resolve({ evidence: n }),
      epochProposal: () => Promise.resolve(undefined),
      history: () => Promise.resolve([]),
      countersigned: () => Promise.resolve(),
      refusedCertificate: (der) => void strangers.push(der),
      event: (event) => void events.push(event),
      ...hooks,
    },
  );
  return { server, own, manufacturer, strangers, events };
}

export function stream(name: string): ClearedServerConfig['streams'][number] {
  return {
    name,
    title: { en: `Title of ${name}`, de: `Titel von ${name}` },
    conditions: [
      { code: 0, text: { en: 'Fine', de: 'In Ordnung' }, importance: 1 },
      { code: 1, text: { en: 'Maintenance imminent', de: 'Wartung steht bevor' }, importance: 700 },
    ],
  };
}

export type ChildName = Parameters<typeof streamChildId>[2];

/** A client's view of the server's nodes by the ids that everybody uses. */
export class View {
  readonly session: ClientSession;
  readonly #client: OPCUAClient;
  readonly #index: number;

  private constructor(session: ClientSession, own: OPCUAClient, index: number) {
    this.session = session;
    this.#client = own;
    this.#index = index;
  }

  static async open(
    on: Cleared,
    user: UserIdentityInfo,
    options: Parameters<typeof client>[2] = {},
    own: ApplicationIdentity = on.manufacturer,
  ): Promise<View> {
    const opening = client(own, on.own, options);
    try {
      await opening.connect(on.server.endpointUrl);
      const session = await opening.createSession(user);
      const namespaces = await session.readNamespaceArray();
      return new View(session, opening, namespaces.indexOf('urn:dcmb:instance'));
    } catch (error) {
      await opening.disconnect();
      throw error;
    }
  }

  id(local: string): string {
    return `ns=${this.#index};${local}`;
  }

  read(stream: string, child: ChildName) {
    return this.session.read({ nodeId: this.id(streamChildId(CHANNEL, stream, child)), attributeId: AttributeIds.Value });
  }

  call(method: Parameters<typeof channelChildId>[1], dataType: DataType, value: unknown) {
    return this.session.call({
      objectId: this.id(channelNodeId(CHANNEL)),
      methodId: this.id(channelChildId(CHANNEL, method)),
      inputArguments: [{ dataType, value }],
    });
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.#client.disconnect();
  }
}

/** Closes what `open` gave, whatever the work does. */
export async function viewing<T>(
  on: Cleared,
  user: UserIdentityInfo,
  work: (view: View) => Promise<T>,
  options: Parameters<typeof client>[2] = {},
): Promise<T> {
  const view = await View.open(on, user, options);
  try {
    return await work(view);
  } finally {
    await view.close();
  }
}
