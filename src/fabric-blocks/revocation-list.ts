import { type Bytes, equalBytes, toHex } from '../core/index.ts';
import type { Certificate } from './certificate.ts';
import { BIT_STRING, type Der, INTEGER, readSequence, SEQUENCE } from './der.ts';
import { refuse } from './errors.ts';
import { derOf } from './pem.ts';

/** A certificate revocation list (RFC 5280, section 5), without its dates: as in Fabric, it counts from when it is configured. */
export interface RevocationList {
  readonly signed: Bytes;
  readonly signature: Bytes;
  /** Serial numbers by the hexadecimal digits of their DER content. */
  readonly serials: ReadonlySet<string>;
  /** Of the key that has signed it; `undefined` where the list does not say. */
  readonly authorityKeyId: Bytes | undefined;
}

/** @param bytes DER or PEM @throws RejectedError `BAD_ENCODING` */
export function readRevocationList(bytes: Bytes): RevocationList {
  const [signed, , signature] = readSequence(bytes[0] === SEQUENCE ? bytes : derOf(bytes));
  if (signed === undefined || signature?.tag !== BIT_STRING) refuse('BAD_ENCODING', 'The revocation list is broken.');
  // Version, algorithm, issuer and dates come first; of the sequences, the third one is the list, where there is one.
  const sequences = readSequence(signed.whole).filter(({ tag }) => tag === SEQUENCE);
  const entries = sequences[2] === undefined ? [] : readSequence(sequences[2].whole);
  const serials = entries.map((entry) => {
    const serial = readSequence(entry.whole)[0];
    return serial?.tag === INTEGER ? toHex(serial.content) : refuse('BAD_ENCODING', 'The revocation list has an entry without a number.');
  });
  return {
    signed: signed.whole,
    signature: signature.content.subarray(1),
    serials: new Set(serials),
    authorityKeyId: authorityKeyIn(signed),
  };
}

const EXTENSIONS = 0xa0;
const AUTHORITY_KEY_IDENTIFIER = '551d23';
const KEY_IDENTIFIER = 0x80;

function authorityKeyIn(signed: Der): Bytes | undefined {
  const extensions = readSequence(signed.whole).find(({ tag }) => tag === EXTENSIONS);
  for (const { whole } of extensions === undefined ? [] : readSequence(extensions.content)) {
    const parts = readSequence(whole);
    if (parts[0] === undefined || toHex(parts[0].content) !== AUTHORITY_KEY_IDENTIFIER) continue;
    return readSequence(parts.at(-1)!.content).find(({ tag }) => tag === KEY_IDENTIFIER)?.content ?? new Uint8Array(0);
  }
  return undefined;
}

/**
 * Whether a list of the issuer's key, which that has signed, names the certificate. A list that does not say whose it is revokes
 * everything, as it does on a peer.
 */
export function isRevoked(lists: readonly RevocationList[], certificate: Certificate, issuer: Certificate): boolean {
  if (lists.length > 0 && issuer.subjectKeyId === undefined) return true;
  return lists.some(({ serials, signed, signature, authorityKeyId }) => {
    if (authorityKeyId === undefined) return true;
    const isOwn = equalBytes(authorityKeyId, issuer.subjectKeyId ?? new Uint8Array(0));
    return isOwn && serials.has(certificate.serial) && issuer.hasSigned(signed, signature);
  });
}
