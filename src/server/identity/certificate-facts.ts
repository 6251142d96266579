import { createHash, X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { exploreCertificate, split_der, type X509KeyUsage } from 'node-opcua-crypto';
import { type Bytes, RejectedError } from '../../core/index.ts';
import type { IdentityErrorCode } from './errors.ts';

/** What the checks and a person need to know of an X.509 certificate. Read, not verified. */
export interface CertificateFacts {
  readonly der: Bytes;
  /** SHA-256 over the DER bytes, 64 lower-case hex digits: the only name that certificates go by here. */
  readonly thumbprint: string;
  readonly commonName: string;
  readonly organization: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** URI of the subject alternative name (OPC UA Part 6, clause 6.2.2), or empty. */
  readonly applicationUri: string;
  readonly hosts: readonly string[];
  readonly ips: readonly string[];
  readonly isAuthority: boolean;
  /** Length of the RSA modulus in bits; 0 for a key of another kind. */
  readonly rsaBits: number;
  readonly signatureAlgorithm: string;
  /** The usages that Part 6, clause 6.2.2 asks of an application's certificate. */
  readonly hasApplicationUsages: boolean;
}

/** SHA-256 over the DER bytes, 64 lower-case hex digits. */
export function thumbprintOf(der: Bytes): string {
  return createHash('sha256').update(der).digest('hex');
}

/** Certificate of the peer itself, where a chain of DER certificates may follow it. @throws RejectedError `BAD_CERTIFICATE` */
export function leafOf(certificate: Bytes | readonly Bytes[]): Bytes {
  const first = certificate instanceof Uint8Array ? certificate : certificate[0];
  if (first === undefined || first.length === 0) throw badCertificate();
  try {
    return split_der(asBuffer(first))[0] ?? first;
  } catch (cause) {
    throw badCertificate(cause);
  }
}

/** @throws RejectedError `BAD_CERTIFICATE` for bytes that are not one X.509 certificate in DER form */
export function readCertificate(der: Bytes): CertificateFacts {
  try {
    return factsOf(der);
  } catch (cause) {
    throw badCertificate(cause);
  }
}

/** Reads a file's content: PEM (its first certificate) or DER. @throws RejectedError `BAD_CERTIFICATE` */
export function parseCertificateFile(content: Bytes): CertificateFacts {
  try {
    return factsOf(new Uint8Array(new X509Certificate(content).raw));
  } catch (cause) {
    throw badCertificate(cause);
  }
}

/** PEM text (RFC 7468) of a DER certificate. */
export function toPem(der: Bytes): string {
  return new X509Certificate(der).toString();
}

function factsOf(der: Bytes): CertificateFacts {
  // OpenSSL's parser is the strict one of the two; what it refuses never reaches the second.
  const x509 = new X509Certificate(der);
  if (x509.raw.length !== der.length) throw new RangeError('bytes follow the certificate');
  const { tbsCertificate, signatureAlgorithm } = exploreCertificate(asBuffer(der));
  const { validity, extensions } = tbsCertificate;
  // node-opcua-crypto reads names as ASCII.
  const { subject } = x509.toLegacyObject();
  const names = extensions?.subjectAltName ?? {};
  return {
    der,
    thumbprint: thumbprintOf(der),
    commonName: textOf(subject?.CN),
    organization: textOf(subject?.O),
    notBeforeMs: validity.notBefore.getTime(),
    notAfterMs: validity.notAfter.getTime(),
    applicationUri: names['uniformResourceIdentifier']?.[0] ?? '',
    hosts: names['dNSName'] ?? [],
    ips: subjectAltIps(x509),
    isAuthority: x509.ca,
    rsaBits: rsaBitsOf(x509),
    signatureAlgorithm: signatureAlgorithm.identifier,
    hasApplicationUsages: hasApplicationUsages(extensions?.keyUsage),
  };
}

function rsaBitsOf({ publicKey }: X509Certificate): number {
  return publicKey.asymmetricKeyType === 'rsa' ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
}

function hasApplicationUsages(usage: X509KeyUsage | undefined): boolean {
  return usage !== undefined && usage.digitalSignature && usage.nonRepudiation && usage.keyEncipherment && usage.dataEncipherment;
}

/** A part that stands more than once, as one text. */
function textOf(name: string | string[] | undefined): string {
  return Array.isArray(name) ? name.join(' ') : (name ?? '');
}

function subjectAltIps(x509: X509Certificate): readonly string[] {
  return [...(x509.subjectAltName ?? '').matchAll(/IP Address:([^,]+)/g)].map((match) => plainIp((match[1] ?? '').trim()));
}

/** An IP address as the URL standard writes it: IPv6 in its shortest form, lower case. Other text stays as it is. */
export function plainIp(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function asBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function badCertificate(cause?: unknown): RejectedError<IdentityErrorCode> {
  return new RejectedError(
    'BAD_CERTIFICATE',
    'The bytes are not an X.509 certificate in DER or PEM form. Get the file anew from where it came.',
    {
      cause,
    },
  );
}
