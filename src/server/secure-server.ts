import { type ICertificateStore, InMemoryCertificateKeyPairProvider, OPCUAServer, type OPCUAServerOptions } from 'node-opcua';
import { makePrivateKeyFromPem } from 'node-opcua-crypto';
import { nodesetFiles, silenceStackLog } from '../nodeset/index.ts';
import {
  type ApplicationIdentity,
  installRoles,
  PinnedCertificateStore,
  type RoleIds,
  type TrustSource,
  userManager,
  type Users,
  useUsers,
  type VerifyPassword,
} from './identity/index.ts';
import { describeInstanceNamespace, describeMethods, openStandardNodes } from './standard-nodes.ts';
import { fillUserTokenPolicies, type SecureEndpoint, secureServerOptions } from './secure-endpoint.ts';

export interface SecureServerConfig {
  readonly endpoint: Omit<SecureEndpoint, 'applicationUri' | 'applicationName'>;
  /** Certificate and key of this application; its names become the server's. */
  readonly identity: ApplicationIdentity;
  /** Which client applications may connect. */
  readonly trust: TrustSource;
  readonly users: Users;
  readonly verifyPassword: VerifyPassword;
  /** Namespace of instances and of our own roles. */
  readonly instanceUri: string;
}

export interface SecureServer {
  readonly server: OPCUAServer;
  readonly roles: RoleIds;
  /** Index of the instance namespace. */
  readonly namespaceIndex: number;
}

/**
 * An initialised server that nobody can reach yet: nodesets loaded and readable, instance namespace and roles in place.
 * Give the instance namespace its default permissions (without them all is denied), build the instances, then call
 * `server.start()`. Keys never touch the disk.
 */
export async function createSecureServer(config: SecureServerConfig): Promise<SecureServer> {
  silenceStackLog();
  const { identity, users } = config;
  const provider = new InMemoryCertificateKeyPairProvider(
    [Buffer.from(identity.certificate)],
    makePrivateKeyFromPem(identity.privateKeyPem),
  );
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
  const addressSpace = server.engine.addressSpace;
  if (addressSpace === null) throw new Error('The server has no address space after its initialisation.');
  openStandardNodes(addressSpace);
  describeMethods(addressSpace);
  const namespace = addressSpace.registerNamespace(config.instanceUri);
  describeInstanceNamespace(addressSpace, namespace);
  const roles = installRoles(addressSpace, config.instanceUri);
  useUsers(server, users, roles);
  return { server, roles, namespaceIndex: namespace.index };
}

/** The option asks for node-opcua's own class and uses of it only what every certificate store has. */
function asManager(store: ICertificateStore): NonNullable<OPCUAServerOptions['serverCertificateManager']> {
  return store as NonNullable<OPCUAServerOptions['serverCertificateManager']>;
}
