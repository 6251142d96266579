import type { Bytes } from '../core/index.ts';
import { refuse } from './errors.ts';

/*
 * The wire format of protocol buffers (protobuf.dev/programming-guides/encoding): a message is a list of fields, each a
 * number, a wire type and a value. What the numbers mean is for message.ts.
 */

export type WireType = 0 | 1 | 2 | 5;

/** A field, valid only while it is visited: the reader fills the same object again and again, for junk can have millions. */
export interface WireField {
  readonly number: number;
  readonly wire: WireType;
  /** Where the value of wire types 1, 2 and 5 begins and ends in the message. */
  readonly start: number;
  readonly end: number;
  /** False where a number is longer than it has to be. */
  readonly minimal: boolean;
  /** Value of wire type 0. */
  varint(): bigint;
}

const MOST_FIELD_NUMBER = 0x1fffffff;
/** As in Go's protobuf. */
const DEEPEST_GROUP = 10_000;
const GROUP_BEGINS = 3;
const GROUP_ENDS = 4;

/** Visits all fields of a message, in order; groups, which none of our messages has, are passed over. @throws RejectedError `BAD_ENCODING` */
export function visitFields(bytes: Bytes, visit: (field: WireField) => void): void {
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) if (cursor.next()) visit(cursor);
}

class Cursor implements WireField {
  number = 0;
  wire: WireType = 0;
  start = 0;
  end = 0;
  minimal = true;
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let at = this.start; at < this.end; at++) value |= BigInt(this.#bytes[at]! & 0x7f) << BigInt(7 * (at - this.start));
    return value;
  }

  /** False where it was a group. */
  next(): boolean {
    this.minimal = true;
    const wire = this.#tag();
    if (wire === GROUP_BEGINS) {
      this.#skipGroup();
      return false;
    }
    this.#value(wire);
    return true;
  }

  /** Groups may be nested; the numbers of those that are open are kept here. */
  #skipGroup(): void {
    const open = [this.number];
    while (open.length > 0) {
      const wire = this.#tag();
      if (wire === GROUP_BEGINS) {
        if (open.length >= DEEPEST_GROUP) refuse('BAD_ENCODING', 'Groups are nested too deep.');
        open.push(this.number);
      } else if (wire === GROUP_ENDS) {
        if (open.pop() !== this.number) refuse('BAD_ENCODING', 'A group ends that did not begin.');
      } else this.#value(wire);
    }
  }

  /** Reads number and wire type of a field; gives the type. */
  #tag(): number {
    const tag = this.#smallNumber();
    this.number = Math.floor(tag / 8);
    if (this.number === 0 || this.number > MOST_FIELD_NUMBER) refuse('BAD_ENCODING', 'A field has a number that no field can have.');
    return tag % 8;
  }

  #value(wire: number): void {
    if (wire !== 0 && wire !== 1 && wire !== 2 && wire !== 5)
      refuse('BAD_ENCODING', `A field has wire type ${wire}, which does not exist here.`);
    this.wire = wire;
    if (wire === 0) {
      this.start = this.#at;
      this.#skipVarint();
      this.end = this.#at;
      return;
    }
    const length = wire === 2 ? this.#smallNumber() : wire === 1 ? 8 : 4;
    if (length > this.#bytes.length - this.#at) refuse('BAD_ENCODING', 'A field is longer than the message that holds it.');
    this.start = this.#at;
    this.end = this.#at += length;
  }

  /** A number as a float: exact up to 2^53, and far too large for any use above. */
  #smallNumber(): number {
    const start = this.#at;
    this.#skipVarint();
    let value = 0;
    for (let at = this.#at - 1; at >= start; at--) value = value * 128 + (this.#bytes[at]! & 0x7f);
    return value;
  }

  /** Base 128, least significant group first; at most 64 bits in at most 10 bytes. */
  #skipVarint(): void {
    for (let length = 0; length < 10; length++) {
      const byte = this.#bytes[this.#at++] ?? refuse('BAD_ENCODING', 'A message ends within a number.');
      if (length === 9 && byte > 1) break;
      if (byte < 0x80) {
        if (byte === 0 && length > 0) this.minimal = false;
        return;
      }
    }
    refuse('BAD_ENCODING', 'A number has more than 64 bits.');
  }
}
