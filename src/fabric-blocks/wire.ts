import type { Bytes } from '../core/index.ts';
import { refuse } from './errors.ts';

/*
 * The wire format of protocol buffers (protobuf.dev/programming-guides/encoding): a message is a list of fields, each a
 * number, a wire type and a value. What the numbers mean is for message.ts.
 */

export type WireType = 0 | 1 | 2 | 5;

export interface WireField {
  readonly number: number;
  readonly wire: WireType;
  /** Of wire type 0; else 0. */
  readonly varint: bigint;
  /** Of wire types 1, 2 and 5; a view of the message's bytes, else empty. */
  readonly bytes: Bytes;
  /** False where a number is longer than it has to be. */
  readonly minimal: boolean;
}

const NONE: Bytes = new Uint8Array(0);
const MOST_FIELD_NUMBER = 0x1fffffffn;
const DEEPEST_GROUP = 64;

/** All fields of a message, in order; groups, which none of our messages has, are passed over. @throws RejectedError `BAD_ENCODING` */
export function readFields(bytes: Bytes): WireField[] {
  const cursor = new Cursor(bytes);
  const fields: WireField[] = [];
  while (!cursor.atEnd) {
    const field = cursor.field(0);
    if (field !== undefined) fields.push(field);
  }
  return fields;
}

class Cursor {
  readonly #bytes: Bytes;
  #at = 0;
  #minimal = true;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  field(depth: number): WireField | undefined {
    this.#minimal = true;
    const { number, wire } = this.#tag();
    switch (wire) {
      case 0:
        return { number, wire, varint: this.#varint(), bytes: NONE, minimal: this.#minimal };
      case 1:
        return { number, wire, varint: 0n, bytes: this.#take(8n), minimal: this.#minimal };
      case 2:
        return { number, wire, varint: 0n, bytes: this.#take(this.#varint()), minimal: this.#minimal };
      case 5:
        return { number, wire, varint: 0n, bytes: this.#take(4n), minimal: this.#minimal };
      case 3:
        return this.#skipGroup(number, depth);
      default:
        return refuse('BAD_ENCODING', `A field has wire type ${wire}, which does not exist here.`);
    }
  }

  #tag(): { number: number; wire: number } {
    const tag = this.#varint();
    const number = tag >> 3n;
    if (number === 0n || number > MOST_FIELD_NUMBER) refuse('BAD_ENCODING', 'A field has a number that no field can have.');
    return { number: Number(number), wire: Number(tag & 7n) };
  }

  #skipGroup(number: number, depth: number): undefined {
    if (depth >= DEEPEST_GROUP) refuse('BAD_ENCODING', 'Groups are nested too deep.');
    for (;;) {
      const start = this.#at;
      const tag = this.#tag();
      if (tag.wire === 4) {
        if (tag.number !== number) refuse('BAD_ENCODING', 'A group ends that did not begin.');
        return undefined;
      }
      this.#at = start;
      this.field(depth + 1);
    }
  }

  #take(length: bigint): Bytes {
    if (length > BigInt(this.#bytes.length - this.#at)) refuse('BAD_ENCODING', 'A field is longer than the message that holds it.');
    const end = this.#at + Number(length);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Base 128, least significant group first; at most 64 bits in at most 10 bytes. */
  #varint(): bigint {
    let value = 0n;
    for (let length = 0; length < 10; length++) {
      const byte = this.#bytes[this.#at++] ?? refuse('BAD_ENCODING', 'A message ends within a number.');
      if (length === 9 && byte > 1) refuse('BAD_ENCODING', 'A number has more than 64 bits.');
      value |= BigInt(byte & 0x7f) << BigInt(7 * length);
      if (byte < 0x80) {
        if (byte === 0 && length > 0) this.#minimal = false;
        return value;
      }
    }
    return refuse('BAD_ENCODING', 'A number has more than 64 bits.');
  }
}
