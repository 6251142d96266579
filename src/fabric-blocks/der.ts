import { type Bytes, concat } from '../core/index.ts';
import { refuse } from './errors.ts';

/*
 * DER (ITU-T X.690), as far as block headers, ECDSA signatures and certificates need it: definite lengths in their shortest
 * form, tag numbers below 31.
 */

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;

export interface Der {
  readonly tag: number;
  readonly content: Bytes;
  /** Tag, length and content. */
  readonly whole: Bytes;
}

/** All values in a row. @throws RejectedError `BAD_ENCODING` */
export function readDerList(bytes: Bytes): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readAt(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** Exactly one value of this tag, and nothing after it. @throws RejectedError `BAD_ENCODING` */
export function readDer(tag: number, bytes: Bytes): Der {
  const value = readAt(bytes, 0);
  if (value.tag !== tag || value.whole.length !== bytes.length) refuse('BAD_ENCODING', `Expected one DER value of tag ${tag}.`);
  return value;
}

/** The parts of exactly one SEQUENCE. @throws RejectedError `BAD_ENCODING` */
export function readSequence(bytes: Bytes): Der[] {
  return readDerList(readDer(SEQUENCE, bytes).content);
}

function readAt(bytes: Bytes, at: number): Der {
  const tag = bytes[at];
  if (tag === undefined || (tag & 0x1f) === 0x1f) refuse('BAD_ENCODING', 'DER value without a tag, or with a long one.');
  const { length, start } = readLength(bytes, at + 1);
  const end = start + length;
  if (end > bytes.length) refuse('BAD_ENCODING', 'DER value that is longer than what holds it.');
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}

function readLength(bytes: Bytes, at: number): { length: number; start: number } {
  const first = bytes[at] ?? refuse('BAD_ENCODING', 'DER value without a length.');
  if (first < 0x80) return { length: first, start: at + 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 4) refuse('BAD_ENCODING', 'DER value of indefinite or very great length.');
  const digits = bytes.subarray(at + 1, at + 1 + count);
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  if (digits.length < count || digits[0] === 0 || length < 0x80) refuse('BAD_ENCODING', 'DER length that is not in its shortest form.');
  return { length, start: at + 1 + count };
}

/** No number that we need has more bytes: a coordinate or an order of the largest curve, and a sign. */
const LONGEST_INTEGER = 67;

/** A non-negative INTEGER in its shortest form. @throws RejectedError `BAD_ENCODING` */
export function readUnsigned({ tag, content }: Der): bigint {
  const [first, second] = content;
  if (tag !== INTEGER || first === undefined || first >= 0x80) refuse('BAD_ENCODING', 'Expected a non-negative DER integer.');
  if (content.length > LONGEST_INTEGER) refuse('BAD_ENCODING', 'DER integer that is longer than any we need.');
  if (first === 0 && second !== undefined && second < 0x80) refuse('BAD_ENCODING', 'DER integer that is not in its shortest form.');
  return content.reduce((sum, digit) => (sum << 8n) | BigInt(digit), 0n);
}

export function writeDer(tag: number, ...content: readonly Bytes[]): Bytes {
  const whole = concat(...content);
  return concat(Uint8Array.of(tag), writeLength(whole.length), whole);
}

function writeLength(length: number): Bytes {
  if (length < 0x80) return Uint8Array.of(length);
  const digits = bigEndian(BigInt(length));
  return concat(Uint8Array.of(0x80 | digits.length), digits);
}

/** @param value 0 or more */
export function writeUnsigned(value: bigint): Bytes {
  const digits = bigEndian(value);
  return digits[0]! >= 0x80 ? writeDer(INTEGER, Uint8Array.of(0), digits) : writeDer(INTEGER, digits);
}

/** At least one byte. */
function bigEndian(value: bigint): Bytes {
  const digits: number[] = [];
  for (let rest = value; rest > 0n || digits.length === 0; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  return Uint8Array.from(digits);
}
