import { createCipheriv, createHash, createHmac } from 'node:crypto';
import type { ReadingRecord } from '../../src/evidence/index.ts';

/*
 * The tree as docs/evidence-format.md describes it, in the plainest way and by other means than src/evidence: recursive,
 * with all leaves in memory, over hex strings, with a label's frame written out by hand.
 */

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const u32 = (value: number) => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');
const framed = (parts: Buffer[]) => Buffer.concat(parts.flatMap((part) => [u32(part.length), part]));
export const mac = (key: Uint8Array, label: string, ...fields: Buffer[]) =>
  createHmac('sha256', key)
    .update(framed([Buffer.from(label), ...fields]))
    .digest();

export class ReferenceTree {
  readonly seed: Buffer;

  constructor(seed: Uint8Array) {
    this.seed = Buffer.from(seed);
  }

  blinder(subtree: number, part: number, index: number): Buffer {
    const key = mac(this.seed, 'DCMB/0/blinder', u32(subtree), u32(part));
    const counter = Buffer.alloc(16);
    counter.writeUInt32BE(index * 2, 12);
    return createCipheriv('aes-256-ctr', key, counter).update(Buffer.alloc(32));
  }

  /** Root over `leaves` hashes of a part, or the dummy where nothing is below. */
  root(subtree: number, part: number, leaves: readonly Buffer[], level: number, index = 0): Buffer {
    const first = index * 2 ** level;
    if (first >= leaves.length) return mac(this.seed, 'DCMB/0/dummy', u32(subtree), u32(part), u32(level), u32(index));
    if (level === 0) return leaves[first]!;
    const left = this.root(subtree, part, leaves, level - 1, 2 * index);
    return sha(Buffer.of(1), left, this.root(subtree, part, leaves, level - 1, 2 * index + 1));
  }

  leaf(subtree: number, part: number, index: number, record: object, pad: number): Buffer {
    const sorted = Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
    const json = Buffer.from(JSON.stringify(sorted));
    return sha(Buffer.of(0), this.blinder(subtree, part, index), json, Buffer.alloc(Math.max(0, pad - json.length)));
  }

  /** A tag's subtree: parts one after the other, each naming the root of the one before it. */
  tag(
    subtree: number,
    n: number,
    spec: { name: string; depth: number; firstSeq: number; rawPad?: number },
    readings: readonly ReadingRecord[],
    refused: number,
  ): Buffer {
    const pad = spec.rawPad ?? 0;
    const left = [...readings];
    let count = 0;
    let before: Buffer | undefined;
    for (let part = 0; ; part++) {
      const records: object[] =
        before === undefined ? [] : [{ kind: 'continuation', n, part: part - 1, root: before.toString('base64url') }];
      while (records.length < 2 ** spec.depth - 1 && left.length > 0) {
        records.push(left.shift()!);
        count++;
      }
      const last = left.length === 0;
      const manifest = { kind: 'manifest', n, tag: spec.name, part, firstSeq: spec.firstSeq, count, refused: last ? refused : 0 };
      const leaves = [manifest, ...records].map((record, index) => this.leaf(subtree, part, index, record, pad));
      const root = this.root(subtree, part, leaves, spec.depth);
      if (last) return root;
      before = root;
    }
  }
}
