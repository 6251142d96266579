import { argon2id, hash } from 'argon2';
import { type Argon2, type Argon2Input, type Bytes, RejectedError } from '../core/index.ts';
import type { PlatformErrorCode } from './errors.ts';

/** Algorithm version 1.3 (RFC 9106 section 3.1, input v). */
const VERSION = 0x13;

/** Argon2id on libuv's thread pool, by the reference implementation. Gives the raw 32 bytes. */
export const systemArgon2: Argon2 = {
  async id(input: Argon2Input): Promise<Bytes> {
    if (input.salt.length !== 16 || input.secret.length !== 32) {
      throw new RejectedError<PlatformErrorCode>('BAD_ARGON2_INPUT', 'Argon2id takes a salt of 16 bytes and a secret of 32 bytes.');
    }
    return rawArgon2id(input);
  },
};

/**
 * Argon2id with all of RFC 9106's inputs and 32 bytes of output. The port has no associated data; it is here so that
 * the RFC's own test vector can be run.
 */
export async function rawArgon2id(input: Argon2Input & { readonly associatedData?: Bytes }): Promise<Bytes> {
  const { memoryKiB, passes, lanes } = input.profile;
  const tag = await hash(Buffer.from(input.message), {
    type: argon2id,
    version: VERSION,
    hashLength: 32,
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: lanes,
    salt: Buffer.from(input.salt),
    secret: Buffer.from(input.secret),
    ...(input.associatedData === undefined ? {} : { associatedData: Buffer.from(input.associatedData) }),
    raw: true,
  });
  return new Uint8Array(tag);
}
