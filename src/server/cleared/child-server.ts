import {
  type AddressSpace,
  type INamespace,
  type Namespace,
  type NodeId,
  type OPCUAServer,
  PermissionType,
  resolveNodeId,
  Subscription,
  WellKnownRoles,
} from 'node-opcua';
import { fromBase64Url, toBase64Url } from '../../core/index.ts';
import { ALARM_METHOD_IDS, REFRESH_METHOD_IDS } from '../alarm-rules.ts';
import {
  type ApplicationIdentity,
  type CertificateFacts,
  MaterialTrust,
  parseApplicationIdentity,
  type Role,
  type RoleIds,
  Users,
} from '../identity/index.ts';
import { finishFixedInstances } from '../instance-texts.ts';
import { createSecureServer, type SecureServer } from '../secure-server.ts';
import { auditChild } from './child-audit.ts';
import { ChannelNodes } from './channel-nodes.ts';
import {
  type ClearedBatchState,
  type ClearedPublication,
  type MethodName,
  type StartConfig,
  REFUSED_CERTIFICATES_A_MINUTE,
  type TrustMessage,
} from './contract.ts';
import { historizedNodes } from './history-nodes.ts';
import { HistoryReader } from './history-read.ts';
import { speakLanguages } from './locales.ts';
import { bindMethods, methodsOf, type ModulePipe } from './methods.ts';
import { RateLimit } from '../rate-limit.ts';
import { PublicationQueue } from './publication-queue.ts';
import { trustOf } from './trust-message.ts';

/** node-opcua's own least is 50 ms, which would be most of the lateness that a client sees after a grid point. */
const LEAST_PUBLISHING_INTERVAL_MS = 10;
const LOGIN_WITHIN_MS = 8000;
/** A larger one is nobody's whom a person would trust. */
const MOST_CERTIFICATE_BYTES = 8192;

/** The OPC UA server of the child process. Everything it knows came in the module's messages. */
export class ChildServer {
  readonly #server: OPCUAServer;
  readonly #secure: SecureServer;
  readonly #trust: MaterialTrust;
  readonly #nodes: ChannelNodes;
  readonly #queue: PublicationQueue;
  readonly #tellSums: () => void;

  private constructor(secure: SecureServer, trust: MaterialTrust, nodes: ChannelNodes, tellSums: () => void) {
    this.#tellSums = tellSums;
    this.#secure = secure;
    this.#server = secure.server;
    this.#trust = trust;
    this.#nodes = nodes;
    this.#queue = new PublicationQueue((together) => nodes.show(together));
  }

  static async start(config: StartConfig, pipe: ModulePipe): Promise<ChildServer> {
    Subscription.minimumPublishingInterval = LEAST_PUBLISHING_INTERVAL_MS;
    const trust = new MaterialTrust(trustOf(config.trust), reportTo(pipe));
    const secure = await createSecureServer({
      endpoint: config.endpoint,
      identity: identityOf(config.identity),
      trust,
      users: new Users(config.users, trust),
      verifyPassword: async (name, password, client) =>
        (await pipe.request('verifyPassword', { name, password, client: toBase64Url(client) }, LOGIN_WITHIN_MS)).valid,
      instanceUri: config.instanceUri,
    });
    const { server, roles } = secure;
    const nodes = buildAddressSpace(server, config, roles, pipe);
    bindMethods(nodes.object, pipe);
    installHistory(server, config, pipe);
    speakLanguages(server, config.locale);
    const tellSums = auditChild(server, nodes.object, pipe);
    await server.start();
    return new ChildServer(secure, trust, nodes, tellSums);
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
  trust(message: TrustMessage): void {
    this.#trust.replace(trustOf(message));
    this.#secure.enforceTrust();
  }

  renew(identity: StartConfig['identity']): void {
    this.#secure.renew(identityOf(identity));
  }

  async stop(): Promise<void> {
    this.#queue.stop();
    this.#tellSums();
    await this.#server.shutdown(0);
  }
}

function identityOf({ certificate, privateKeyPem }: StartConfig['identity']): ApplicationIdentity {
  return parseApplicationIdentity(fromBase64Url(certificate), privateKeyPem);
}

/** Certificates whose report is remembered, so that each is reported once a minute. */
const MOST_REMEMBERED = 1000;

/** A bounded report of refused certificates. */
function reportTo(pipe: ModulePipe): (facts: CertificateFacts) => void {
  const limit = new RateLimit(REFUSED_CERTIFICATES_A_MINUTE);
  // Whoever is refused and comes again and again must not use up what others are reported by.
  const again = new Map<string, RateLimit>();
  return ({ der, thumbprint }) => {
    const own = again.get(thumbprint) ?? new RateLimit(1);
    if (der.length > MOST_CERTIFICATE_BYTES || !own.take() || !limit.take()) return;
    if (again.size >= MOST_REMEMBERED) again.clear();
    again.set(thumbprint, own);
    pipe.notice('refusedCertificate', { certificate: toBase64Url(der) });
  };
}

function buildAddressSpace(server: OPCUAServer, config: StartConfig, ids: RoleIds, pipe: ModulePipe): ChannelNodes {
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('The server has no address space.');
  addressSpace.installAlarmsAndConditionsService();
  const namespace = addressSpace.getNamespace(config.instanceUri);
  const nodes = new ChannelNodes(addressSpace, namespace, config, (state) => pipe.notice('alarm', state));
  permit(namespace, nodes, config, ids);
  permitAlarmMethods(addressSpace, nodes, config, ids);
  return nodes;
}

function installHistory(server: OPCUAServer, config: StartConfig, pipe: ModulePipe): void {
  const { addressSpace } = server.engine;
  if (addressSpace === null) throw new Error('The server has no address space.');
  const namespace = addressSpace.getNamespace(config.instanceUri);
  const nodes = historizedNodes(addressSpace, namespace, config);
  finishFixedInstances(namespace as Namespace, new Date());
  new HistoryReader(addressSpace, nodes, pipe).install(server);
}

const READ = PermissionType.Browse | PermissionType.Read | PermissionType.ReadHistory | PermissionType.ReceiveEvents;
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
function permitAlarmMethods(addressSpace: AddressSpace, nodes: ChannelNodes, config: StartConfig, ids: RoleIds): void {
  const grant = (mayCall: (role: Role) => boolean) =>
    config.readers.map((role) => ({ roleId: ids[role], permissions: mayCall(role) ? CALL : PermissionType.Browse }));
  for (const id of REFRESH_METHOD_IDS) addressSpace.findNode(id)?.setRolePermissions(grant(() => true));
  const manufacturers = grant((role) => role === 'Manufacturer');
  for (const id of ALARM_METHOD_IDS) addressSpace.findNode(id)?.setRolePermissions(manufacturers);
  for (const { acknowledge, addComment } of nodes.alarms) {
    for (const method of [acknowledge, addComment]) method.setRolePermissions(manufacturers);
  }
}

function callersOf(name: MethodName, ids: RoleIds): NodeId[] {
  return name === 'GetEvidence' ? [ids.Manufacturer, ids.Auditor] : [ids.Manufacturer];
}
