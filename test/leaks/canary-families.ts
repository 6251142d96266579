/*
 * Many values that are all found by one search: they share their first digits and their first bytes.
 */

/** Numbers whose first five bytes as Double, and first eight digits as text, are the same. */
export class NumberFamily {
  readonly values: readonly number[];
  readonly forms: ReadonlyMap<string, Buffer>;

  /** @param first with many digits; the others follow close to it */
  constructor(first: number, count: number) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(first);
    const head = Buffer.from(bytes.subarray(0, 5));
    const low = bytes.readUInt32BE(4) & 0xff000000;
    this.values = Array.from({ length: count }, (_, index) => {
      bytes.writeUInt32BE((low | (0x10101 * (index + 1))) >>> 0, 4);
      return bytes.readDoubleBE(0);
    });
    const digits = commonStart(this.values.map(String));
    if (digits.length < 7) throw new Error(`These numbers share too little to be found: ${digits}.`);
    this.forms = new Map([
      ['as Double, big-endian', head],
      ['as Double, little-endian', Buffer.from(head).reverse()],
      ...textForms(digits),
    ]);
  }
}

/** Texts that begin alike. */
export class TextFamily {
  readonly values: readonly string[];
  readonly forms: ReadonlyMap<string, Buffer>;

  constructor(start: string, count: number) {
    this.values = Array.from({ length: count }, (_, index) => `${start}-${index}-of-${count}`);
    this.forms = new Map(textForms(start));
  }
}

/** A text in the encodings in which a process keeps or sends one. */
function textForms(text: string): [string, Buffer][] {
  const utf8 = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset): [string, Buffer] => {
    const all = Buffer.concat([Buffer.alloc(offset), utf8]).toString('base64');
    // What stands in whole groups of the text alone, wherever it begins.
    return [`in base64, at ${offset}`, Buffer.from(all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + utf8.length) * 8) / 6)))];
  });
  return [['as text', utf8], ['as text in UTF-16', Buffer.from(text, 'utf16le')], ['in hex', Buffer.from(utf8.toString('hex'))], ...base64];
}

function commonStart(texts: readonly string[]): string {
  const [first = ''] = texts;
  let length = first.length;
  for (const text of texts) while (!text.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
