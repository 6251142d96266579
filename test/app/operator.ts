import { AttributeIds, type ClientSession, DataType, type OPCUAClient } from 'node-opcua';
import { join } from 'node:path';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { trustListOf } from '../../src/app/link-access.ts';
import { channelChildId, channelNodeId, INSTANCE_URI, inNamespace, streamChildId } from '../../src/nodeset/index.ts';
import { resolveNodeId } from '../../src/client/namespaces.ts';
import { passwordUser, uaClient } from '../support/ua-client.ts';
import { testIdentity } from '../support/ua-server.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import type { TestPlant } from './plant.ts';

type Application = 'ingest' | 'applications';
type Login = TestPlant['plant']['logins']['plc'];
/** Of a plant, what its people need. */
type Place = Pick<TestPlant, 'plant' | 'port'>;

function pkiOf({ plant }: Place, application: Application): string {
  return join(application === 'ingest' ? plant.owner : plant.manufacturer, 'pki');
}

/** A person's OPC UA client, logged in by password. */
export class UaPerson {
  readonly #client: OPCUAClient;
  readonly #session: ClientSession;
  readonly #namespaces: readonly string[];

  private constructor(client: OPCUAClient, session: ClientSession, namespaces: readonly string[]) {
    this.#client = client;
    this.#session = session;
    this.#namespaces = namespaces;
  }

  /** A certificate that the server's trust list has. */
  static async trusted(plant: Place, application: Application): Promise<ApplicationIdentity> {
    const own = await testIdentity(`person-${application}`);
    trustListOf(pkiOf(plant, application), application).add(own.certificate);
    return own;
  }

  static async at(plant: Place, application: Application, login: Login, own?: ApplicationIdentity): Promise<UaPerson> {
    const client = uaClient(own ?? (await UaPerson.trusted(plant, application)), loadIdentity(pkiOf(plant, application), application));
    const port = application === 'ingest' ? plant.port : plant.port + 2;
    await client.connect(`opc.tcp://localhost:${port}`);
    const session = await client.createSession(passwordUser(login.name, login.password));
    return new UaPerson(client, session, await session.readNamespaceArray());
  }

  /** Calls `Anchor` of the channel. Gives the batch's number, or the name of the status. */
  async anchor(): Promise<number | string> {
    const result = await this.#session.call({
      objectId: this.#nodeId(channelNodeId('press')),
      methodId: this.#nodeId(channelChildId('press', 'Anchor')),
      inputArguments: [],
    });
    const output = result.outputArguments?.[0];
    return result.statusCode.isGood() && output?.dataType === DataType.UInt32 ? (output.value as number) : result.statusCode.name;
  }

  async conditionCode(stream: string): Promise<number | undefined> {
    const nodeId = this.#nodeId(streamChildId('press', stream, 'ConditionCode'));
    const read = await this.#session.read({ nodeId, attributeId: AttributeIds.Value });
    return read.statusCode.isGood() ? (read.value.value as number) : undefined;
  }

  /** The value of a node by one of instances.ts's ids; undefined where its status is not Good. */
  async valueOf(id: string): Promise<unknown> {
    const read = await this.#session.read({ nodeId: this.#nodeId(id), attributeId: AttributeIds.Value });
    return read.statusCode.isGood() ? read.value.value : undefined;
  }

  async close(): Promise<void> {
    await this.#session.close();
    await this.#client.disconnect();
  }

  #nodeId(id: string) {
    return resolveNodeId(inNamespace(INSTANCE_URI, id), this.#namespaces);
  }
}
