import { type Bytes, keystream, labelledMac, type MacKey, macKey, u32 } from '../core/index.ts';
import type { Filler } from './merkle.ts';

/** Number of the condition subtree; tag t has number t + 1. */
export const CONDITION_SUBTREE = 0;

/** In addresses of dummies, the tree over the subtrees' roots. */
export const TOP_TREE = 0xffffffff;

/** Bytes of a blinder. */
export const BLINDER = 32;

/** Blinders fetched at a time: few at first, so that a quiet tag costs little, then more, for each fetch has a fixed cost. */
const FIRST_CHUNK = 16;
const LARGEST_CHUNK = 512;

/** A batch's seed, as key of all that is derived from it. Nothing else opens the batch's leaves. */
export class BatchSecrets {
  readonly #key: MacKey;

  constructor(seed: Bytes) {
    this.#key = macKey(seed);
  }

  /** The blinders of one part of one subtree, to be taken in order. */
  blinders(subtree: number, part: number): BlinderStream {
    return new BlinderStream(macKey(labelledMac(this.#key, 'DCMB/0/blinder', u32(subtree), u32(part))));
  }

  /** The hash at an empty node: like any other to everybody without the seed. */
  dummy(subtree: number, part: number, level: number, index: number): Bytes {
    return labelledMac(this.#key, 'DCMB/0/dummy', u32(subtree), u32(part), u32(level), u32(index));
  }

  filler(subtree: number, part: number): Filler {
    return (level, index) => this.dummy(subtree, part, level, index);
  }
}

/** Blinder i is bytes 32·i to 32·i + 31 of the AES-256-CTR keystream under the part's own key. */
export class BlinderStream {
  readonly #key: MacKey;
  #chunk: Bytes = new Uint8Array(0);
  #next = 0;
  #fetched = 0;

  constructor(key: MacKey) {
    this.#key = key;
  }

  /** Writes the next blinder to `target` from `offset` on. */
  nextInto(target: Bytes, offset: number): void {
    if (this.#next === this.#chunk.length) this.#fetch();
    const chunk = this.#chunk;
    const from = this.#next;
    for (let i = 0; i < BLINDER; i++) target[offset + i] = chunk[from + i]!;
    this.#next = from + BLINDER;
  }

  next(): Bytes {
    const blinder = new Uint8Array(BLINDER);
    this.nextInto(blinder, 0);
    return blinder;
  }

  #fetch(): void {
    const count = this.#fetched === 0 ? FIRST_CHUNK : Math.min(LARGEST_CHUNK, this.#fetched);
    this.#chunk = keystream(this.#key, this.#fetched * 2, count * BLINDER);
    this.#fetched += count;
    this.#next = 0;
  }
}
