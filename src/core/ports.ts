import type { Bytes } from './bytes.ts';

/** Wall clock, injected so that floors 0 to 2 read no time of their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** Cryptographically strong random bytes. */
export interface Random {
  bytes(length: number): Bytes;
}

/** Holds one private key; it may live in this process, a file or a token. */
export interface Signer {
  /** See `keyIdOf`. */
  readonly keyId: string;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes;
  sign(message: Bytes): Promise<Bytes>;
}

/** A numbered Argon2id parameter set. Profile numbers are fixed for ever; new parameters get a new number. */
export interface Argon2Profile {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** Profile 1 is the default; 0 serves intervals below 10 s, where a 256-bit secret carries the security. */
export const ARGON2_PROFILES: readonly Argon2Profile[] = [
  { memoryKiB: 64, passes: 1, lanes: 1 },
  { memoryKiB: 19 * 1024, passes: 2, lanes: 1 },
];

/** Argon2id, version 0x13 (RFC 9106), off the calling thread. Gives 32 bytes. */
export interface Argon2 {
  id(input: Argon2Input): Promise<Bytes>;
}

export interface Argon2Input {
  readonly message: Bytes;
  /** 16 bytes. */
  readonly salt: Bytes;
  /** RFC 9106 section 3.1, input K. 32 bytes. */
  readonly secret: Bytes;
  readonly profile: Argon2Profile;
}
