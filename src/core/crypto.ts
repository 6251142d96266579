import * as crypto from 'node:crypto';
import { type Bytes, concat, u32, utf8 } from './bytes.ts';
import { RejectedError } from './errors.ts';

/*
 * The symmetric primitives that every floor may use. They are pure functions of their arguments: nothing here reads a
 * clock, a file or a random source. All of node:crypto in floors 0 to 2 goes through this file, ecdsa.ts and ed25519.ts, so
 * that a browser build replaces these three.
 */

/** SHA-256 (FIPS 180-4) over the concatenation of the parts. 32 bytes. */
export function sha256(...parts: readonly Bytes[]): Bytes {
  const digest = new Uint8Array(32);
  sha256Into(parts.length === 1 ? parts[0]! : concat(...parts), digest, 0);
  return digest;
}

/**
 * Writes SHA-256 of `input` to `target` from `offset` on. The digest comes as a one-byte-per-character string, because a
 * `Buffer` for each digest costs three times as much as hashing 65 bytes.
 */
export function sha256Into(input: Bytes, target: Bytes, offset: number): void {
  const digest = crypto.hash('sha256', input, 'binary');
  for (let i = 0; i < 32; i++) target[offset + i] = digest.charCodeAt(i);
}

/**
 * The input of every labelled hash and MAC: each of label and fields preceded by its length as u32, so that no two
 * lists of fields give the same bytes. Labels are ASCII and read `DCMB/0/<purpose>`.
 */
export function frame(label: string, ...fields: readonly Bytes[]): Bytes {
  const parts: Bytes[] = [];
  for (const field of [utf8(label), ...fields]) parts.push(u32(field.length), field);
  return concat(...parts);
}

/** SHA-256 over {@link frame}. 32 bytes. */
export function labelledHash(label: string, ...fields: readonly Bytes[]): Bytes {
  return sha256(frame(label, ...fields));
}

/** A secret key held as a key object: five times faster than raw bytes for each use. */
export type MacKey = crypto.KeyObject;

export function macKey(key: Bytes): MacKey {
  return crypto.createSecretKey(key);
}

/** HMAC-SHA-256 (RFC 2104) over {@link frame}. 32 bytes. */
export function labelledMac(key: Bytes | MacKey, label: string, ...fields: readonly Bytes[]): Bytes {
  const secret = key instanceof Uint8Array ? macKey(key) : key;
  return plain(
    crypto
      .createHmac('sha256', secret)
      .update(frame(label, ...fields))
      .digest(),
  );
}

/** HKDF-SHA-256 (RFC 5869). `length` at most 8160 bytes. */
export function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes {
  return new Uint8Array(crypto.hkdfSync('sha256', secret, salt, info, length));
}

/**
 * `length` bytes of the AES-256-CTR keystream (NIST SP 800-38A) with an all-zero initial counter block, from block
 * `firstBlock` (16 bytes each) on. The key must serve nothing else.
 */
export function keystream(key: Bytes | MacKey, firstBlock: number, length: number): Bytes {
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setBigUint64(8, BigInt(firstBlock));
  return plain(crypto.createCipheriv('aes-256-ctr', key, counter).update(new Uint8Array(length)));
}

/** AES-256-GCM (NIST SP 800-38D): ciphertext followed by the 16-byte tag. A (key, nonce) pair serves once. */
export function seal(key: Bytes, nonce: Bytes, plaintext: Bytes, associated: Bytes): Bytes {
  const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated);
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Opens what {@link seal} gave. @throws RejectedError `NOT_DECRYPTABLE` */
export function unseal(key: Bytes, nonce: Bytes, sealed: Bytes, associated: Bytes): Bytes {
  if (sealed.length < 16) throw new RejectedError('NOT_DECRYPTABLE', 'The sealed bytes are shorter than their tag.');
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  try {
    return concat(decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final());
  } catch (cause) {
    throw new RejectedError('NOT_DECRYPTABLE', 'The sealed bytes do not open under this key: wrong key, or changed bytes.', { cause });
  }
}

/** X25519 (RFC 7748) with raw 32-byte keys. @throws RejectedError `BAD_KEY` where the result is all zero. */
export function x25519(privateKey: Bytes, publicKey: Bytes): Bytes {
  try {
    return plain(
      crypto.diffieHellman({
        privateKey: crypto.createPrivateKey({ key: jwk('X25519', publicKeyOfX25519(privateKey), privateKey), format: 'jwk' }),
        publicKey: crypto.createPublicKey({ key: jwk('X25519', publicKey), format: 'jwk' }),
      }),
    );
  } catch (cause) {
    throw new RejectedError('BAD_KEY', 'Key agreement failed: the public key is of small order or not a key.', { cause });
  }
}

/** PKCS#8 prefix of a raw X25519 private key (RFC 8410 section 7). */
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function publicKeyOfX25519(privateKey: Bytes): Bytes {
  const key = crypto.createPrivateKey({ key: Buffer.concat([X25519_PKCS8, privateKey]), format: 'der', type: 'pkcs8' });
  return new Uint8Array(Buffer.from(crypto.createPublicKey(key).export({ format: 'jwk' })['x'] ?? '', 'base64url'));
}

function jwk(curve: string, x: Bytes, d?: Bytes): crypto.JsonWebKey {
  const key = { kty: 'OKP', crv: curve, x: Buffer.from(x).toString('base64url') };
  return d === undefined ? key : { ...key, d: Buffer.from(d).toString('base64url') };
}

function plain(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
