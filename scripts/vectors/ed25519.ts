import { createHash } from 'node:crypto';
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { type Bytes, concat, ed25519Signer, fromHex, toHex, utf8 } from '../../src/core/index.ts';

const L = ed25519.Point.Fn.ORDER;
const P = ed25519.Point.Fp.ORDER;
const PRIVATE_KEY = new Uint8Array(32).fill(7);
const MESSAGE = utf8('what every platform must judge alike');

export interface Ed25519Vector {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly expected: 'ok' | 'BAD_KEY' | 'BAD_SIGNATURE';
}

/** RFC 8032 section 7.1, tests 1 to 3: private key and message. */
const RFC_8032 = [
  ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', ''],
  ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '72'],
  ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'af82'],
] as const;

/** Keys and signatures on which implementations are known to disagree, with what a strict verifier says. */
export async function ed25519Vectors(): Promise<Ed25519Vector[]> {
  return [...(await valid()), ...badKeys(), ...(await badSignatures())];
}

async function valid(): Promise<Ed25519Vector[]> {
  return Promise.all(
    RFC_8032.map(async ([key, message], i) => {
      const signer = ed25519Signer(fromHex(key));
      return vector(`RFC 8032 section 7.1, test ${i + 1}`, signer.publicKey, await signer.sign(fromHex(message)), 'ok', fromHex(message));
    }),
  );
}

/** With A the identity, S = r satisfies the equation for any message: such a key signs everything. */
function badKeys(): Ed25519Vector[] {
  const r = 5n;
  const universal = concat(ed25519.Point.BASE.multiply(r).toBytes(), scalarBytes(r));
  const small = ED25519_TORSION_SUBGROUP.map((hex, i) => vector(`key of small order, number ${i}`, fromHex(hex), universal, 'BAD_KEY'));
  // y = p + 1 is the identity written non-canonically; 2^255 - 1 is the largest encoding of a y above p.
  const encodings = [0n, 1n, 3n, 18n].flatMap((y) => [false, true].map((sign) => ({ y, sign })));
  const nonCanonical = encodings.map(({ y, sign }) =>
    vector(`key with y = p + ${y}${sign ? ', sign bit set' : ''}`, yBytes(P + y, sign), universal, 'BAD_KEY'),
  );
  return [
    ...small,
    ...nonCanonical,
    vector('key x = 0 with the sign bit set', yBytes(1n, true), universal, 'BAD_KEY'),
    mixedOrderKey(),
    vector('key that is no point', notAPoint(), universal, 'BAD_KEY'),
    vector('key of 31 bytes', ed25519Signer(PRIVATE_KEY).publicKey.subarray(1), universal, 'BAD_KEY'),
  ];
}

/** A + T with T of order 8: the equation with cofactor holds, the one without holds for one message in eight. */
function mixedOrderKey(): Ed25519Vector {
  const { scalar, point } = ed25519.utils.getExtendedPublicKey(PRIVATE_KEY);
  const key = point.add(torsion()).toBytes();
  const r = 11n;
  const R = ed25519.Point.BASE.multiply(r).toBytes();
  return vector('key of mixed order', key, concat(R, scalarBytes(r + challenge(R, key) * scalar)), 'BAD_KEY');
}

async function badSignatures(): Promise<Ed25519Vector[]> {
  const signer = ed25519Signer(PRIVATE_KEY);
  const key = signer.publicKey;
  const good = await signer.sign(MESSAGE);
  const { scalar } = ed25519.utils.getExtendedPublicKey(PRIVATE_KEY);
  const s = littleEndian(good.subarray(32));
  const forR = (R: Bytes, r: bigint) => concat(R, scalarBytes(r + challenge(R, key) * scalar));
  const mixedR = ed25519.Point.BASE.multiply(13n).add(torsion()).toBytes();
  const bad = (name: string, signature: Bytes) => vector(name, key, signature, 'BAD_SIGNATURE');
  return [
    vector('good signature', key, good, 'ok'),
    bad('S + L', concat(good.subarray(0, 32), rawScalar(s + L))),
    bad('S = L', concat(good.subarray(0, 32), rawScalar(L))),
    bad('S with the highest bits set', concat(good.subarray(0, 63), Uint8Array.of(good[63]! | 0xe0))),
    bad('R the identity', forR(ed25519.Point.ZERO.toBytes(), 0n)),
    bad('R the identity, y = p + 1', forR(yBytes(P + 1n, false), 0n)),
    bad('R the identity with the sign bit set', forR(yBytes(1n, true), 0n)),
    bad('R of order 8, S fitting with cofactor', forR(torsion().toBytes(), 0n)),
    bad('R of mixed order, S fitting with cofactor', forR(mixedR, 13n)),
    bad('one bit of R turned', changed(good, 0)),
    bad('one bit of S turned', changed(good, 40)),
    bad('63 bytes', good.subarray(0, 63)),
    bad('65 bytes', concat(good, Uint8Array.of(0))),
    bad('zero bytes', new Uint8Array(64)),
    vector('another message', key, good, 'BAD_SIGNATURE', utf8('something else')),
  ];
}

function torsion() {
  return ED25519_TORSION_SUBGROUP.map((hex) => ed25519.Point.fromHex(hex, true)).find(
    (point) => !point.multiplyUnsafe(4n).equals(ed25519.Point.ZERO),
  )!;
}

function notAPoint(): Bytes {
  for (let y = 2n; ; y++) {
    const bytes = yBytes(y, false);
    try {
      ed25519.Point.fromBytes(bytes);
    } catch {
      return bytes;
    }
  }
}

function challenge(R: Bytes, key: Bytes): bigint {
  return (
    littleEndian(
      new Uint8Array(
        createHash('sha512')
          .update(concat(R, key, MESSAGE))
          .digest(),
      ),
    ) % L
  );
}

function scalarBytes(value: bigint): Bytes {
  return rawScalar(((value % L) + L) % L);
}

function rawScalar(value: bigint): Bytes {
  return fromHex(value.toString(16).padStart(64, '0')).reverse();
}

function yBytes(y: bigint, sign: boolean): Bytes {
  const bytes = rawScalar(y);
  if (sign) bytes[31]! |= 0x80;
  return bytes;
}

function littleEndian(bytes: Bytes): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

function changed(bytes: Bytes, at: number): Bytes {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

function vector(
  name: string,
  publicKey: Bytes,
  signature: Bytes,
  expected: Ed25519Vector['expected'],
  message: Bytes = MESSAGE,
): Ed25519Vector {
  return { name, publicKey: toHex(publicKey), message: toHex(message), signature: toHex(signature), expected };
}
