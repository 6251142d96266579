import { RejectedError } from './errors.ts';

/** Byte strings everywhere in the module: plain `Uint8Array`, never `Buffer`, so that they compare and print alike. */
export type Bytes = Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** @throws RejectedError `BAD_UTF8` when the bytes are not well-formed UTF-8. */
export function fromUtf8(bytes: Bytes): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RejectedError('BAD_UTF8', 'The bytes are not well-formed UTF-8.', { cause });
  }
}

export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Compares in time that depends on the lengths only. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Lexicographic order over unsigned bytes: negative, zero or positive. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Unsigned 32-bit integer, big-endian. */
export function u32(value: number): Bytes {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** Signed 32-bit integer, big-endian two's complement. */
export function i32(value: number): Bytes {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setInt32(0, value);
  return out;
}

/** Unsigned 64-bit integer, big-endian. `value` is a safe integer, 0 or more. */
export function u64(value: number): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

export function toHex(bytes: Bytes): string {
  let out = '';
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** @throws RejectedError `BAD_HEX` unless the text is lower-case hexadecimal of even length. */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new RejectedError('BAD_HEX', 'Expected lower-case hexadecimal digits, two for each byte.');
  }
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Value of each ASCII character, -1 for those outside the alphabet. */
const BASE64URL_VALUES = Int8Array.from({ length: 128 }, (_, code) => BASE64URL.indexOf(String.fromCharCode(code)));

/** base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Bytes): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += BASE64URL[(group >> 18) & 63]! + BASE64URL[(group >> 12) & 63]!;
    if (i + 1 < bytes.length) out += BASE64URL[(group >> 6) & 63]!;
    if (i + 2 < bytes.length) out += BASE64URL[group & 63]!;
  }
  return out;
}

/**
 * Decodes base64url without padding. Exactly one text decodes to given bytes: unused trailing bits must be zero.
 * @throws RejectedError `BAD_BASE64URL`
 */
export function fromBase64Url(text: string): Bytes {
  if (text.length % 4 === 1) throw badBase64Url();
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const value = BASE64URL_VALUES[text.charCodeAt(i)] ?? -1;
    if (value < 0) throw badBase64Url();
    bits = ((bits << 6) | value) & 0xfff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[at++] = (bits >> held) & 0xff;
      bits &= (1 << held) - 1;
    }
  }
  if (bits !== 0) throw badBase64Url();
  return out;
}

function badBase64Url(): RejectedError {
  return new RejectedError('BAD_BASE64URL', 'Expected base64url without padding, with unused trailing bits zero.');
}
