/** A number in all the forms in which it could stand somewhere unnoticed. */
export function encodingsOf(value: number, type: 'UInt32' | 'Double'): Map<string, Buffer> {
  const texts = [String(value), `${type}:${value}`, value.toExponential(), value.toLocaleString('en'), value.toLocaleString('de')];
  const found = new Map<string, Buffer>();
  for (const text of new Set(texts)) {
    found.set(`text ${text}`, Buffer.from(text));
    found.set(`UTF-16 ${text}`, Buffer.from(text, 'utf16le'));
    addEncoded(found, text, Buffer.from(text));
  }
  for (const [name, bytes] of binaries(value)) {
    // Four bytes alone are found in any megabyte of ciphertext sooner or later.
    if (bytes.length >= 8) found.set(name, bytes);
    addEncoded(found, name, bytes);
  }
  return found;
}

function binaries(value: number): [string, Buffer][] {
  const forms: [string, Buffer][] = [];
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  forms.push(['double LE', Buffer.from(eight)], ['double BE', Buffer.from(eight).reverse()]);
  if (!Number.isInteger(value)) return forms;
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64LE(BigInt(value));
  forms.push(['integer LE', wide.subarray(0, 4)], ['integer BE', Buffer.from(wide.subarray(0, 4)).reverse()]);
  return forms;
}

function addEncoded(found: Map<string, Buffer>, name: string, bytes: Buffer): void {
  if (bytes.length < 4) return;
  found.set(`hex of ${name}`, Buffer.from(bytes.toString('hex')));
  found.set(`HEX of ${name}`, Buffer.from(bytes.toString('hex').toUpperCase()));
  for (const offset of [0, 1, 2]) {
    const inner = innerBase64(bytes, offset);
    if (inner.length < 5) continue;
    found.set(`base64 of ${name} at ${offset}`, Buffer.from(inner));
    found.set(`base64url of ${name} at ${offset}`, Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_')));
  }
}

/** The characters that bytes have in base64 wherever they begin at `offset` of a group of three. */
function innerBase64(bytes: Buffer, offset: number): string {
  const all = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
