import { type Bytes, toBase64Url } from '../core/index.ts';
import { type BatchSecrets, type BlinderStream } from './blinding.ts';
import type { ContinuationRecord, ManifestRecord } from './documents.ts';
import { refused } from './errors.ts';
import { leafHash } from './merkle.ts';
import type { AcceptedReading, ReadingWriter } from './reading-writer.ts';
import { encodeRecord } from './record-kinds.ts';
import { StreamingTree } from './tag-tree.ts';

/** A tag as the evidence sees it. */
export interface TagSpec {
  /** Name in the mapping policy. */
  readonly name: string;
  /** Depth of each part: 2^depth places, 2 to 32. */
  readonly depth: number;
  /** Sequence number of the first reading in this batch. */
  readonly firstSeq: number;
  /** For a tag released raw: agreed length of its records in bytes. */
  readonly rawPad?: number;
}

/** Place of the continuation record in every part but the first. */
export const CONTINUATION_INDEX = 1;

/** Where the reading number `ordinal` (from 0) of a batch's tag stands. */
export function readingPlace(depth: number, ordinal: number): { part: number; index: number } {
  const inFirst = 2 ** depth - 1;
  if (ordinal < inFirst) return { part: 0, index: ordinal + 1 };
  const inNext = 2 ** depth - 2;
  const after = ordinal - inFirst;
  return { part: 1 + Math.floor(after / inNext), index: 2 + (after % inNext) };
}

/** Readings in parts 0 to `part`, all of them full. */
export function capacityThrough(depth: number, part: number): number {
  return 2 ** depth - 1 + part * (2 ** depth - 2);
}

/** @throws RejectedError `BAD_INPUT` */
export function requireTagSpec(tag: TagSpec): void {
  const natural = Number.isSafeInteger(tag.firstSeq) && tag.firstSeq >= 0;
  if (!natural || !Number.isInteger(tag.depth) || tag.depth < 2 || tag.depth > 32) {
    throw refused('BAD_INPUT', 'A tag has a depth from 2 to 32 and a first sequence number of 0 or more.');
  }
}

/** The manifest of a part. Refused writes stand in the last part's only. */
export function manifestOf(tag: TagSpec, n: number, part: number, count: number, refusedWrites: number): ManifestRecord {
  return { kind: 'manifest', n, tag: tag.name, part, firstSeq: tag.firstSeq, count, refused: refusedWrites };
}

export function continuationOf(n: number, part: number, root: Bytes): ContinuationRecord {
  return { kind: 'continuation', n, part, root: toBase64Url(root) };
}

/** One tag's subtree of an open batch: parts follow each other, and only the last one is held. */
export class TagSubtree {
  readonly #secrets: BatchSecrets;
  readonly #subtree: number;
  readonly #n: number;
  readonly #spec: TagSpec;
  readonly #pad: number;
  readonly #writer: ReadingWriter;
  #part = 0;
  #count = 0;
  #tree: StreamingTree;
  #blinders: BlinderStream;
  #manifestBlinder: Bytes;

  constructor(secrets: BatchSecrets, subtree: number, n: number, spec: TagSpec, writer: ReadingWriter) {
    requireTagSpec(spec);
    this.#secrets = secrets;
    this.#subtree = subtree;
    this.#n = n;
    this.#spec = spec;
    this.#pad = spec.rawPad ?? 0;
    this.#writer = writer;
    this.#blinders = secrets.blinders(subtree, 0);
    this.#manifestBlinder = this.#blinders.next();
    this.#tree = new StreamingTree(spec.depth, secrets.filler(subtree, 0));
    this.#requireRoom();
  }

  get count(): number {
    return this.#count;
  }

  accept(reading: AcceptedReading): number {
    const seq = this.#spec.firstSeq + this.#count;
    this.#writer.write(seq, reading, this.#pad);
    if (this.#tree.full) this.#continue();
    const leaf = this.#writer.written;
    this.#blinders.nextInto(leaf, 1);
    this.#tree.append(leaf);
    this.#count++;
    return seq;
  }

  close(refusedWrites: number): { root: Bytes; manifest: ManifestRecord } {
    const root = this.#tree.close(this.#manifestHash(refusedWrites));
    return { root, manifest: this.#manifest(refusedWrites) };
  }

  /** Ends the full part and begins the next, which names the full one's root. */
  #continue(): void {
    const root = this.#tree.close(this.#manifestHash(0));
    const record = encodeRecord(continuationOf(this.#n, this.#part, root), this.#pad);
    this.#part++;
    this.#blinders = this.#secrets.blinders(this.#subtree, this.#part);
    this.#manifestBlinder = this.#blinders.next();
    this.#tree = new StreamingTree(this.#spec.depth, this.#secrets.filler(this.#subtree, this.#part));
    this.#tree.appendHash(leafHash(this.#blinders.next(), record));
  }

  /** Fails before the first reading, and not at the grid point, when the agreed length is too short for the tag's own records. */
  #requireRoom(): void {
    if (this.#pad === 0) return;
    const most = Number.MAX_SAFE_INTEGER;
    encodeRecord({ kind: 'manifest', n: most, tag: this.#spec.name, part: most, firstSeq: most, count: most, refused: most }, this.#pad);
    encodeRecord(continuationOf(most, most, new Uint8Array(32)), this.#pad);
  }

  #manifest(refusedWrites: number): ManifestRecord {
    return manifestOf(this.#spec, this.#n, this.#part, this.#count, refusedWrites);
  }

  #manifestHash(refusedWrites: number): Bytes {
    return leafHash(this.#manifestBlinder, encodeRecord(this.#manifest(refusedWrites), this.#pad));
  }
}
