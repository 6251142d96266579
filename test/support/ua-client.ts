import {
  InMemoryCertificateKeyPairProvider,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua';
import { makePrivateKeyFromPem } from 'node-opcua-crypto';
import { type ApplicationIdentity, PinnedCertificateStore } from '../../src/server/identity/index.ts';
import { trusting } from './ua-server.ts';

export interface UaClientOptions {
  readonly policy?: SecurityPolicy;
  readonly mode?: MessageSecurityMode;
  readonly localeIds?: readonly string[];
  /** How long a session may be silent, ms; node-opcua's own choice where absent. */
  readonly sessionTimeoutMs?: number;
}

/** A node-opcua client that trusts the given server certificate only, and gives up at once. */
export function uaClient(
  own: ApplicationIdentity,
  server: Pick<ApplicationIdentity, 'certificate'>,
  options: UaClientOptions = {},
): OPCUAClient {
  const store = new PinnedCertificateStore(trusting(server.certificate));
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
    ...(options.sessionTimeoutMs === undefined ? {} : { requestedSessionTimeout: options.sessionTimeoutMs }),
    localeIds: [...(options.localeIds ?? [])],
  });
}

export function certificateUser(own: ApplicationIdentity): UserIdentityInfo {
  return { type: UserTokenType.Certificate, certificateData: Buffer.from(own.certificate), privateKey: own.privateKeyPem };
}

export function passwordUser(userName: string, password: string): UserIdentityInfo {
  return { type: UserTokenType.UserName, userName, password };
}
