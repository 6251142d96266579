import { type Bytes, fromUtf8, toHex } from '../core/index.ts';
import type { Certificate } from './certificate.ts';
import { BIT_STRING, INTEGER, readSequence, SEQUENCE } from './der.ts';
import { refuse } from './errors.ts';
import { derOf } from './pem.ts';

/** A certificate revocation list (RFC 5280, section 5), without its dates: as in Fabric, it counts from when it is configured. */
export interface RevocationList {
  readonly signed: Bytes;
  readonly signature: Bytes;
  /** Serial numbers by the hexadecimal digits of their DER content. */
  readonly serials: ReadonlySet<string>;
}

/** @param bytes DER or PEM @throws RejectedError `BAD_ENCODING` */
export function readRevocationList(bytes: Bytes): RevocationList {
  const [signed, , signature] = readSequence(bytes[0] === SEQUENCE ? bytes : derOf(fromUtf8(bytes), 'X509 CRL'));
  if (signed === undefined || signature?.tag !== BIT_STRING) refuse('BAD_ENCODING', 'The revocation list is broken.');
  // Version, algorithm, issuer and dates come first; of the sequences, the third one is the list, where there is one.
  const sequences = readSequence(signed.whole).filter(({ tag }) => tag === SEQUENCE);
  const entries = sequences[2] === undefined ? [] : readSequence(sequences[2].whole);
  const serials = entries.map((entry) => {
    const serial = readSequence(entry.whole)[0];
    return serial?.tag === INTEGER ? toHex(serial.content) : refuse('BAD_ENCODING', 'The revocation list has an entry without a number.');
  });
  return { signed: signed.whole, signature: signature.content.subarray(1), serials: new Set(serials) };
}

/** Whether a list that the issuer has signed names the certificate. */
export function isRevoked(lists: readonly RevocationList[], certificate: Certificate, issuer: Certificate): boolean {
  return lists.some(({ serials, signed, signature }) => serials.has(certificate.serial) && issuer.hasSigned(signed, signature));
}
