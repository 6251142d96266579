import * as crypto from 'node:crypto';
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { type Bytes, toBase64Url, toHex } from './bytes.ts';
import { labelledHash } from './crypto.ts';
import { RejectedError } from './errors.ts';
import type { Signer } from './ports.ts';

/*
 * Ed25519 (RFC 8032) as strict as it can be had, so that every platform gives the same answer: keys must be canonical,
 * not of small order and in the prime-order subgroup; signatures need S < L and a canonical R that is not of small
 * order. Verification is without cofactor: R is compared by its bytes.
 */

/** The group order L of edwards25519, little-endian (RFC 8032 section 5.1). */
const GROUP_ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;

const SMALL_ORDER = new Set(ED25519_TORSION_SUBGROUP);

/** PKCS#8 prefix of a raw Ed25519 private key (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const MOST_CACHED_KEYS = 1024;
const strictKeys = new Map<string, crypto.KeyObject>();

/** A key's id: base64url of SHA-256 over label and raw key, so that an id never names another key. */
export function keyIdOf(publicKey: Bytes): string {
  return toBase64Url(labelledHash('DCMB/0/key-id', publicKey));
}

/** @throws RejectedError `BAD_KEY` unless these 32 bytes are a canonical point of the prime-order subgroup. */
export function requireStrictKey(publicKey: Bytes): void {
  keyObject(publicKey);
}

/** @throws RejectedError `BAD_KEY` or `BAD_SIGNATURE`; returns nothing, so that no caller can forget to look. */
export function verifyEd25519(publicKey: Bytes, message: Bytes, signature: Bytes): void {
  const key = keyObject(publicKey);
  if (signature.length !== 64) throw badSignature('it is not 64 bytes long');
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) throw badSignature('S is not below the group order');
  if (SMALL_ORDER.has(toHex(signature.subarray(0, 32)))) throw badSignature('R is of small order');
  if (!crypto.verify(null, message, key, signature)) throw badSignature('it was not made by this key over these bytes');
}

/** A signer over a raw 32-byte private key held in this process. */
export function ed25519Signer(privateKey: Bytes): Signer {
  const key = crypto.createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, privateKey]), format: 'der', type: 'pkcs8' });
  const exported = crypto.createPublicKey(key).export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(exported['x'] ?? '', 'base64url'));
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (message) => Promise.resolve(new Uint8Array(crypto.sign(null, message, key))),
  };
}

function keyObject(publicKey: Bytes): crypto.KeyObject {
  const name = toHex(publicKey);
  const known = strictKeys.get(name);
  if (known !== undefined) return known;
  requirePrimeOrder(publicKey);
  const key = crypto.createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
  if (strictKeys.size >= MOST_CACHED_KEYS) strictKeys.clear();
  strictKeys.set(name, key);
  return key;
}

function requirePrimeOrder(publicKey: Bytes): void {
  let point;
  try {
    point = ed25519.Point.fromBytes(publicKey, false);
  } catch (cause) {
    throw new RejectedError('BAD_KEY', 'The Ed25519 key is not the canonical encoding of a point.', { cause });
  }
  if (point.isSmallOrder() || !point.isTorsionFree()) {
    throw new RejectedError('BAD_KEY', 'The Ed25519 key is outside the prime-order subgroup.');
  }
}

function littleEndian(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

function badSignature(why: string): RejectedError {
  return new RejectedError('BAD_SIGNATURE', `The Ed25519 signature does not hold: ${why}.`);
}
