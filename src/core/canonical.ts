import stringify from 'fast-json-stable-stringify';
import { type Bytes, equalBytes, fromUtf8, utf8 } from './bytes.ts';
import { RejectedError } from './errors.ts';

/** Restricted JSON: strings, booleans, safe integers, arrays and objects of these. No null, no fractions. */
export type Json = string | boolean | number | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * The only encoding that is ever hashed or signed: UTF-8 JSON without white space, keys in ascending order of UTF-16
 * code units, integers in decimal.
 * @throws RejectedError `NOT_CANONICAL` for a value outside restricted JSON (null, undefined, fraction, lone surrogate).
 */
export function canonicalJson(value: unknown): Bytes {
  requireRestricted(value, '', 0);
  return utf8(stringify(value));
}

/**
 * Parses bytes that must be exactly what {@link canonicalJson} gives for the value they stand for. Duplicate keys,
 * other white space, other escapes and other key order are refused, for all of them change the bytes on re-encoding.
 * @throws RejectedError `NOT_CANONICAL`
 */
export function parseCanonical(bytes: Bytes): Json {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new RejectedError('NOT_CANONICAL', 'The bytes are not JSON.', { cause });
  }
  if (!equalBytes(canonicalJson(value), bytes)) {
    throw new RejectedError('NOT_CANONICAL', 'The JSON is not in canonical form (order, white space, escapes or duplicate keys).');
  }
  return value as Json;
}

/** Far deeper than any of our objects, and far from what would exhaust the stack. */
const DEEPEST = 64;

function requireRestricted(value: unknown, path: string, depth: number): void {
  if (typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw outside(path);
    return;
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw outside(path);
    return;
  }
  if (depth > DEEPEST) throw outside(path);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) requireRestricted(value[index], `${path}/${index}`, depth + 1);
    return;
  }
  if (!isPlainObject(value)) throw outside(path);
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) throw outside(path);
    requireRestricted(item, `${path}/${key}`, depth + 1);
  }
}

/** Dates, maps, byte arrays and other objects of a class have no restricted form, though each would encode to something. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function outside(path: string): RejectedError {
  return new RejectedError(
    'NOT_CANONICAL',
    `Outside restricted JSON at ${path === '' ? 'the root' : path}: strings, booleans and safe integers only.`,
  );
}
