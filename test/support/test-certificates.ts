import { createPrivateKey, type webcrypto } from 'node:crypto';
import { x509 } from 'node-opcua-crypto';
import { type ApplicationIdentity, thumbprintOf } from '../../src/server/identity/index.ts';

/*
 * Certificates and revocation lists such as a company's authority issues, and such as none should: made in process.
 */

const HOUR_MS = 3_600_000;
const { KeyUsageFlags } = x509;
export const APPLICATION_USAGES: number =
  KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation | KeyUsageFlags.keyEncipherment | KeyUsageFlags.dataEncipherment;
export const AUTHORITY_USAGES: number = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

export interface TestCertificate {
  readonly der: Uint8Array;
  readonly thumbprint: string;
}

export interface CertificateWishes {
  readonly name?: string;
  /** SHA-256 where absent. */
  readonly hash?: string;
  /** Of its own RSA key; 2048 where absent. */
  readonly bits?: number;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly usages?: number;
  /** ms from now. */
  readonly from?: number;
  readonly to?: number;
  readonly uri?: string;
  readonly hosts?: readonly string[];
  readonly serialNumber?: string;
  /** OIDs of the extended key usage; none where absent. */
  readonly purposes?: readonly string[];
  readonly extensions?: readonly x509.Extension[];
}

export interface ListWishes {
  readonly revoked?: readonly TestCertificate[];
  /** ms from now. */
  readonly from?: number;
  readonly to?: number;
  readonly hash?: string;
  readonly extensions?: readonly x509.Extension[];
}

type KeyPair = webcrypto.CryptoKeyPair;
const keyPairs = new Map<string, Promise<KeyPair>>();

function algorithmOf(hash: string, modulusLength: number) {
  return { name: 'RSASSA-PKCS1-v1_5', hash, publicExponent: new Uint8Array([1, 0, 1]), modulusLength };
}

/** One key pair for each name: making them is what takes the time. */
async function keyPairOf(name: string, bits: number): Promise<KeyPair> {
  const known =
    keyPairs.get(`${name} ${bits}`) ?? globalThis.crypto.subtle.generateKey(algorithmOf('SHA-256', bits), true, ['sign', 'verify']);
  keyPairs.set(`${name} ${bits}`, known);
  return await known;
}

async function signingKey({ privateKey }: KeyPair, hash: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = await globalThis.crypto.subtle.exportKey('pkcs8', privateKey);
  return await globalThis.crypto.subtle.importKey('pkcs8', pkcs8, { name: 'RSASSA-PKCS1-v1_5', hash }, true, ['sign']);
}

async function issue(
  wishes: CertificateWishes,
  own: KeyPair,
  issuer: { readonly name: string; readonly keys: KeyPair },
): Promise<TestCertificate> {
  const { name = 'odd', hash = 'SHA-256', isAuthority = false, usages = APPLICATION_USAGES, from = -HOUR_MS, to = HOUR_MS } = wishes;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${issuer.name}`,
    ...(wishes.serialNumber === undefined ? {} : { serialNumber: wishes.serialNumber }),
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + to),
    signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash },
    publicKey: own.publicKey,
    signingKey: await signingKey(issuer.keys, hash),
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, wishes.pathLength, true),
      new x509.KeyUsagesExtension(usages, true),
      ...(wishes.purposes === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...wishes.purposes], true)]),
      ...(wishes.uri === '' || (isAuthority && wishes.uri === undefined) ? [] : [alternativeName(wishes)]),
      ...(wishes.extensions ?? []),
    ],
  });
  const der = new Uint8Array(certificate.rawData);
  return { der, thumbprint: thumbprintOf(der) };
}

function alternativeName({ name = 'odd', uri = `urn:test:${name}`, hosts = ['localhost'] }: CertificateWishes): x509.Extension {
  const names = hosts.map((value) => ({ type: 'dns' as const, value }));
  return new x509.SubjectAlternativeNameExtension([...names, ...(uri === '' ? [] : [{ type: 'url' as const, value: uri }])]);
}

async function identityOf(wishes: CertificateWishes, der: Uint8Array, keys: KeyPair): Promise<ApplicationIdentity> {
  const { name = 'odd', uri = `urn:test:${name}` } = wishes;
  const key = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const privateKeyPem = createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }) as string;
  const certificatePem = new x509.X509Certificate(Buffer.from(der)).toString('pem');
  return { applicationName: name, applicationUri: uri, certificate: der, certificatePem, privateKeyPem };
}

/** A self-signed application certificate such as the module would never make. */
export async function oddIdentity(wishes: CertificateWishes): Promise<ApplicationIdentity> {
  const { name = 'odd', bits = 2048 } = wishes;
  const keys = await keyPairOf(`identity ${name}`, bits);
  const { der } = await issue(wishes, keys, { name, keys });
  return await identityOf(wishes, der, keys);
}

/** A company's authority. */
export class TestAuthority implements TestCertificate {
  readonly der: Uint8Array;
  readonly thumbprint: string;
  readonly name: string;
  readonly #keys: KeyPair;

  private constructor(name: string, { der, thumbprint }: TestCertificate, keys: KeyPair) {
    this.name = name;
    this.der = der;
    this.thumbprint = thumbprint;
    this.#keys = keys;
  }

  /** @param keyName an authority of the same name with another key where it differs from the name */
  static async create(wishes: CertificateWishes = {}, issuer?: TestAuthority, keyName?: string): Promise<TestAuthority> {
    const { name = 'Company CA', bits = 2048 } = wishes;
    const keys = await keyPairOf(`authority ${keyName ?? name}`, bits);
    const all = { usages: AUTHORITY_USAGES, isAuthority: true, ...wishes, name };
    const certificate = await issue(all, keys, issuer === undefined ? { name, keys } : { name: issuer.name, keys: issuer.#keys });
    return new TestAuthority(name, certificate, keys);
  }

  async issue(wishes: CertificateWishes = {}): Promise<ApplicationIdentity> {
    const keys = await keyPairOf('issued', wishes.bits ?? 2048);
    const { der } = await issue({ name: 'issued', ...wishes }, keys, { name: this.name, keys: this.#keys });
    return await identityOf({ name: 'issued', ...wishes }, der, keys);
  }

  /** A revocation list, DER. */
  async list({ revoked = [], from = -HOUR_MS, to = HOUR_MS, hash = 'SHA-256', extensions = [] }: ListWishes = {}): Promise<Uint8Array> {
    const list = await x509.X509CrlGenerator.create({
      issuer: `CN=${this.name}`,
      thisUpdate: new Date(Date.now() + from),
      nextUpdate: new Date(Date.now() + to),
      signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash },
      signingKey: await signingKey(this.#keys, hash),
      entries: revoked.map(({ der }) => ({
        serialNumber: new x509.X509Certificate(Buffer.from(der)).serialNumber,
        revocationDate: new Date(Date.now() + from),
      })),
      extensions: [...extensions],
    });
    return new Uint8Array(list.rawData);
  }
}

/** The certificate of an identity, for lists. */
export function certificateOf({ certificate }: ApplicationIdentity): TestCertificate {
  return { der: certificate, thumbprint: thumbprintOf(certificate) };
}
