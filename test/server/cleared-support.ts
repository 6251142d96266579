import {
  InMemoryCertificateKeyPairProvider,
  MessageSecurityMode,
  OPCUAClient,
  type OPCUAClientOptions,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua';
import { makePrivateKeyFromPem } from 'node-opcua-crypto';
import type { Json } from '../../src/core/index.ts';
import { type ClearedServer, type ClearedServerConfig, type ClearedServerEvent, type ClearedServerHooks, startClearedServer } from '../../src/server/cleared/index.ts';
import { type ApplicationIdentity, createApplicationCertificate, hashPassword, PinnedCertificateStore, thumbprintOf } from '../../src/server/identity/index.ts';

/** An application's identity on the loopback. */
export function identity(name: string): Promise<ApplicationIdentity> {
  return createApplicationCertificate({
    applicationName: name,
    applicationUri: `urn:test:${name}`,
    organization: 'Test',
    hosts: ['localhost'],
    ips: ['127.0.0.1'],
    validityDays: 2,
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
    certificateKeyPairProvider: new InMemoryCertificateKeyPairProvider([Buffer.from(own.certificate)], makePrivateKeyFromPem(own.privateKeyPem)),
    clientCertificateManager: store as unknown as NonNullable<OPCUAClientOptions['clientCertificateManager']>,
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
      channel: { name: CHANNEL, id: 'C'.repeat(43), ledgerId: 'L'.repeat(43), agreementVersion: 1, intervalMs: 200 },
      streams: [stream('wear'), stream('rate')],
      ...config,
    },
    {
      fetchDelivery: (n) => Promise.resolve(n === 7 ? ({ delivery: n } as Json) : undefined),
      acknowledge: () => Promise.resolve(),
      getEvidence: (n) => Promise.resolve({ evidence: n }),
      epochProposal: () => Promise.resolve(undefined),
      countersigned: () => Promise.resolve(),
      strangerCertificate: (der) => void strangers.push(der),
      event: (event) => void events.push(event),
      ...hooks,
    },
  );
  return { server, own, manufacturer, strangers, events };
}

function stream(name: string): ClearedServerConfig['streams'][number] {
  return {
    name,
    title: { en: `Title of ${name}`, de: `Titel von ${name}` },
    conditions: [
      { code: 0, text: { en: 'Fine', de: 'In Ordnung' }, importance: 1 },
      { code: 1, text: { en: 'Maintenance imminent', de: 'Wartung steht bevor' }, importance: 700 },
    ],
  };
}

/** Waits until the condition holds. @throws Error after ten seconds */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not within ten seconds: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
