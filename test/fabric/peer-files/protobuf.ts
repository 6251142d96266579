import { Reader } from './snappy.ts';

/** One field of a message whose form nobody knows. */
export interface AnyField {
  /** Numbers of the fields on the way to it, joined by dots. */
  readonly path: string;
  /** Of a field that is bytes or text, and does not read as a message itself. */
  readonly bytes?: Uint8Array;
  /** Of a field that is a number, signed and unsigned, whole or in half. */
  readonly numbers?: readonly number[];
}

/** All fields of a message and of the messages in it, or undefined where the bytes do not read as one. */
export function anyFields(message: Uint8Array, path = ''): AnyField[] | undefined {
  const fields: AnyField[] = [];
  try {
    const reader = new Reader(message);
    while (!reader.atEnd) {
      const tag = reader.varint();
      const number = Math.floor(tag / 8);
      if (number < 1 || number > 536_870_911) return undefined;
      const read = fieldOf(reader, tag % 8, path === '' ? String(number) : `${path}.${number}`);
      if (read === undefined) return undefined;
      fields.push(...read);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return fields;
}

function fieldOf(reader: Reader, wireType: number, path: string): AnyField[] | undefined {
  if (wireType === 0) {
    const value = reader.varint();
    // As itself, and as the zigzag form of a signed number.
    return [{ path, numbers: [value, value % 2 === 0 ? value / 2 : -(value + 1) / 2] }];
  }
  if (wireType === 1) {
    const bytes = Buffer.from(reader.bytes(8));
    return [{ path, bytes, numbers: [bytes.readDoubleLE(), Number(bytes.readBigInt64LE())] }];
  }
  if (wireType === 5) {
    const bytes = Buffer.from(reader.bytes(4));
    return [{ path, bytes, numbers: [bytes.readFloatLE(), bytes.readInt32LE()] }];
  }
  if (wireType !== 2) return undefined;
  const bytes = reader.bytes(reader.varint());
  const inner = bytes.length > 0 ? anyFields(bytes, path) : undefined;
  return inner ?? [{ path, bytes }];
}
