import { type Bytes, concat, utf8 } from '../../src/core/index.ts';

/** Writes protocol buffers field by field: what a test puts together need not be what Fabric would. */

export function varint(value: bigint | number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** A field of bytes, text or a message. */
export function bytesOf(number: number, value: Bytes | string): Bytes {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat(varint(number * 8 + 2), varint(bytes.length), bytes);
}

/** As {@link bytesOf}; nothing where it is empty. */
export function filled(number: number, value: Bytes | string): Bytes {
  return value.length === 0 ? new Uint8Array(0) : bytesOf(number, value);
}

/** A number; nothing where it is 0. */
export function numberOf(number: number, value: bigint | number): Bytes {
  return BigInt(value) === 0n ? new Uint8Array(0) : concat(varint(number * 8), varint(value));
}
