import {
  type Argon2,
  ARGON2_PROFILES,
  type Bytes,
  concat,
  equalBytes,
  frame,
  fromBase64Url,
  i32,
  labelledHash,
  u64,
} from '../core/index.ts';
import type { BatchHeader } from './documents.ts';
import { refused } from './errors.ts';

/** What H is computed over: the interval's cleared result and where it belongs. */
export interface ClearedTuple {
  /** Channel id, base64url. */
  readonly channel: string;
  readonly n: number;
  readonly interval: number;
  /** The interval's condition code of each stream, in stream order. */
  readonly codes: readonly number[];
}

/** The batch's salt: nobody chooses it, so nothing can be hidden in it. 16 bytes. */
export function batchSalt(channel: string, n: number): Bytes {
  return labelledHash('DCMB/0/salt', fromBase64Url(channel), u64(n)).subarray(0, 16);
}

export function clearedTuple({ channel, n, interval, codes }: ClearedTuple): Bytes {
  return frame('DCMB/0/cleared', fromBase64Url(channel), u64(n), u64(interval), concat(...codes.map(i32)));
}

/**
 * Algorithm 1 with a secret: Argon2id over the cleared tuple, the batch key as Argon2's own secret input (RFC 9106, K).
 * @param profile number in ARGON2_PROFILES
 * @throws RejectedError `WRONG_PROFILE`
 */
export function computeH(argon2: Argon2, tuple: ClearedTuple, salt: Bytes, batchKey: Bytes, profile: number): Promise<Bytes> {
  const parameters = ARGON2_PROFILES[profile];
  if (parameters === undefined) throw refused('WRONG_PROFILE', `There is no Argon2 profile ${profile}.`);
  return argon2.id({ message: clearedTuple(tuple), salt, secret: batchKey, profile: parameters });
}

/** Algorithm 2: recomputes H and compares in constant time. @throws RejectedError `WRONG_H`, `WRONG_PROFILE` */
export async function verifyH(argon2: Argon2, header: BatchHeader, codes: readonly number[], batchKey: Bytes): Promise<void> {
  const { channel, n, interval } = header;
  const h = await computeH(argon2, { channel, n, interval, codes }, fromBase64Url(header.salt), batchKey, header.argon2);
  if (!equalBytes(h, fromBase64Url(header.h))) throw refused('WRONG_H', `H of batch ${n} is not that of the conditions in its records.`);
}
