import { randomBytes } from 'node:crypto';
import type { Random } from '../core/index.ts';

/** The operating system's cryptographically strong random bytes. */
export const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };
