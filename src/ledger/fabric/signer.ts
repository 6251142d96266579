import { type Bytes, RejectedError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';

/** Signs with the private key of one X.509 certificate; the key may live in this process or in a token. */
export interface FabricSigner {
  /**
   * @returns ECDSA signature on P-256 over SHA-256 of the message, DER, with the lower of the two values of s
   */
  sign(message: Bytes): Promise<Bytes>;
  /** Ends the token's session; does nothing to a key in a file. */
  close(): void;
}

/** A key in a token (HSM, smart card) that speaks PKCS#11. */
export interface Pkcs11Options {
  /** Path of the token's PKCS#11 library. */
  readonly library: string;
  /** Label of the token. */
  readonly label: string;
  /** File that holds the user PIN, and nothing else. */
  readonly pinFile: string;
  /** CKA_ID of the private key, in hexadecimal digits. */
  readonly keyId: string;
}

/** @param why a clause that follows a colon; never with a part of a key or a PIN */
export function badIdentity(why: string, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('BAD_IDENTITY', `The identity for Fabric can't be used: ${why}.`, { cause });
}
