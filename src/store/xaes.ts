import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type Bytes, concat, RejectedError } from '../core/index.ts';

/*
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived from the first half of a 24-byte
 * nonce, so that nonces can be drawn at random for any number of messages under one key. The derivation is the
 * counter-based KDF of NIST SP 800-108r1 on AES-256-CMAC, two blocks.
 */

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** What encryption adds to a plaintext's length. */
export const XAES_OVERHEAD = NONCE_BYTES + TAG_BYTES;

/** A key for any number of messages with random nonces. */
export class Xaes256Gcm {
  readonly #key: KeyObject;
  /** CMAC's first subkey (NIST SP 800-38B section 6.1), the same for every message. */
  readonly #subkey: Bytes;

  /** @param key 32 bytes */
  constructor(key: Bytes) {
    if (key.length !== KEY_BYTES) throw new RangeError('A key of XAES-256-GCM has 32 bytes.');
    this.#key = createSecretKey(key);
    this.#subkey = doubled(this.#blocks(new Uint8Array(16)));
  }

  /** @returns nonce, ciphertext and tag, in this order */
  seal(plaintext: Bytes, associated: Bytes): Bytes {
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
    return concat(nonce, this.sealWith(nonce, plaintext, associated));
  }

  /**
   * With a nonce of the caller's, for the published test vectors.
   * @param nonce 24 bytes that serve once under this key
   * @returns ciphertext and tag
   */
  sealWith(nonce: Bytes, plaintext: Bytes, associated: Bytes): Bytes {
    const cipher = createCipheriv('aes-256-gcm', this.#derived(nonce), nonce.subarray(12));
    cipher.setAAD(associated);
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  }

  /** Opens what {@link seal} gave. @throws RejectedError `NOT_DECRYPTABLE` */
  open(sealed: Bytes, associated: Bytes): Bytes {
    if (sealed.length < XAES_OVERHEAD) throw new RejectedError('NOT_DECRYPTABLE', 'The sealed bytes are shorter than nonce and tag.');
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#derived(nonce), nonce.subarray(12), { authTagLength: TAG_BYTES });
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      return concat(decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final());
    } catch (cause) {
      throw new RejectedError('NOT_DECRYPTABLE', 'The sealed bytes do not open: another key, another place, or changed bytes.', { cause });
    }
  }

  /** Steps 3 to 5 of the specification's key derivation. */
  #derived(nonce: Bytes): Bytes {
    if (nonce.length !== NONCE_BYTES) throw new RangeError('A nonce of XAES-256-GCM has 24 bytes.');
    const message = new Uint8Array(32);
    for (const [counter, at] of [
      [1, 0],
      [2, 16],
    ] as const) {
      message.set([0, counter, 0x58, 0], at);
      message.set(nonce.subarray(0, 12), at + 4);
    }
    for (let i = 0; i < 32; i++) message[i]! ^= this.#subkey[i % 16]!;
    return this.#blocks(message);
  }

  /** AES-256 on each block alone. */
  #blocks(input: Bytes): Bytes {
    const cipher = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false);
    return concat(cipher.update(input), cipher.final());
  }
}

/** Doubling in GF(2^128), without a branch on the secret. */
function doubled(block: Bytes): Bytes {
  const out = new Uint8Array(16);
  for (let i = 0; i < 16; i++) out[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  out[15]! ^= 0x87 & -(block[0]! >> 7);
  return out;
}
