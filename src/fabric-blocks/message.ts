import { type Bytes, concat, fromUtf8, RejectedError } from '../core/index.ts';
import { refuse } from './errors.ts';
import { visitFields, type WireField, type WireType } from './wire.ts';

/*
 * Messages of protocol buffers, version 3, by a list of the fields that we need. Two ways of reading:
 *
 * - `decode` reads as Fabric's peers do (Go's protobuf): of a singular field that stands twice the last one counts, parts of
 *   a message that stands twice are merged, unknown fields are passed over. Whatever a peer takes for valid has to have the
 *   same meaning here, or whoever makes a transaction of unusual form could make the whole chain unverifiable for everybody.
 * - `decodeExact` takes the one canonical encoding alone. For bytes that no hash and no signature covers.
 */

/** An occurrence of a field that a shape lists. */
interface Occurrence {
  readonly varint: bigint;
  /** A view of the message's bytes; empty for wire type 0. */
  readonly bytes: Bytes;
}

/** How a field is read. */
export interface FieldKind<T> {
  readonly number: number;
  readonly wire: WireType;
  readonly repeated: boolean;
  /** Message fields are written even where they are empty. */
  readonly presence: boolean;
  read(found: readonly Occurrence[], reader: Reader): T;
}

export type Shape = Readonly<Record<string, FieldKind<unknown>>>;
export type Decoded<S extends Shape> = { readonly [Name in keyof S]: S[Name] extends FieldKind<infer T> ? T : never };

/** @internal */
export interface Reader {
  readonly exact: boolean;
  readonly depth: number;
}

const NONE: Bytes = new Uint8Array(0);
/** Far deeper than any configuration, and far from what would exhaust the stack. */
const DEEPEST = 64;

/** Reads as a peer does. @param what the message's name, for the error @throws RejectedError `BAD_ENCODING` */
export function decode<S extends Shape>(shape: S, bytes: Bytes, what: string): Decoded<S> {
  return named(what, () => read(shape, bytes, { exact: false, depth: 0 }));
}

/** Reads the canonical encoding only: of one value, there is exactly one text of bytes. @throws RejectedError `BAD_ENCODING` */
export function decodeExact<S extends Shape>(shape: S, bytes: Bytes, what: string): Decoded<S> {
  return named(what, () => read(shape, bytes, { exact: true, depth: 0 }));
}

function named<T>(what: string, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    return refuse('BAD_ENCODING', `The bytes are no ${what}: ${cause.message}`, { cause });
  }
}

function read<S extends Shape>(shape: S, bytes: Bytes, reader: Reader): Decoded<S> {
  if (reader.depth > DEEPEST) refuse('BAD_ENCODING', 'Messages are nested too deep.');
  const kinds = kindsOf(shape);
  const found = new Map<number, Occurrence[]>();
  let last = 0;
  visitFields(bytes, (field) => {
    const { number, wire, start, end } = field;
    const kind = kinds.get(number);
    if (reader.exact) requireCanonical(field, kind, last);
    last = number;
    if (kind?.wire !== wire) return;
    const occurrence = wire === 0 ? { varint: field.varint(), bytes: NONE } : { varint: 0n, bytes: bytes.subarray(start, end) };
    const before = found.get(number);
    if (before === undefined) found.set(number, [occurrence]);
    else before.push(occurrence);
  });
  const entries = Object.entries(shape).map(([name, kind]) => [name, kind.read(found.get(kind.number) ?? [], reader)]);
  return Object.fromEntries(entries) as Decoded<S>;
}

const kindsByShape = new WeakMap<Shape, ReadonlyMap<number, FieldKind<unknown>>>();

function kindsOf(shape: Shape): ReadonlyMap<number, FieldKind<unknown>> {
  const known = kindsByShape.get(shape);
  if (known !== undefined) return known;
  const kinds = new Map(Object.values(shape).map((kind) => [kind.number, kind]));
  kindsByShape.set(shape, kinds);
  return kinds;
}

function requireCanonical(field: WireField, kind: FieldKind<unknown> | undefined, last: number): void {
  const { number, wire, start, end, minimal } = field;
  if (kind?.wire !== wire) refuse('BAD_ENCODING', `Field ${number} is unknown, or of another type.`);
  if (number < last || (number === last && !kind.repeated)) refuse('BAD_ENCODING', `Field ${number} stands twice, or out of order.`);
  if (!minimal) refuse('BAD_ENCODING', `Field ${number} has a number that is longer than it has to be.`);
  const isDefault = wire === 0 ? field.varint() === 0n : start === end;
  if (isDefault && !kind.repeated && !kind.presence) refuse('BAD_ENCODING', `Field ${number} is written although it is empty.`);
}

type Scalar<T> = FieldKind<T> & { readonly presence: false };

function scalar<T>(number: number, wire: WireType, read: (last: Occurrence | undefined) => T): Scalar<T> {
  return { number, wire, repeated: false, presence: false, read: (fields) => read(fields.at(-1)) };
}

export function bytesField(number: number): FieldKind<Bytes> {
  return scalar(number, 2, (last) => last?.bytes ?? NONE);
}

/** UTF-8 text; each occurrence has to be well formed, also one that does not count. */
export function text(number: number): FieldKind<string> {
  return {
    ...scalar(number, 2, () => ''),
    read: (fields) => fields.map(({ bytes }) => fromUtf8(bytes)).at(-1) ?? '',
  };
}

/** `uint64` */
export function uint64(number: number): FieldKind<bigint> {
  return scalar(number, 0, (last) => last?.varint ?? 0n);
}

/** `int64` */
export function int64(number: number): FieldKind<bigint> {
  return scalar(number, 0, (last) => BigInt.asIntN(64, last?.varint ?? 0n));
}

/** `int32` and enumerations, which take the lower 32 bits of what is written. */
export function int32(number: number): FieldKind<number> {
  return scalar(number, 0, (last) => Number(BigInt.asIntN(32, last?.varint ?? 0n)));
}

export function bool(number: number): FieldKind<boolean> {
  return scalar(number, 0, (last) => (last?.varint ?? 0n) !== 0n);
}

export function repeatedBytes(number: number): FieldKind<readonly Bytes[]> {
  return { number, wire: 2, repeated: true, presence: true, read: (fields) => fields.map(({ bytes }) => bytes) };
}

export function repeatedText(number: number): FieldKind<readonly string[]> {
  return { number, wire: 2, repeated: true, presence: true, read: (fields) => fields.map(({ bytes }) => fromUtf8(bytes)) };
}

/** A message within a message; `undefined` where it is absent. Two occurrences are one message of the fields of both. */
export function message<S extends Shape>(number: number, shape: S): FieldKind<Decoded<S> | undefined> {
  return {
    number,
    wire: 2,
    repeated: false,
    presence: true,
    read: (fields, reader) => {
      if (fields.length === 0) return undefined;
      return read(shape, concat(...fields.map(({ bytes }) => bytes)), { ...reader, depth: reader.depth + 1 });
    },
  };
}

export function repeatedMessage<S extends Shape>(number: number, shape: S): FieldKind<readonly Decoded<S>[]> {
  return {
    number,
    wire: 2,
    repeated: true,
    presence: true,
    read: (fields, reader) => fields.map(({ bytes }) => read(shape, bytes, { ...reader, depth: reader.depth + 1 })),
  };
}

/** A map from text to messages whose bytes are read later; of a key that stands twice the last entry counts. */
export function mapOfMessages(number: number): FieldKind<ReadonlyMap<string, Bytes>> {
  const entries = repeatedMessage(number, { key: text(1), value: repeatedBytes(2) });
  return {
    ...entries,
    read: (fields, reader) => new Map(entries.read(fields, reader).map(({ key, value }) => [key, concat(...value)])),
  };
}
