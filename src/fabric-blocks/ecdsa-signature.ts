import { type Bytes, RejectedError, toHex } from '../core/index.ts';
import { readSequence, readUnsigned } from './der.ts';

/** Orders of the curves that certificates may have (FIPS 186-5), by the DER content of the curve's name in hexadecimal digits. */
const ORDERS: Readonly<Record<string, { readonly order: bigint; readonly length: number }>> = {
  '2b81040021': { order: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn, length: 28 },
  '2b81040023': {
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    length: 66,
  },
  '2a8648ce3d030107': { order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, length: 32 },
  '2b81040022': {
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    length: 48,
  },
};

/** Of the largest curve: two integers of 66 bytes and a sign each, and what frames them. */
const LONGEST_SIGNATURE = 150;

/**
 * The numbers r and s of a signature in DER, each at full length, or `undefined` where it is none on this key's curve.
 * @param spki SubjectPublicKeyInfo of the key
 * @param half `low`: s must be in the lower half of the order, as Fabric demands, so that nobody can make a second signature
 * out of one; `any` for certificates
 */
export function rawSignature(spki: Bytes, signature: Bytes, half: 'low' | 'any'): Bytes | undefined {
  if (signature.length > LONGEST_SIGNATURE) return undefined;
  try {
    const curve = curveOf(spki);
    const numbers = readSequence(signature).map(readUnsigned);
    const [r, s] = numbers;
    if (curve === undefined || numbers.length !== 2 || r === undefined || s === undefined) return undefined;
    const most = half === 'low' ? curve.order >> 1n : curve.order - 1n;
    if (r === 0n || s === 0n || r >= curve.order || s > most) return undefined;
    return fullLength([r, s], curve.length);
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
}

function curveOf(spki: Bytes): (typeof ORDERS)[string] | undefined {
  const algorithm = readSequence(spki)[0]?.whole ?? new Uint8Array(0);
  return ORDERS[toHex(readSequence(algorithm)[1]?.content ?? new Uint8Array(0))];
}

function fullLength(numbers: readonly bigint[], length: number): Bytes {
  const digits = numbers.map((number) => number.toString(16).padStart(2 * length, '0')).join('');
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}
