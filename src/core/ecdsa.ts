import * as crypto from 'node:crypto';
import { type Bytes, toBase64Url } from './bytes.ts';

/*
 * ECDSA (FIPS 186-5) over the NIST curves, for verifying what others' certificates sign. Nothing of ours is signed with it.
 */

const MOST_CACHED_KEYS = 4096;
const keys = new Map<string, crypto.KeyObject | undefined>();

export type EcdsaHash = 'sha256' | 'sha384' | 'sha512';

/**
 * @param spki SubjectPublicKeyInfo (RFC 5280), DER
 * @param signature r and s, each as long as the curve's order, big-endian, one after the other
 * @returns false also where the key is none of an elliptic curve
 */
export function verifiesEcdsa(spki: Bytes, hash: EcdsaHash, message: Bytes, signature: Bytes): boolean {
  const key = keyObject(spki);
  return key !== undefined && crypto.verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function keyObject(spki: Bytes): crypto.KeyObject | undefined {
  const name = toBase64Url(spki);
  if (keys.has(name)) return keys.get(name);
  if (keys.size >= MOST_CACHED_KEYS) keys.clear();
  const key = ellipticKey(spki);
  keys.set(name, key);
  return key;
}

function ellipticKey(spki: Bytes): crypto.KeyObject | undefined {
  try {
    const key = crypto.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' ? key : undefined;
  } catch {
    return undefined;
  }
}
