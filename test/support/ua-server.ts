import {
  type AddressSpace,
  InMemoryCertificateKeyPairProvider,
  LogLevel,
  type Namespace,
  type NodeId,
  type OPCUACertificateManager,
  OPCUAServer,
  setLogLevel,
} from 'node-opcua';
import { coercePEMorDerToPrivateKey } from 'node-opcua-crypto';
import { sha256, toHex } from '../../src/core/index.ts';
import { type ApplicationIdentity, createApplicationCertificate, PinnedCertificateStore } from '../../src/server/identity/index.ts';
import { fillUserTokenPolicies, secureServerOptions } from '../../src/server/secure-endpoint.ts';

// node-opcua's warnings about what the tests provoke would bury the test report.
setLogLevel(LogLevel.Critic);

export async function testIdentity(applicationName: string): Promise<ApplicationIdentity> {
  return await createApplicationCertificate({
    applicationName,
    applicationUri: `urn:test:${applicationName}`,
    organization: 'Test',
    hosts: ['localhost'],
    ips: ['127.0.0.1'],
    validityDays: 30,
  });
}

/** Trusts exactly these certificates. */
export function trusting(...certificates: readonly Uint8Array[]): {
  isTrusted(thumbprint: string): boolean;
  judge(certificate: Uint8Array): Promise<'trusted' | 'untrusted'>;
} {
  const known = new Set(certificates.map((certificate) => toHex(sha256(certificate))));
  return {
    isTrusted: (thumbprint) => known.has(thumbprint),
    judge: async (certificate) => (known.has(toHex(sha256(certificate))) ? 'trusted' : 'untrusted'),
  };
}

export interface UaServerOptions {
  readonly identity: ApplicationIdentity;
  /** Application certificates of the clients that may connect. */
  readonly clients: readonly Uint8Array[];
  /** Certificates of X.509 users. */
  readonly userCertificates?: readonly Uint8Array[];
  /** Password of each user. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** 0 or absent: a free port. */
  readonly port?: number;
  readonly namespaces?: readonly string[];
  build(namespace: Namespace, addressSpace: AddressSpace): void;
}

export const TEST_NAMESPACE = 'urn:test:instance';

/** A notification that a client has not acknowledged (OPC UA Part 4, clause 5.14.1). */
interface SentMessage {
  readonly sequenceNumber: number;
}

/** A real OPC UA server on the loopback, set up as strictly as the module's own servers. */
export class UaTestServer {
  readonly #server: OPCUAServer;

  private constructor(server: OPCUAServer) {
    this.#server = server;
  }

  static async start(options: UaServerOptions): Promise<UaTestServer> {
    const { identity } = options;
    const provider = new InMemoryCertificateKeyPairProvider(
      [Buffer.from(identity.certificate)],
      coercePEMorDerToPrivateKey(identity.privateKeyPem),
    );
    const passwords = options.passwords ?? {};
    const secure = secureServerOptions({
      port: options.port ?? 0,
      host: '127.0.0.1',
      hostname: 'localhost',
      applicationUri: identity.applicationUri,
      applicationName: identity.applicationName,
    });
    const server = new OPCUAServer({
      ...secure,
      // Otherwise changes that follow one another faster than 50 ms would be made one before they reach any queue.
      serverCapabilities: { ...secure.serverCapabilities, minSupportedSampleRate: 0 },
      // These servers are not under test: whoever gets in may use every node.
      unresolvedPermissionPolicy: 'allow',
      certificateKeyPairProvider: provider,
      serverCertificateManager: pinned(options.clients),
      userCertificateManager: pinned(options.userCertificates ?? []),
      userManager: { isValidUser: (name: string, password: string) => passwords[name] === password },
    });
    await server.initialize();
    for (const endpoint of server.endpoints) endpoint.setCertificateProvider(provider);
    fillUserTokenPolicies(server);
    const { addressSpace } = server.engine;
    if (addressSpace === null) throw new Error('The server has no address space.');
    for (const uri of options.namespaces ?? []) addressSpace.registerNamespace(uri);
    options.build(addressSpace.registerNamespace(TEST_NAMESPACE), addressSpace);
    await server.start();
    return new UaTestServer(server);
  }

  get endpointUrl(): string {
    return `opc.tcp://localhost:${this.port}`;
  }

  get port(): number {
    const endpoint = this.#server.endpoints[0];
    if (endpoint === undefined) throw new Error('The server has no endpoint.');
    return endpoint.port;
  }

  /** Ends all sessions, as some servers do with a broken connection, and keeps their subscriptions. */
  endSessions(): void {
    const { engine } = this.#server as unknown as { engine: { _sessions: Record<string, { authenticationToken: NodeId }> } };
    for (const { authenticationToken } of Object.values(engine._sessions)) {
      this.#server.engine.closeSession(authenticationToken, false, 'Timeout');
    }
  }

  sentMessages(): readonly SentMessage[] {
    return this.#subscriptions().flatMap(({ _sent_notification_messages: sent }) => sent);
  }

  /** Keeps no message for Republish, as a server with a short queue does. */
  forgetSent(): void {
    for (const { _sent_notification_messages: sent } of this.#subscriptions()) sent.length = 0;
  }

  #subscriptions(): readonly { readonly _sent_notification_messages: SentMessage[] }[] {
    const { engine } = this.#server as unknown as {
      engine: { _sessions: Record<string, { publishEngine: { subscriptions: { _sent_notification_messages: SentMessage[] }[] } }> };
    };
    return Object.values(engine._sessions).flatMap(({ publishEngine }) => publishEngine.subscriptions);
  }

  async stop(): Promise<void> {
    await this.#server.shutdown(0);
  }
}

/** node-opcua takes any certificate store, but its types name its own class. */
function pinned(certificates: readonly Uint8Array[]): OPCUACertificateManager {
  return new PinnedCertificateStore(trusting(...certificates)) as unknown as OPCUACertificateManager;
}
