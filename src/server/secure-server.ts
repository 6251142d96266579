import { type ICertificateStore, InMemoryCertificateKeyPairProvider, OPCUAServer, type OPCUAServerOptions } from 'node-opcua';
import { makePrivateKeyFromPem } from 'node-opcua-crypto';
import { nodesetFiles, silenceStackLog } from '../nodeset/index.ts';
import {
  type ApplicationIdentity,
  installRoles,
  judgeCertificate,
  PinnedCertificateStore,
  quiet,
  requireSameApplication,
  type RoleIds,
  type TrustSource,
  userManager,
  type Users,
  useUsers,
  type VerifyPassword,
} from './identity/index.ts';
import { describeInstanceNamespace, describeMethods, openStandardNodes } from './standard-nodes.ts';
import { hideNodes } from './hidden-nodes.ts';
import { type ConnectionTimes, limitConnections, limitLocales, limitQueues } from './load-limits.ts';
import { guardRequests } from './request-guard.ts';
import { tellWhatForbids } from './write-refusals.ts';
import { fillUserTokenPolicies, LONGEST_QUEUE, type SecureEndpoint, secureServerOptions } from './secure-endpoint.ts';

export interface SecureServerConfig {
  readonly endpoint: Omit<SecureEndpoint, 'applicationUri' | 'applicationName'>;
  /** Certificate and key of this application; its names become the server's. */
  readonly identity: ApplicationIdentity;
  /** Which client applications may connect. */
  readonly trust: TrustSource;
  readonly users: Users;
  readonly verifyPassword: VerifyPassword;
  /** For tests; what is set on purpose where absent. */
  readonly connectionTimes?: ConnectionTimes;
  /** Namespace of instances and of our own roles. */
  readonly instanceUri: string;
}

export interface SecureServer {
  readonly server: OPCUAServer;
  readonly roles: RoleIds;
  /** Index of the instance namespace. */
  readonly namespaceIndex: number;
  /**
   * Takes another certificate and key of the same application: new secure channels get them, those that are open keep theirs
   * (OPC UA Part 6, clause 6.7.2 binds a channel to the certificate it was made with).
   * @throws RejectedError `OWN_CERTIFICATE_UNFIT` for another application's
   */
  renew(identity: ApplicationIdentity): void;
  /** Closes the connections of applications that would not be accepted now: call it when the trust source has changed. */
  enforceTrust(): void;
}

/**
 * An initialised server that nobody can reach yet: nodesets loaded and readable, instance namespace and roles in place.
 * Give the instance namespace its default permissions (without them all is denied), build the instances, then call
 * `server.start()`. Keys never touch the disk.
 */
export async function createSecureServer(config: SecureServerConfig): Promise<SecureServer> {
  silenceStackLog();
  const { identity, users } = config;
  const provider = keyPairOf(identity);
  const server = new OPCUAServer({
    ...secureServerOptions({ ...config.endpoint, applicationUri: identity.applicationUri, applicationName: identity.applicationName }),
    nodesets: nodesetFiles(),
    certificateKeyPairProvider: provider,
    serverCertificateManager: asManager(new PinnedCertificateStore(config.trust)),
    userCertificateManager: asManager(users.certificateStore()),
    userManager: userManager(users, config.verifyPassword),
  });
  await server.initialize();
  // node-opcua does not hand the provider on: without this every connection ends at its first message.
  for (const endpoint of server.endpoints) endpoint.setCertificateProvider(provider);
  fillUserTokenPolicies(server);
  hideNodes(server);
  tellWhatForbids(server);
  guardRequests(server);
  limitConnections(server, config.connectionTimes);
  limitQueues(server, LONGEST_QUEUE);
  limitLocales(server);
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('The server has no address space after its initialisation.');
  openStandardNodes(addressSpace);
  describeMethods(addressSpace);
  const namespace = addressSpace.registerNamespace(config.instanceUri);
  describeInstanceNamespace(addressSpace, namespace);
  const roles = installRoles(addressSpace, config.instanceUri);
  useUsers(server, users, roles);
  return {
    server,
    roles,
    namespaceIndex: namespace.index,
    renew: (renewed) => renewIdentity(server, identity, renewed),
    enforceTrust: () => closeUntrusted(server, config.trust),
  };
}

function keyPairOf({ certificate, privateKeyPem }: ApplicationIdentity): InMemoryCertificateKeyPairProvider {
  return new InMemoryCertificateKeyPairProvider([Buffer.from(certificate)], makePrivateKeyFromPem(privateKeyPem));
}

function renewIdentity(server: OPCUAServer, first: ApplicationIdentity, renewed: ApplicationIdentity): void {
  requireSameApplication(first, renewed);
  const provider = keyPairOf(renewed);
  server.setProvider(provider);
  for (const endpoint of server.endpoints) endpoint.setCertificateProvider(provider);
}

function closeUntrusted(server: OPCUAServer, trust: TrustSource): void {
  const source = quiet(trust);
  for (const channel of server.endpoints.flatMap((endpoint) => endpoint.getChannels())) {
    const { clientCertificate } = channel;
    if (clientCertificate && judgeCertificate(clientCertificate, source, { nowMs: Date.now() }) !== 'trusted') channel.close();
  }
}

/** The option asks for node-opcua's own class and uses of it only what every certificate store has. */
function asManager(store: ICertificateStore): NonNullable<OPCUAServerOptions['serverCertificateManager']> {
  return store as NonNullable<OPCUAServerOptions['serverCertificateManager']>;
}
