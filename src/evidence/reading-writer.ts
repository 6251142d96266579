import { type Bytes, encodeUaValue, type UaValue, utf8 } from '../core/index.ts';
import { refused } from './errors.ts';

/** A reading as it comes to the builder: `seq` and `n` are the builder's own. */
export interface AcceptedReading {
  /** Absent where a reading came without a value. */
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits. */
  readonly status: number;
  readonly sourceMs: number;
  readonly acceptedMs: number;
}

/** Longest record whose value needs no escaping that the fixed buffer holds; others go the long way. */
const SHORT_RECORD = 512;

const QUOTE_AND_BRACE = utf8('"}');
const ACCEPTED = utf8('{"acceptedMs":');
const SOURCE = utf8(',"sourceMs":');
const STATUS = utf8(',"status":');
const VALUE = utf8(',"value":"');
const DOUBLE = utf8('Double:');
const FLOAT = utf8('Float:');
const POWERS_OF_TEN = Int32Array.from({ length: 10 }, (_, i) => 10 ** i);
const HEX_DIGITS = utf8('0123456789abcdef');

/**
 * Writes the canonical bytes of a reading record straight into a buffer, keys in their fixed order. Six times faster than
 * the generic writer, to which it is equal for every reading.
 */
export class ReadingWriter {
  readonly #kindAndBatch: Bytes;
  readonly #prefixLength: number;
  #buffer: Bytes;
  #view: Bytes = new Uint8Array(0);
  #at = 0;
  /** Where the constant texts of the last record stand; those before the value only, for a long value overwrites what follows. */
  readonly #places = new Int32Array(5).fill(-1);
  readonly #float = new Uint8Array(8);
  readonly #floatView = new DataView(this.#float.buffer);

  /**
   * @param n batch number
   * @param prefixLength bytes left free before the record
   */
  constructor(n: number, prefixLength: number) {
    this.#kindAndBatch = utf8(`,"kind":"reading","n":${n},"seq":`);
    this.#prefixLength = prefixLength;
    this.#buffer = new Uint8Array(prefixLength + SHORT_RECORD);
  }

  /**
   * Prefix and record as {@link write} left them, until its next call. Records of a tag mostly have one length, so the view
   * of the last one is kept: making a view costs as much as writing half a record.
   */
  get written(): Bytes {
    if (this.#view.length !== this.#at || this.#view.buffer !== this.#buffer.buffer) this.#view = this.#buffer.subarray(0, this.#at);
    return this.#view;
  }

  /**
   * Writes one record after the free prefix.
   * @param paddedLength length to which zero bytes fill the record up, 0 for none
   * @throws RejectedError `BAD_INPUT` for times, status or sequence numbers that a record cannot hold; `RECORD_TOO_LONG`
   */
  write(seq: number, reading: AcceptedReading, paddedLength: number): void {
    const { status, sourceMs, acceptedMs } = reading;
    if (!isNatural(seq) || !isNatural(sourceMs) || !isNatural(acceptedMs) || !isNatural(status) || status > 0xffffffff) throw unusable();
    this.#at = this.#prefixLength;
    this.#putConstant(0, ACCEPTED);
    this.#putNumber(acceptedMs);
    this.#putConstant(1, this.#kindAndBatch);
    this.#putNumber(seq);
    this.#putConstant(2, SOURCE);
    this.#putNumber(sourceMs);
    this.#putConstant(3, STATUS);
    this.#putNumber(status);
    this.#putConstant(4, VALUE);
    if (reading.value !== undefined) this.#putValue(reading.value);
    this.#put(QUOTE_AND_BRACE);
    if (paddedLength > 0) this.#pad(paddedLength);
  }

  #pad(length: number): void {
    const written = this.#at - this.#prefixLength;
    if (written > length) throw refused('RECORD_TOO_LONG', `A reading of ${written} bytes does not fit into ${length}.`);
    this.#reserve(length - written);
    this.#buffer.fill(0, this.#at, this.#prefixLength + length);
    this.#at = this.#prefixLength + length;
  }

  #putValue(value: UaValue): void {
    if (value.type === 'Double' && typeof value.value === 'number') {
      this.#floatView.setFloat64(0, value.value);
      this.#put(DOUBLE);
      this.#putHex(8);
    } else if (value.type === 'Float' && typeof value.value === 'number') {
      this.#floatView.setFloat32(0, value.value);
      this.#put(FLOAT);
      this.#putHex(4);
    } else {
      this.#putText(encodeUaValue(value));
    }
  }

  /** Text between quotes: as it is where ASCII needs no escape, else as JSON writes it. */
  #putText(text: string): void {
    if (!text.isWellFormed()) throw unusable();
    const escaped = JSON.stringify(text);
    this.#reserve(escaped.length * 3 + QUOTE_AND_BRACE.length);
    const { written } = encoder.encodeInto(escaped.slice(1, -1), this.#buffer.subarray(this.#at));
    this.#at += written;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#buffer.length) return;
    const larger = new Uint8Array(this.#at + more);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  /** Text between two fields. Where it stood at the same place in the last record it is still there: all before it is of the same length. */
  #putConstant(which: number, bytes: Bytes): void {
    if (this.#places[which] === this.#at) {
      this.#at += bytes.length;
      return;
    }
    this.#places[which] = this.#at;
    this.#put(bytes);
  }

  #put(bytes: Bytes): void {
    const buffer = this.#buffer;
    const at = this.#at;
    for (let i = 0; i < bytes.length; i++) buffer[at + i] = bytes[i]!;
    this.#at = at + bytes.length;
  }

  #putNumber(value: number): void {
    // Digits are split off in 32-bit halves: division of larger numbers is several times slower.
    if (value < 1e9) return this.#putDigits(value, 1);
    const high = Math.floor(value / 1e9);
    this.#putDigits(high, 1);
    this.#putDigits(value - high * 1e9, 9);
  }

  /** At least `least` digits of an integer below 10^9. */
  #putDigits(value: number, least: number): void {
    let count = least;
    while (count < 9 && value >= POWERS_OF_TEN[count]!) count++;
    const buffer = this.#buffer;
    const at = this.#at;
    let rest = value | 0;
    for (let i = at + count - 1; i >= at; i--) {
      const next = (rest / 10) | 0;
      buffer[i] = 48 + rest - next * 10;
      rest = next;
    }
    this.#at = at + count;
  }

  #putHex(bytes: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < bytes; i++) {
      const byte = this.#float[i]!;
      buffer[at++] = HEX_DIGITS[byte >> 4]!;
      buffer[at++] = HEX_DIGITS[byte & 15]!;
    }
    this.#at = at;
  }
}

const encoder = new TextEncoder();

function isNatural(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function unusable() {
  return refused('BAD_INPUT', 'A reading cannot be recorded: its times, status or text are outside what a record holds.');
}
