/** Decompresses one Snappy block (google/snappy, format_description.txt). @throws RangeError where it is none */
export function unsnappy(input: Uint8Array): Buffer {
  const reader = new Reader(input);
  const output = Buffer.alloc(reader.varint());
  let length = 0;
  while (!reader.atEnd) {
    const tag = reader.byte();
    if ((tag & 3) === 0) {
      const literal = reader.bytes(literalLength(reader, tag >> 2));
      output.set(literal, length);
      length += literal.length;
      continue;
    }
    const { copied, offset } = copyOf(reader, tag);
    if (offset === 0 || offset > length) throw new RangeError('A copy from before the beginning.');
    // Byte by byte: a copy may reach into what it writes.
    for (let i = 0; i < copied; i++, length++) output[length] = output[length - offset] as number;
  }
  if (length !== output.length) throw new RangeError('Another length than the one announced.');
  return output;
}

function literalLength(reader: Reader, code: number): number {
  return 1 + (code < 60 ? code : reader.littleEndian(code - 59));
}

function copyOf(reader: Reader, tag: number): { copied: number; offset: number } {
  if ((tag & 3) === 1) return { copied: 4 + ((tag >> 2) & 7), offset: ((tag >> 5) << 8) | reader.byte() };
  return { copied: 1 + (tag >> 2), offset: reader.littleEndian((tag & 3) === 2 ? 2 : 4) };
}

/** Bytes from front to back. @throws RangeError at the end */
export class Reader {
  readonly #input: Uint8Array;
  #at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get atEnd(): boolean {
    return this.#at >= this.#input.length;
  }

  byte(): number {
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new RangeError('The bytes end too early.');
    return byte;
  }

  bytes(count: number): Uint8Array {
    const bytes = this.#input.subarray(this.#at, this.#at + count);
    if (bytes.length !== count) throw new RangeError('The bytes end too early.');
    this.#at += count;
    return bytes;
  }

  littleEndian(count: number): number {
    return this.bytes(count).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /** Of at most 10 bytes; values above 2^53 lose precision. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('A number of more than ten bytes.');
  }
}
