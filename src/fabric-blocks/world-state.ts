import type { Bytes } from '../core/index.ts';
import type { Access, ReadEntry, Version, WriteEntry } from './rw-set.ts';

interface Held {
  readonly value: Bytes;
  readonly version: Version;
}

/**
 * The state of all chaincodes as a peer holds it: of every key its value and where it was written. Private collections are held
 * by the hashes of keys and values, which is what blocks have of them.
 */
export class WorldState {
  readonly #held = new Map<string, Held>();
  /** Keys that a transaction of the block under way has written or deleted. */
  readonly #touched = new Set<string>();

  beginBlock(): void {
    this.#touched.clear();
  }

  value(namespace: string, key: string): Bytes | undefined {
    return this.#held.get(nameOf(namespace, '', key))?.value;
  }

  /**
   * Whether all that was read is unchanged: written where the reader has seen it, and by no earlier transaction of the block.
   * A read of what an earlier transaction of the block has written is a conflict in Fabric whatever version it names.
   */
  isCurrent({ namespace, collection, reads }: Access): boolean {
    return reads.every((read) => this.#isCurrent(nameOf(namespace, collection, read.key), read));
  }

  #isCurrent(name: string, { version }: ReadEntry): boolean {
    if (this.#touched.has(name)) return false;
    const held = this.#held.get(name)?.version;
    return held?.block === version?.block && held?.tx === version?.tx;
  }

  apply({ namespace, collection, writes, metadataWrites }: Access, version: Version): void {
    const twice = writtenTwice(writes);
    for (const { key, value } of writes) {
      if (twice.has(key)) continue;
      const name = nameOf(namespace, collection, key);
      this.#touched.add(name);
      if (value === undefined) this.#held.delete(name);
      else this.#held.set(name, { value, version });
    }
    for (const key of [...metadataWrites, ...twice]) {
      const name = nameOf(namespace, collection, key);
      const held = this.#held.get(name);
      if (held === undefined) continue;
      this.#touched.add(name);
      this.#held.set(name, { value: held.value, version });
    }
  }
}

/** Of a key that a transaction writes twice, peers take neither value, but note that something was written. */
function writtenTwice(writes: readonly WriteEntry[]): Set<string> {
  const counted = new Map<string, number>();
  for (const { key } of writes) counted.set(key, (counted.get(key) ?? 0) + 1);
  return new Set([...counted].filter(([, count]) => count === 2).map(([key]) => key));
}

/** No name of a namespace or a collection has a line feed. */
function nameOf(namespace: string, collection: string, key: string): string {
  return `${namespace}\n${collection}\n${key}`;
}
