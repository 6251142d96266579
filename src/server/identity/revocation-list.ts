import {
  convertPEMtoDER,
  exploreCertificateRevocationList,
  split_der,
  verifyCertificateRevocationListSignature,
  x509,
} from 'node-opcua-crypto';
import { type Bytes, RejectedError } from '../../core/index.ts';
import { type CertificateFacts, plainSerial, thumbprintOf } from './certificate-facts.ts';
import type { IdentityErrorCode } from './errors.ts';
import { hasStrongSignature } from './strength.ts';

/** A certificate revocation list (RFC 5280, clause 5). Read, not verified: see {@link isListOf}. */
export interface RevocationList {
  readonly der: Bytes;
  /** SHA-256 over the DER bytes, 64 lower-case hex digits. */
  readonly thumbprint: string;
  /** For a person to read. */
  readonly issuer: string;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Serial numbers as in {@link CertificateFacts}. */
  readonly revoked: ReadonlySet<string>;
  readonly signatureAlgorithm: string;
}

/**
 * Reads a list as PEM or DER. Only complete lists of one issuer are taken: deltas, indirect lists and those for a part of
 * the certificates carry critical extensions, and RFC 5280, clause 5.2 forbids to use what is not understood. A list that
 * does not say when the next one comes is refused too (clause 5.1.2.5).
 * @throws RejectedError `BAD_REVOCATION_LIST`
 */
export function readRevocationList(content: Bytes): RevocationList {
  try {
    return listOf(derOf(content));
  } catch (cause) {
    throw new RejectedError<IdentityErrorCode>(
      'BAD_REVOCATION_LIST',
      'The bytes are not a complete X.509 revocation list with the time of the next one, in DER or PEM form. Get it anew from the authority.',
      { cause },
    );
  }
}

/**
 * True where this authority signed the list, with a strong signature, and may sign lists (RFC 5280, clause 6.3.3 f).
 * @param authority whose key and name are compared
 */
export function isListOf(list: RevocationList, authority: CertificateFacts): boolean {
  if (!authority.signsRevocationLists || !hasStrongSignature(list.signatureAlgorithm)) return false;
  try {
    const [crl, issuer] = [Buffer.from(list.der), Buffer.from(authority.der)];
    return nameOf(new x509.X509Crl(crl).issuerName) === nameOf(new x509.X509Certificate(issuer).subjectName) && verified(crl, issuer);
  } catch {
    return false;
  }
}

/**
 * Authorities whose revocation cannot be told because of this: it should be a list of theirs, and none of them has signed
 * such a list. What is not whole and names nobody could be anybody's.
 * @param content PEM or DER, or what is left of it
 */
export function spoiledBy(content: Bytes, authorities: readonly CertificateFacts[]): readonly CertificateFacts[] {
  const list = attempt(() => readRevocationList(content));
  if (list !== undefined && authorities.some((authority) => isListOf(list, authority))) return [];
  const bytes = Buffer.from(leftOf(content));
  const name = attempt(() => new x509.X509Crl(bytes).issuerName.toString().toLowerCase());
  const named = authorities.filter(({ der }) => {
    const { subjectName } = new x509.X509Certificate(Buffer.from(der));
    return subjectName.toString().toLowerCase() === name || bytes.includes(Buffer.from(subjectName.toArrayBuffer()));
  });
  return named.length > 0 || name !== undefined ? named : authorities;
}

/** The bytes in every block of a PEM text that may have been cut off; of anything else, itself. */
function leftOf(content: Bytes): Bytes {
  const text = Buffer.from(content).toString('latin1');
  if (!text.includes('-----BEGIN')) return content;
  return Buffer.concat(text.split(/-----[A-Z0-9 ]*-----/).map((block) => Buffer.from(block, 'base64')));
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function verified(crl: Buffer, issuer: Buffer): boolean {
  return verifyCertificateRevocationListSignature(crl, issuer);
}

function nameOf(name: x509.Name): string {
  return Buffer.from(name.toArrayBuffer()).toString('hex');
}

function listOf(der: Bytes): RevocationList {
  const buffer = Buffer.from(der);
  if (split_der(buffer).length !== 1) throw new RangeError('bytes follow the list');
  const { tbsCertList, signatureAlgorithm } = exploreCertificateRevocationList(buffer);
  if (tbsCertList.signature.identifier !== signatureAlgorithm.identifier) throw new RangeError('two signature algorithms');
  const revoked = tbsCertList.revokedCertificates.map(({ userCertificate }) => plainSerial(userCertificate.replaceAll(':', '')));
  if (revoked.includes('')) throw new RangeError('a serial number that is none');
  const { extensions, entries, issuer } = new x509.X509Crl(buffer);
  const all = [...extensions, ...entries.flatMap((entry) => entry.extensions)];
  if (all.some(({ critical }) => critical)) throw new RangeError('a critical extension');
  if (entries.length !== revoked.length) throw new RangeError('entries that are read in two ways');
  return {
    der,
    thumbprint: thumbprintOf(der),
    issuer,
    thisUpdateMs: timeOf(tbsCertList.thisUpdate),
    nextUpdateMs: timeOf(tbsCertList.nextUpdate),
    revoked: new Set(revoked),
    signatureAlgorithm: signatureAlgorithm.identifier,
  };
}

function timeOf(time: unknown): number {
  const ms = time instanceof Date ? time.getTime() : NaN;
  if (!Number.isFinite(ms)) throw new RangeError('a time that is none');
  return ms;
}

function derOf(content: Bytes): Bytes {
  const text = Buffer.from(content).toString('latin1');
  return /-----BEGIN (X509 )?CRL-----/.test(text) ? new Uint8Array(convertPEMtoDER(text)) : content;
}
