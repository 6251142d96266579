import { type Bytes, equalBytes, sha256 } from '../core/index.ts';
import { refused } from './errors.ts';

/*
 * Trees as in RFC 6962 section 2.1: SHA-256(0x00 ‖ leaf) and SHA-256(0x01 ‖ left ‖ right), so that no inner node passes
 * for a leaf. All trees here are perfect: 2^depth places at level 0, the root at level `depth`.
 */

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** What stands for a place that is publicly known to be empty: 32 zero bytes, which nobody can hash to. */
export const EMPTY: Bytes = new Uint8Array(32);

export function leafHash(...parts: readonly Bytes[]): Bytes {
  return sha256(LEAF, ...parts);
}

export function nodeHash(left: Bytes, right: Bytes): Bytes {
  return sha256(NODE, left, right);
}

/** Gives the hash that stands at the highest empty node (level, index). */
export type Filler = (level: number, index: number) => Bytes;

/**
 * All levels of a perfect tree from its used leaves on: `levels[l]` has the used nodes of level l, with a filler where the
 * right sibling of the last used one is empty. `levels[depth][0]` is the root.
 */
export function treeLevels(leaves: readonly Bytes[], depth: number, filler: Filler): Bytes[][] {
  const levels: Bytes[][] = [];
  let nodes = leaves.length === 0 ? [] : [...leaves];
  for (let level = 0; level < depth; level++) {
    if (nodes.length % 2 === 1) nodes.push(filler(level, nodes.length));
    levels.push(nodes);
    const parents: Bytes[] = [];
    for (let i = 0; i < nodes.length; i += 2) parents.push(nodeHash(nodes[i]!, nodes[i + 1]!));
    nodes = parents;
  }
  levels.push(nodes.length === 0 ? [filler(depth, 0)] : nodes);
  return levels;
}

/** The siblings of leaf `index` from level 0 up to just below the root. */
export function siblings(levels: readonly (readonly Bytes[])[], index: number): Bytes[] {
  const path: Bytes[] = [];
  for (let level = 0; level < levels.length - 1; level++) path.push(levels[level]![(index >> level) ^ 1]!);
  return path;
}

/** Folds a path from a node at `index` of its level upwards; bit l of `index` says on which side the node stands there. */
export function foldPath(node: Bytes, index: number, path: readonly Bytes[]): Bytes {
  let current = node;
  let place = index;
  for (const sibling of path) {
    current = place % 2 === 0 ? nodeHash(current, sibling) : nodeHash(sibling, current);
    place = Math.floor(place / 2);
  }
  return current;
}

/** The highest empty nodes right of `used` leaves, from left to right (lowest level first). */
export function emptyNodes(used: number, depth: number): { level: number; index: number }[] {
  const nodes = [];
  let next = used;
  for (let level = 0; level < depth; level++) {
    if (next % 2 === 1) nodes.push({ level, index: next });
    next = Math.ceil(next / 2);
  }
  return nodes;
}

/** Smallest `depth` with 2^depth >= `places`. */
export function depthFor(places: number): number {
  let depth = 0;
  while (2 ** depth < places) depth++;
  return depth;
}

/** @throws RejectedError `WRONG_ROOT` */
export function requireRoot(found: Bytes, expected: Bytes): void {
  if (!equalBytes(found, expected)) throw refused('WRONG_ROOT', 'The hashes do not lead to the root in the header.');
}
