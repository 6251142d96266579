import { createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';
import { x509 } from 'node-opcua-crypto';
import { type Bytes, RejectedError } from '../../core/index.ts';
import { parseCertificateFile, readCertificate, toPem } from './certificate-facts.ts';
import { coversHost } from './certificate-judgement.ts';
import type { IdentityErrorCode } from './errors.ts';
import { isStrong } from './strength.ts';

const DAY_MS = 86_400_000;
const RSA_BITS = 3072;
/** A peer whose clock is behind would refuse a new certificate. */
const CLOCK_TOLERANCE_MS = 3_600_000;

export interface CertificateRequest {
  /** Common name, 1 to 64 characters. */
  readonly applicationName: string;
  /** Must equal the server's or client's ApplicationUri (OPC UA Part 6, clause 6.2.2). */
  readonly applicationUri: string;
  readonly organization: string;
  /** Every DNS name under which the application is dialled: strict clients compare. */
  readonly hosts: readonly string[];
  /** Every IP address under which it is dialled. */
  readonly ips: readonly string[];
  /** 1 to 7300. */
  readonly validityDays: number;
  /** Start of validity; now where absent. */
  readonly notBeforeMs?: number;
}

/** One application's identity on OPC UA connections. */
export interface ApplicationIdentity {
  readonly applicationName: string;
  readonly applicationUri: string;
  /** DER. */
  readonly certificate: Bytes;
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

/**
 * Makes an RSA key and a self-signed application instance certificate for it (OPC UA Part 6, clause 6.2.2), without
 * openssl: SHA-256, CA:FALSE, subject alternative names from the request.
 * @throws RejectedError `BAD_CERTIFICATE_REQUEST`
 */
export async function createApplicationCertificate(request: CertificateRequest): Promise<ApplicationIdentity> {
  checkRequest(request);
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: RSA_BITS };
  const keys = await globalThis.crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const fromMs = request.notBeforeMs ?? Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ O: [request.organization] }, { CN: [request.applicationName] }],
    notBefore: new Date(fromMs - CLOCK_TOLERANCE_MS),
    notAfter: new Date(fromMs + request.validityDays * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: await extensionsFor(request, keys.publicKey),
  });
  const der = new Uint8Array(certificate.rawData);
  const pkcs8 = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', keys.privateKey));
  const privateKeyPem = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }) as string;
  return identityOf(der, privateKeyPem);
}

/** An identity from the content of its two files. @throws RejectedError `BAD_CERTIFICATE`, `OWN_CERTIFICATE_UNFIT` */
export function parseApplicationIdentity(certificateFile: Bytes, privateKeyPem: string): ApplicationIdentity {
  const identity = identityOf(parseCertificateFile(certificateFile).der, privateKeyPem);
  if (!keyMatches(identity)) throw unfit('it does not belong to the private key beside it', 'Restore the pair, or make a new one.');
  return identity;
}

/** A renewed certificate is of the same application. @throws RejectedError `OWN_CERTIFICATE_UNFIT` */
export function requireSameApplication(before: Pick<ApplicationIdentity, 'applicationUri'>, renewed: ApplicationIdentity): void {
  if (renewed.applicationUri === before.applicationUri) return;
  const [old, other] = [before.applicationUri, renewed.applicationUri].map((uri) => JSON.stringify(uri));
  throw unfit(`its URI is ${other}, that of the running application ${old}`, 'Make one with the same URI, or start the module again.');
}

export interface OwnCertificateExpectation {
  readonly applicationUri: string;
  /** Host names and addresses under which the application will be dialled. */
  readonly dialled: readonly string[];
  readonly nowMs: number;
}

/**
 * Checks one's own certificate before a server or client starts, for peers tell little of why they refuse one.
 * @returns days until expiry, rounded down
 * @throws RejectedError `OWN_CERTIFICATE_UNFIT` with what is wrong and the remedy; `BAD_CERTIFICATE`
 */
export function checkOwnCertificate(identity: ApplicationIdentity, expected: OwnCertificateExpectation): number {
  const facts = readCertificate(identity.certificate);
  const renew = 'Make a new one and have your peers trust it.';
  if (!keyMatches(identity)) throw unfit('it does not belong to the private key beside it', 'Restore the pair, or make a new one.');
  if (expected.nowMs < facts.notBeforeMs)
    throw unfit(`it is not valid before ${iso(facts.notBeforeMs)}`, 'Check the clock of this machine.');
  if (expected.nowMs >= facts.notAfterMs) throw unfit(`it expired on ${iso(facts.notAfterMs)}`, renew);
  if (facts.applicationUri !== expected.applicationUri) {
    throw unfit(
      `its URI is ${JSON.stringify(facts.applicationUri)}, the configured ApplicationUri ${JSON.stringify(expected.applicationUri)}`,
      'Make the two equal.',
    );
  }
  if (!isStrong(facts)) throw unfit('its key is not RSA of 2048 to 4096 bits, or its signature not SHA-256 or better', renew);
  if (!facts.hasApplicationUsages) throw unfit('it lacks the key usages of an application certificate', renew);
  const missing = expected.dialled.find((name) => !coversHost(facts, name));
  if (missing !== undefined) throw unfit(`it does not name ${missing}, under which clients reach this server`, renew);
  return Math.floor((facts.notAfterMs - expected.nowMs) / DAY_MS);
}

function identityOf(certificate: Bytes, privateKeyPem: string): ApplicationIdentity {
  const { commonName, applicationUri } = readCertificate(certificate);
  return { applicationName: commonName, applicationUri, certificate, certificatePem: toPem(certificate), privateKeyPem };
}

function keyMatches(identity: ApplicationIdentity): boolean {
  try {
    return new X509Certificate(identity.certificate).checkPrivateKey(createPrivateKey(identity.privateKeyPem));
  } catch {
    return false;
  }
}

async function extensionsFor(request: CertificateRequest, publicKey: webcrypto.CryptoKey): Promise<x509.Extension[]> {
  const { dataEncipherment, digitalSignature, keyCertSign, keyEncipherment, nonRepudiation } = x509.KeyUsageFlags;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth], true),
    // keyCertSign: Part 6 asks for it in self-signed certificates, although CA is FALSE.
    new x509.KeyUsagesExtension(dataEncipherment | digitalSignature | keyCertSign | keyEncipherment | nonRepudiation, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(publicKey),
    new x509.SubjectAlternativeNameExtension([
      ...request.hosts.map((value) => ({ type: 'dns' as const, value })),
      ...request.ips.map((value) => ({ type: 'ip' as const, value })),
      { type: 'url' as const, value: request.applicationUri },
    ]),
  ];
}

function checkRequest(request: CertificateRequest): void {
  const refuse = (why: string): never => {
    throw new RejectedError<IdentityErrorCode>('BAD_CERTIFICATE_REQUEST', `No certificate can be made: ${why}.`);
  };
  for (const [what, text] of [
    ['application name', request.applicationName],
    ['organization', request.organization],
  ] as const) {
    if (text.length < 1 || text.length > 64 || /\p{Cc}/u.test(text)) refuse(`the ${what} must have 1 to 64 printable characters`);
  }
  if (!/^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(request.applicationUri))
    refuse('the ApplicationUri is not a URI such as urn:example:module');
  if (request.hosts.length + request.ips.length === 0) refuse('it needs at least one host name or IP address');
  if (!Number.isInteger(request.validityDays) || request.validityDays < 1 || request.validityDays > 7300)
    refuse('validityDays must be 1 to 7300');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function unfit(what: string, remedy: string): RejectedError<IdentityErrorCode> {
  return new RejectedError('OWN_CERTIFICATE_UNFIT', `This application's own certificate cannot be used: ${what}. ${remedy}`);
}
