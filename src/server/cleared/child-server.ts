import {
  type AddressSpace,
  type INamespace,
  type NodeId,
  type OPCUAServer,
  PermissionType,
  resolveNodeId,
  Subscription,
  WellKnownRoles,
} from 'node-opcua';
import { fromBase64Url, toBase64Url } from '../../core/index.ts';
import { ALARM_METHOD_IDS, REFRESH_METHOD_IDS } from '../alarm-rules.ts';
import { parseApplicationIdentity, type Role, type RoleIds, thumbprintOf, type TrustSource, Users } from '../identity/index.ts';
import { createSecureServer } from '../secure-server.ts';
import { ChannelNodes } from './channel-nodes.ts';
import { type ClearedBatchState, type ClearedPublication, type MethodName, type StartConfig, STRANGERS_A_MINUTE } from './contract.ts';
import { speakLanguages } from './locales.ts';
import { bindMethods, methodsOf, type ModulePipe } from './methods.ts';
import { MinuteLimit } from './minute-limit.ts';
import { PublicationQueue } from './publication-queue.ts';

/** node-opcua's own least is 50 ms, which would be most of the lateness that a client sees after a grid point. */
const LEAST_PUBLISHING_INTERVAL_MS = 10;
const LOGIN_WITHIN_MS = 8000;

/** The OPC UA server of the child process. Everything it knows came in the module's messages. */
export class ChildServer {
  readonly #server: OPCUAServer;
  readonly #trusted: Set<string>;
  readonly #nodes: ChannelNodes;
  readonly #queue: PublicationQueue;

  private constructor(server: OPCUAServer, trusted: Set<string>, nodes: ChannelNodes) {
    this.#server = server;
    this.#trusted = trusted;
    this.#nodes = nodes;
    this.#queue = new PublicationQueue((together) => nodes.show(together));
  }

  static async start(config: StartConfig, pipe: ModulePipe): Promise<ChildServer> {
    Subscription.minimumPublishingInterval = LEAST_PUBLISHING_INTERVAL_MS;
    const trusted = new Set(config.trusted.map((certificate) => thumbprintOf(fromBase64Url(certificate))));
    const { server, roles } = await createSecureServer({
      endpoint: config.endpoint,
      identity: parseApplicationIdentity(fromBase64Url(config.identity.certificate), config.identity.privateKeyPem),
      trust: trustSource(trusted, pipe),
      users: new Users(config.users),
      verifyPassword: async (name, password, client) =>
        (await pipe.request('verifyPassword', { name, password, client }, LOGIN_WITHIN_MS)).valid,
      instanceUri: config.instanceUri,
    });
    const nodes = buildAddressSpace(server, config, roles);
    bindMethods(nodes.object, pipe);
    speakLanguages(server, config.locale);
    await server.start();
    return new ChildServer(server, trusted, nodes);
  }

  get port(): number {
    return this.#server.endpoints[0]?.port ?? 0;
  }

  /** @throws Error for a stream or code outside the agreement: the module breaks its own contract */
  publish(publications: readonly ClearedPublication[]): void {
    if (!this.#nodes.knows(publications)) throw new Error('A publication names a stream or condition outside the agreement.');
    this.#queue.add(publications);
  }

  batchState(state: ClearedBatchState): void {
    this.#nodes.learn(state);
  }

  /** Replaces the trust list and closes the connections of those who are no longer on it. */
  trust(certificates: readonly string[]): void {
    this.#trusted.clear();
    for (const certificate of certificates) this.#trusted.add(thumbprintOf(fromBase64Url(certificate)));
    for (const endpoint of this.#server.endpoints) {
      for (const channel of endpoint.getChannels()) {
        const certificate = channel.clientCertificate;
        if (certificate && !this.#trusted.has(thumbprintOf(certificate))) channel.close();
      }
    }
  }

  async stop(): Promise<void> {
    this.#queue.stop();
    await this.#server.shutdown(0);
  }
}

/** The module's trust list, and a bounded report of those who are not on it. */
function trustSource(trusted: ReadonlySet<string>, pipe: ModulePipe): TrustSource {
  const limit = new MinuteLimit(STRANGERS_A_MINUTE);
  return {
    isTrusted: (thumbprint) => trusted.has(thumbprint),
    refused: ({ der }) => {
      if (der.length <= 8192 && limit.take()) pipe.notice('stranger', { certificate: toBase64Url(der) });
    },
  };
}

function buildAddressSpace(server: OPCUAServer, config: StartConfig, ids: RoleIds): ChannelNodes {
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('The server has no address space.');
  addressSpace.installAlarmsAndConditionsService();
  const namespace = addressSpace.getNamespace(config.instanceUri);
  const nodes = new ChannelNodes(addressSpace, namespace, config);
  permit(namespace, nodes, config, ids);
  permitAlarmMethods(addressSpace, config, ids);
  return nodes;
}

const READ = PermissionType.Browse | PermissionType.Read | PermissionType.ReceiveEvents;
const CALL = PermissionType.Browse | PermissionType.Call;

/** Readers read; who reads evidence, and who speaks for the recipient, is told by role. Nobody writes. */
function permit(namespace: INamespace, nodes: ChannelNodes, config: StartConfig, ids: RoleIds): void {
  namespace.setDefaultRolePermissions([
    { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: 0 },
    ...config.readers.map((role) => ({ roleId: ids[role], permissions: READ })),
  ]);
  for (const [name, method] of methodsOf(nodes.object)) {
    const callers = callersOf(name, ids);
    method.setRolePermissions(
      config.readers.map((role) => ({ roleId: ids[role], permissions: callers.includes(ids[role]) ? CALL : PermissionType.Browse })),
    );
  }
}

/** The manufacturer acknowledges and comments; whoever may read sees alarms, and asks for those that stand. Nobody disables one. */
function permitAlarmMethods(addressSpace: AddressSpace, config: StartConfig, ids: RoleIds): void {
  const grant = (mayCall: (role: Role) => boolean) =>
    config.readers.map((role) => ({ roleId: ids[role], permissions: mayCall(role) ? CALL : PermissionType.Browse }));
  for (const id of REFRESH_METHOD_IDS) addressSpace.findNode(id)?.setRolePermissions(grant(() => true));
  for (const id of ALARM_METHOD_IDS) addressSpace.findNode(id)?.setRolePermissions(grant((role) => role === 'Manufacturer'));
}

function callersOf(name: MethodName, ids: RoleIds): NodeId[] {
  return name === 'GetEvidence' ? [ids.Manufacturer, ids.Auditor] : [ids.Manufacturer];
}
