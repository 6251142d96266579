import { type KeyObject, sign } from 'node:crypto';
import type { Bytes } from '../../core/index.ts';
import type { FabricSigner } from './signer.ts';

/** The order of P-256's group (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const SCALAR_BYTES = 32;

/** A signer over a P-256 key in this process. */
export function keySigner(key: KeyObject): FabricSigner {
  return {
    sign: (message) => Promise.resolve(signP256(key, message)),
    close: () => undefined,
  };
}

function signP256(key: KeyObject, message: Bytes): Bytes {
  const raw = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
  const s = BigInt(`0x${raw.toString('hex', SCALAR_BYTES)}`);
  const low = s > ORDER / 2n ? ORDER - s : s;
  const scalars = [raw.subarray(0, SCALAR_BYTES), Buffer.from(low.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex')];
  const integers = Buffer.concat(scalars.map(derInteger));
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x30, integers.length), integers]));
}

/** A positive INTEGER in DER: without zeros in front, but for one where the first bit would be a sign. */
function derInteger(scalar: Uint8Array): Buffer {
  const first = scalar.findIndex((byte) => byte !== 0);
  const bytes = scalar.subarray(first);
  const sign = (bytes[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.concat([Uint8Array.of(0x02, bytes.length + sign.length, ...sign), bytes]);
}
