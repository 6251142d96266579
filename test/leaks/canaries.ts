/*
 * Values that nobody writes elsewhere, and a search for all of them at once, in many encodings, in bytes and in decoded
 * messages.
 */

/** What a role or stranger may not learn. */
export const SECRETS = {
  values: 'the values that PLCs write',
  writeTimes: 'when a PLC wrote, by its own clock',
  writeCounts: 'how many writes were accepted or refused',
  readingCounts: 'how many readings a batch has',
  thresholds: "the policy's thresholds and the tags' ranges",
  tags: 'which tags there are',
  users: "the owner's user names",
  otherChannel: "another manufacturer's channel",
} as const;
export type Secret = keyof typeof SECRETS;

/** A canary that was found. */
export interface Sighting {
  readonly secret: Secret;
  /** Which canary, in which encoding. */
  readonly what: string;
}

interface Form {
  readonly secret: Secret;
  readonly what: string;
  readonly bytes: Buffer;
}

/** Shorter forms stand in megabytes of hashes and signatures by chance. Decoded numbers are compared as numbers besides. */
export const LEAST_FORM = 8;
/** 100 ns intervals between 1601 and 1970 (OPC UA Part 6, clause 5.2.2.5). */
const FILETIME_EPOCH_MS = 11_644_473_600_000;

/** The canaries that were given out so far. */
export class Canaries {
  readonly #forms = new Map<number, Form[]>();
  readonly #numbers = new Map<number, Sighting>();
  readonly #bigints = new Map<bigint, Sighting>();
  readonly #canaries = new Set<string>();
  readonly #known = new Set<string>();
  /** Whether any form begins with these two bytes. */
  readonly #begins = new Uint8Array(65_536);
  #count = 0;

  /** Numbers of canaries and of the forms that are looked for. */
  get size(): { readonly canaries: number; readonly forms: number } {
    return { canaries: this.#canaries.size, forms: this.#count };
  }

  addNumber(secret: Secret, value: number): void {
    if (this.#isKnown(secret, String(value))) return;
    this.#numbers.set(value, { secret, what: `${value} as a number` });
    this.#numbers.set(Math.fround(value), { secret, what: `${value} as a Float` });
    if (Number.isSafeInteger(value)) this.#bigints.set(BigInt(value), { secret, what: `${value} as a 64 bit integer` });
    for (const text of numberTexts(value)) this.#addText(secret, text);
    for (const [name, bytes] of numberBytes(value)) this.#addBytes(secret, `${value}: ${name}`, bytes);
  }

  addText(secret: Secret, text: string): void {
    if (this.#isKnown(secret, text)) return;
    for (const each of new Set([text, text.toLowerCase(), text.toUpperCase(), encodeURIComponent(text)])) this.#addText(secret, each);
  }

  /** @param ms since 1970, far from the present, or it would be seen in any message */
  addTime(secret: Secret, ms: number): void {
    this.addNumber(secret, ms);
    const filetime = Buffer.alloc(8);
    filetime.writeBigInt64LE(BigInt(ms + FILETIME_EPOCH_MS) * 10_000n);
    this.#addBytes(secret, `time ${ms}: DateTime`, filetime);
    this.#addBytes(secret, `time ${ms}: DateTime BE`, Buffer.from(filetime).reverse());
    this.#addText(secret, new Date(ms).toISOString().slice(0, -1));
  }

  /** All canaries that stand in these bytes. Takes time by the bytes alone, however many canaries there are. */
  inBytes(bytes: Buffer): Sighting[] {
    const found = new Map<string, Sighting>();
    for (let at = 0; at + LEAST_FORM <= bytes.length; at++) {
      if (this.#begins[bytes[at]! * 256 + bytes[at + 1]!] === 0) continue;
      for (const form of this.#forms.get(bytes.readUInt32BE(at)) ?? []) {
        if (bytes.compare(form.bytes, 0, form.bytes.length, at, Math.min(at + form.bytes.length, bytes.length)) === 0) {
          found.set(form.what, { secret: form.secret, what: form.what });
        }
      }
    }
    return [...found.values()];
  }

  /** A number of a decoded message. */
  ofNumber(value: number | bigint): Sighting | undefined {
    return typeof value === 'bigint' ? this.#bigints.get(value) : this.#numbers.get(value);
  }

  #isKnown(secret: Secret, text: string): boolean {
    const key = `${secret} ${text}`;
    if (this.#canaries.has(key)) return true;
    this.#canaries.add(key);
    return false;
  }

  #addText(secret: Secret, text: string): void {
    const wide = Buffer.from(text, 'utf16le');
    this.#addBytes(secret, `${text}: UTF-8`, Buffer.from(text));
    this.#addBytes(secret, `${text}: UTF-16 LE`, wide);
    this.#addBytes(secret, `${text}: UTF-16 BE`, Buffer.from(wide).swap16());
  }

  /** The bytes as they are, in hexadecimal digits, and in base64 and base64url wherever they begin in a group of three. */
  #addBytes(secret: Secret, what: string, bytes: Buffer): void {
    this.#addForm(secret, what, bytes);
    const hex = bytes.toString('hex');
    this.#addForm(secret, `${what} in hex`, Buffer.from(hex));
    this.#addForm(secret, `${what} in HEX`, Buffer.from(hex.toUpperCase()));
    for (const offset of [0, 1, 2]) {
      const inner = innerBase64(bytes, offset);
      this.#addForm(secret, `${what} in base64 at ${offset}`, Buffer.from(inner));
      const url = inner.replaceAll('+', '-').replaceAll('/', '_');
      if (url !== inner) this.#addForm(secret, `${what} in base64url at ${offset}`, Buffer.from(url));
    }
  }

  #addForm(secret: Secret, what: string, bytes: Buffer): void {
    if (bytes.length < LEAST_FORM) return;
    const key = bytes.readUInt32BE(0);
    const whole = `${secret} ${bytes.toString('latin1')}`;
    if (this.#known.has(whole)) return;
    this.#known.add(whole);
    const forms = this.#forms.get(key);
    if (forms === undefined) this.#forms.set(key, [{ secret, what, bytes }]);
    else forms.push({ secret, what, bytes });
    this.#begins[bytes[0]! * 256 + bytes[1]!] = 1;
    this.#count++;
  }
}

/** Decimal texts in which a number could stand. */
function numberTexts(value: number): Set<string> {
  return new Set([
    String(value),
    value.toExponential(),
    value.toFixed(3),
    value.toLocaleString('en', { maximumFractionDigits: 20 }),
    value.toLocaleString('de', { maximumFractionDigits: 20 }),
  ]);
}

function numberBytes(value: number): [string, Buffer][] {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  const float = Buffer.alloc(4);
  float.writeFloatLE(value);
  const forms: [string, Buffer][] = [
    ['Double LE', double],
    ['Double BE', Buffer.from(double).reverse()],
    ['Float LE', float],
    ['Float BE', Buffer.from(float).reverse()],
  ];
  if (!Number.isSafeInteger(value)) return forms;
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(BigInt(value));
  return [
    ...forms,
    ['64 bits LE', wide],
    ['64 bits BE', Buffer.from(wide).reverse()],
    ['32 bits LE', Buffer.from(wide.subarray(0, 4))],
    ['32 bits BE', Buffer.from(wide.subarray(0, 4)).reverse()],
  ];
}

/** The characters that bytes have in base64 wherever they begin at `offset` of a group of three. */
function innerBase64(bytes: Buffer, offset: number): string {
  const all = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
