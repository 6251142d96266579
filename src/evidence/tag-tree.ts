import { type Bytes, sha256Into } from '../core/index.ts';
import type { Filler } from './merkle.ts';

const HASH = 32;

/**
 * One part of a tag's subtree, built as its leaves arrive: O(depth) memory and about one node hash a leaf. Leaf 0, the
 * manifest, is known last, so the tree keeps the right siblings on leaf 0's path and folds them when the part ends.
 *
 * Hashes are held in two flat buffers and not as objects: a leaf costs no allocation besides the digest.
 */
export class StreamingTree {
  readonly #depth: number;
  readonly #capacity: number;
  readonly #filler: Filler;
  /** Per level, the last left node that waits for its right sibling. */
  readonly #waiting: Bytes;
  /** Per level, the right sibling of the node on leaf 0's path. */
  readonly #besideFirst: Bytes;
  readonly #node = new Uint8Array(1 + 2 * HASH);
  #used = 1;

  /** @param depth 1 or more; leaf 0 counts as used from the start */
  constructor(depth: number, filler: Filler) {
    this.#depth = depth;
    this.#capacity = 2 ** depth;
    this.#filler = filler;
    this.#waiting = new Uint8Array(depth * HASH);
    this.#besideFirst = new Uint8Array(depth * HASH);
    this.#node[0] = 1;
  }

  /** Places used so far, leaf 0 included. */
  get used(): number {
    return this.#used;
  }

  get full(): boolean {
    return this.#used === this.#capacity;
  }

  /** Hashes `leaf` (0x00, blinder, record) and appends it. The caller has looked at {@link full}. */
  append(leaf: Bytes): void {
    const node = this.#node;
    sha256Into(leaf, node, 1 + HASH);
    this.#rise(0, this.#used++);
  }

  /** Appends a leaf by its hash. */
  appendHash(hash: Bytes): void {
    this.#node.set(hash, 1 + HASH);
    this.#rise(0, this.#used++);
  }

  /** Fills what is empty, puts the hash of leaf 0 in its place and gives the root. The tree is of no use afterwards. */
  close(firstHash: Bytes): Bytes {
    this.#fill();
    const node = this.#node;
    node.set(firstHash, 1);
    for (let level = 0; level < this.#depth; level++) {
      copy(this.#besideFirst, level * HASH, node, 1 + HASH);
      sha256Into(node, node, 1);
    }
    return node.slice(1, 1 + HASH);
  }

  /** Carries the node in the scratch buffer's right half from (level, index) up as far as its left siblings are there. */
  #rise(from: number, at: number): void {
    const node = this.#node;
    let level = from;
    let index = at;
    while (index % 2 === 1 && index > 1) {
      copy(this.#waiting, level * HASH, node, 1);
      sha256Into(node, node, 1 + HASH);
      index = (index - 1) / 2;
      level++;
    }
    copy(node, 1 + HASH, index === 1 ? this.#besideFirst : this.#waiting, level * HASH);
  }

  /** Puts a filler at each highest empty node; `next` is the first empty node of a level, once the one below is filled. */
  #fill(): void {
    let next = this.#used;
    for (let level = 0; level < this.#depth; level++) {
      if (next % 2 === 1) {
        this.#node.set(this.#filler(level, next), 1 + HASH);
        this.#rise(level, next);
      }
      next = Math.ceil(next / 2);
    }
  }
}

function copy(from: Bytes, fromOffset: number, to: Bytes, toOffset: number): void {
  for (let i = 0; i < HASH; i++) to[toOffset + i] = from[fromOffset + i]!;
}
