import { createHash, X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { exploreCertificate, split_der, x509 as peculiar, type X509KeyUsage } from 'node-opcua-crypto';
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
  /**
   * The usages that Part 6, clause 6.2.2 asks of an application's certificate; where it names extended ones, that of a TLS
   * server or client must be among them.
   */
  readonly hasApplicationUsages: boolean;
  /** Names of the subject and of the issuer, one attribute a line. */
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal, lower case, without leading zeros. Empty for one that RFC 5280, clause 4.1.2.2 does not allow. */
  readonly serialNumber: string;
  /** keyCertSign and cRLSign (RFC 5280, clause 4.2.1.3); false where the certificate names no usages. */
  readonly signsCertificates: boolean;
  readonly signsRevocationLists: boolean;
  /** Most authorities that may follow this one in a chain (RFC 5280, clause 4.2.1.9); undefined where it names no limit. */
  readonly pathLength: number | undefined;
  /** It has name constraints, or a critical extension that nobody here reads: RFC 5280, clause 4.2 asks to refuse it. */
  readonly hasUnreadConstraints: boolean;
}

/** True where a person means this one: by thumbprint, the beginning of one (8 digits or more), common name or application URI. */
export function matches({ thumbprint, commonName, applicationUri }: CertificateFacts, selector: string): boolean {
  const wanted = selector.toLowerCase().replaceAll(':', '');
  const isPrefix = /^[0-9a-f]{8,64}$/.test(wanted);
  return (isPrefix && thumbprint.startsWith(wanted)) || commonName === selector || applicationUri === selector;
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
    hasApplicationUsages: hasApplicationUsages(extensions?.keyUsage) && hasPeerPurpose(x509.keyUsage),
    subject: x509.subject,
    issuer: x509.issuer,
    serialNumber: serialNumberOf(x509),
    signsCertificates: extensions?.keyUsage?.keyCertSign === true,
    signsRevocationLists: extensions?.keyUsage?.cRLSign === true,
    ...constraintsOf(der),
  };
}

/** OIDs of the extensions that are looked at here. */
const READ_EXTENSIONS = new Set(['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37']);
const NAME_CONSTRAINTS = '2.5.29.30';

function constraintsOf(der: Bytes): Pick<CertificateFacts, 'pathLength' | 'hasUnreadConstraints'> {
  const { extensions } = new peculiar.X509Certificate(der);
  const basic = extensions.find((extension) => extension instanceof peculiar.BasicConstraintsExtension);
  return {
    pathLength: basic?.pathLength,
    hasUnreadConstraints: extensions.some(({ type, critical }) => type === NAME_CONSTRAINTS || (critical && !READ_EXTENSIONS.has(type))),
  };
}

/** A serial number in the form in which two are compared; empty for zero or less. */
export function plainSerial(hex: string): string {
  return /^[0-9a-f]+$/i.test(hex) ? hex.toLowerCase().replace(/^0+/, '') : '';
}

function serialNumberOf({ serialNumber }: X509Certificate): string {
  return plainSerial(serialNumber);
}

function rsaBitsOf({ publicKey }: X509Certificate): number {
  return publicKey.asymmetricKeyType === 'rsa' ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
}

function hasApplicationUsages(usage: X509KeyUsage | undefined): boolean {
  return usage !== undefined && usage.digitalSignature && usage.nonRepudiation && usage.keyEncipherment && usage.dataEncipherment;
}

const PEER_PURPOSES = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/** @param purposes OIDs of the extended key usage; absent where the certificate limits nothing */
function hasPeerPurpose(purposes: readonly string[] | undefined): boolean {
  return purposes === undefined || purposes.some((purpose) => PEER_PURPOSES.includes(purpose));
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
