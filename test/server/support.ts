import {
  InMemoryCertificateKeyPairProvider,
  LogLevel,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  setLogLevel,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua';
import { makePrivateKeyFromPem } from 'node-opcua-crypto';
import {
  type ApplicationIdentity,
  createApplicationCertificate,
  PinnedCertificateStore,
  thumbprintOf,
} from '../../src/server/identity/index.ts';

setLogLevel(LogLevel.Error);

/** An application's identity on the loopback. */
export function identity(name: string): Promise<ApplicationIdentity> {
  return createApplicationCertificate({
    applicationName: name,
    applicationUri: `urn:test:${name}`,
    organization: 'Test',
    hosts: ['localhost'],
    ips: ['127.0.0.1'],
    validityDays: 30,
  });
}

export interface ClientOptions {
  readonly policy?: SecurityPolicy;
  readonly mode?: MessageSecurityMode;
}

/** A node-opcua client that trusts the given server certificate only, and gives up at once. */
export function client(own: ApplicationIdentity, server: ApplicationIdentity, options: ClientOptions = {}): OPCUAClient {
  const store = new PinnedCertificateStore({ isTrusted: (thumbprint) => thumbprint === thumbprintOf(server.certificate) });
  return OPCUAClient.create({
    applicationName: own.applicationName,
    applicationUri: own.applicationUri,
    certificateKeyPairProvider: new InMemoryCertificateKeyPairProvider(
      [Buffer.from(own.certificate)],
      makePrivateKeyFromPem(own.privateKeyPem),
    ),
    clientCertificateManager: store,
    securityMode: options.mode ?? MessageSecurityMode.SignAndEncrypt,
    securityPolicy: options.policy ?? SecurityPolicy.Basic256Sha256,
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 50, maxDelay: 100 },
    keepSessionAlive: false,
  });
}

export function certificateUser(own: ApplicationIdentity): UserIdentityInfo {
  return { type: UserTokenType.Certificate, certificateData: Buffer.from(own.certificate), privateKey: own.privateKeyPem };
}

export function passwordUser(userName: string, password: string): UserIdentityInfo {
  return { type: UserTokenType.UserName, userName, password };
}

/** Waits until the condition holds. @throws Error after ten seconds */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not within ten seconds: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
