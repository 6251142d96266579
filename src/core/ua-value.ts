import { fromBase64Url, fromHex, toBase64Url, toHex } from './bytes.ts';
import { RejectedError } from './errors.ts';

/** Scalar OPC UA built-in types that a raw tag can have (OPC UA Part 6, clause 5.1.2). */
export const UA_TYPES = [
  'Boolean',
  'SByte',
  'Byte',
  'Int16',
  'UInt16',
  'Int32',
  'UInt32',
  'Int64',
  'UInt64',
  'Float',
  'Double',
  'String',
  'DateTime',
  'ByteString',
] as const;
export type UaType = (typeof UA_TYPES)[number];

/**
 * One typed value. `value` is a boolean, a number (up to 32-bit integers, Float, Double), a bigint (Int64, UInt64;
 * DateTime in ms since 1970), a string, or bytes (ByteString).
 */
export interface UaValue {
  readonly type: UaType;
  readonly value: boolean | number | bigint | string | Uint8Array;
}

const INTEGER_RANGES: Readonly<Partial<Record<UaType, readonly [bigint, bigint]>>> = {
  SByte: [-(2n ** 7n), 2n ** 7n - 1n],
  Byte: [0n, 2n ** 8n - 1n],
  Int16: [-(2n ** 15n), 2n ** 15n - 1n],
  UInt16: [0n, 2n ** 16n - 1n],
  Int32: [-(2n ** 31n), 2n ** 31n - 1n],
  UInt32: [0n, 2n ** 32n - 1n],
  Int64: [-(2n ** 63n), 2n ** 63n - 1n],
  UInt64: [0n, 2n ** 64n - 1n],
  DateTime: [-(2n ** 53n), 2n ** 53n],
};

/** Smallest and largest value of an integer type. */
export function integerRange(type: UaType): readonly [bigint, bigint] | undefined {
  return INTEGER_RANGES[type];
}

/**
 * The value as a tagged string, `<type>:<text>`: Boolean `true`/`false`; integers and DateTime in decimal; Float and
 * Double as the 8 or 16 hex digits of their IEEE 754 bits, big-endian (exact, the same in every language); String as
 * it is; ByteString in base64url.
 * @throws RejectedError `BAD_UA_VALUE` for a value that is not of its type or beyond its range
 */
export function encodeUaValue(value: UaValue): string {
  return `${value.type}:${encodeText(value)}`;
}

/** Reads what {@link encodeUaValue} gave; nothing else. @throws RejectedError `BAD_UA_VALUE` */
export function decodeUaValue(text: string): UaValue {
  const colon = text.indexOf(':');
  const type = UA_TYPES.find((known) => known === text.slice(0, Math.max(colon, 0)));
  if (type === undefined) throw badValue();
  const value = { type, value: decodeText(type, text.slice(colon + 1)) };
  if (encodeUaValue(value) !== text) throw badValue();
  return value;
}

/** The value as a number, for computing; a bigint beyond 2^53 loses its last digits. @throws RejectedError `BAD_UA_VALUE` */
export function numberOf(value: UaValue): number {
  if (typeof value.value === 'number') return value.value;
  if (typeof value.value === 'bigint') return Number(value.value);
  throw badValue();
}

function encodeText({ type, value }: UaValue): string {
  if (!isOfType(type, value)) throw badValue();
  if (type === 'Float' || type === 'Double') return toHex(floatBits(type, Number(value)));
  return value instanceof Uint8Array ? toBase64Url(value) : String(value);
}

/** What could not be read back must not be written: it would be evidence of nothing. */
function isOfType(type: UaType, value: UaValue['value']): boolean {
  if (type === 'Boolean') return typeof value === 'boolean';
  if (type === 'String') return typeof value === 'string';
  if (type === 'ByteString') return value instanceof Uint8Array;
  if (type === 'Float' || type === 'Double') return typeof value === 'number';
  const [lowest, highest] = INTEGER_RANGES[type]!;
  if (type === 'Int64' || type === 'UInt64' || type === 'DateTime') return typeof value === 'bigint' && value >= lowest && value <= highest;
  return Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= lowest && Number(value) <= highest;
}

function decodeText(type: UaType, text: string): UaValue['value'] {
  if (type === 'Boolean') return text === 'true';
  if (type === 'String') return text;
  if (type === 'ByteString') return fromBase64Url(text);
  if (type === 'Float' || type === 'Double') return floatOf(type, text);
  if (!/^-?\d{1,20}$/.test(text)) throw badValue();
  const integer = BigInt(text);
  const [lowest, highest] = INTEGER_RANGES[type]!;
  if (integer < lowest || integer > highest) throw badValue();
  return type === 'Int64' || type === 'UInt64' || type === 'DateTime' ? integer : Number(integer);
}

function floatBits(type: 'Float' | 'Double', value: number): Uint8Array {
  const bits = new Uint8Array(type === 'Float' ? 4 : 8);
  const view = new DataView(bits.buffer);
  if (type === 'Float') view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return bits;
}

function floatOf(type: 'Float' | 'Double', text: string): number {
  const bits = fromHex(text);
  if (bits.length !== (type === 'Float' ? 4 : 8)) throw badValue();
  const view = new DataView(bits.buffer);
  return type === 'Float' ? view.getFloat32(0) : view.getFloat64(0);
}

function badValue(): RejectedError {
  return new RejectedError('BAD_UA_VALUE', 'Not a tagged OPC UA value of a type that a tag can have.');
}
