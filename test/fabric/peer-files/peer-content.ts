import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { storedBlocks } from './block-file.ts';
import { journalEntries, tableContent } from './leveldb.ts';
import { anyFields } from './protobuf.ts';

/** A file as it is, and the parts of it that its form would hide: in pieces, compressed, or after a key's common beginning. */
export interface PeerFile {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
  /** Blocks of a table that were compressed. */
  readonly compressed: number;
}

/** All that a stranger makes of bytes: themselves and what is encoded in them, at any depth. */
export interface Unfolded {
  readonly fragments: readonly Buffer[];
  /** Numbers of protobuf fields, and of JSON. */
  readonly numbers: ReadonlySet<number>;
  /** Fields of 16 and of 32 bytes: what could be a salt, a key or a hash. */
  readonly fields: readonly Buffer[];
}

export function peerFiles(folder: string): PeerFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => peerFile(relative(folder, path), readFileSync(path)))
    .filter(({ parts }) => (parts[0]?.length ?? 0) > 0);
}

export function peerFile(name: string, bytes: Uint8Array): PeerFile {
  const file = (parts: readonly Uint8Array[], compressed = 0): PeerFile => ({ name, parts: [bytes, ...parts], compressed });
  if (bytes.length === 0) return file([]);
  if (/^blockfile_/.test(basename(name))) {
    return file(storedBlocks(bytes).flatMap(({ envelopes, metadata }) => [...envelopes, ...metadata]));
  }
  if (/\d+\.log$/.test(name)) return file(journalEntries(bytes));
  if (/\d+\.(?:ldb|sst)$/.test(name)) {
    const { entries, compressed } = tableContent(bytes);
    return file(entries, compressed);
  }
  return file(/\.t?gz$/.test(name) ? [gunzipSync(bytes)] : []);
}

const MOST_DEPTH = 6;
const LEAST_RUN = 16;
const RUNS = {
  base64: new RegExp(`[A-Za-z0-9+/_-]{${LEAST_RUN},}`, 'g'),
  hex: new RegExp(`[0-9A-Fa-f]{${LEAST_RUN},}`, 'g'),
};
/** A text of four or eight bytes in base64 or hex: a number by itself. */
const SHORT_TEXT = /"([A-Za-z0-9+/_-]{6}(?:==)?|[A-Za-z0-9+/_-]{8}|[A-Za-z0-9+/_-]{11}=?|[0-9A-Fa-f]{16})"/g;
const JSON_NUMBER = /(?<=[[:,\s"])-?\d{1,16}(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[\],}\s"])/g;

export function unfold(parts: readonly Uint8Array[]): Unfolded {
  const unfolding = new Unfolding();
  for (const part of parts) unfolding.add(Buffer.from(part.buffer, part.byteOffset, part.length), 0);
  return unfolding;
}

class Unfolding implements Unfolded {
  readonly fragments: Buffer[] = [];
  readonly numbers = new Set<number>();
  readonly #fields = new Map<string, Buffer>();
  readonly #seen = new Set<string>();

  get fields(): Buffer[] {
    return [...this.#fields.values()];
  }

  /** A run may begin a character or more before what was encoded: it is decoded from each of its first places. */
  add(bytes: Buffer, depth: number): void {
    const text = bytes.toString('latin1');
    if (bytes.length === 0 || this.#seen.has(text)) return;
    this.#seen.add(text);
    this.fragments.push(bytes);
    this.#read(bytes, text);
    if (depth === MOST_DEPTH) return;
    for (const [run] of text.matchAll(RUNS.base64)) this.#decode(run, 'base64', [0, 1, 2, 3], depth);
    for (const [run] of text.matchAll(RUNS.hex)) this.#decode(run, 'hex', [0, 1], depth);
  }

  #decode(run: string, encoding: 'base64' | 'hex', starts: readonly number[], depth: number): void {
    const name = `${encoding} ${run}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    if (encoding === 'base64' && (run.length === 22 || run.length === 43)) this.#field(Buffer.from(run, 'base64'));
    for (const start of starts) this.add(Buffer.from(run.slice(start), encoding), depth + 1);
  }

  #read(bytes: Buffer, text: string): void {
    for (const [number] of text.matchAll(JSON_NUMBER)) this.numbers.add(Number(number));
    for (const [, short = ''] of text.matchAll(SHORT_TEXT)) {
      for (const encoding of ['base64', 'hex'] as const) this.#number(Buffer.from(short, encoding));
    }
    this.#packedHashes(bytes);
    for (const { bytes: field, numbers = [] } of anyFields(bytes) ?? []) {
      for (const number of numbers) this.numbers.add(number);
      if (field === undefined) continue;
      this.#field(Buffer.from(field));
      this.#number(Buffer.from(field));
    }
  }

  /** Four or eight bytes that stand alone, whole and in half, in both orders of bytes. */
  #number(bytes: Buffer): void {
    if (bytes.length !== 4 && bytes.length !== 8) return;
    for (const each of [bytes, Buffer.from(bytes).reverse()]) {
      if (each.length === 4) this.numbers.add(each.readInt32LE()).add(each.readUInt32LE()).add(each.readFloatLE());
      else this.numbers.add(each.readDoubleLE()).add(Number(each.readBigInt64LE()));
    }
  }

  /** An anchor's tokens are a count, so many hashes, so many bytes, and hashes (src/evidence/anchor-body.ts). */
  #packedHashes(bytes: Buffer): void {
    const count = bytes[0] ?? 0;
    const isPacked = count > 0 && count <= 64 && bytes.length > 33 * count && (bytes.length - 1 - 33 * count) % 32 === 0;
    if (!isPacked || bytes.length > 64 * 32 * 12) return;
    for (let at = 1; at < 1 + 32 * count; at += 32) this.#field(bytes.subarray(at, at + 32));
    for (let at = 1 + 33 * count; at < bytes.length; at += 32) this.#field(bytes.subarray(at, at + 32));
  }

  #field(bytes: Buffer): void {
    if (bytes.length === 16 || bytes.length === 32) this.#fields.set(bytes.toString('latin1'), bytes);
  }
}
