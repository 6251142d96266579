import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Bytes } from '../core/index.ts';
import { overwriteAndRemove, writeNew } from './durable-files.ts';
import { storeFault } from './faults.ts';
import { RowCipher } from './row-cipher.ts';

/** Payload and seeds of one UTC day share a key. */
const PERIOD_MS = 86_400_000;
const KEY_BYTES = 32;

/**
 * The keys of the retention periods, one file each in a folder beside the store, encrypted under the store key. They are
 * in no backup: destroying a file makes what it encrypted unreadable wherever copies of the store are.
 */
export class PeriodKeys {
  readonly #folder: string | undefined;
  readonly #purpose: string;
  readonly #wrapping: RowCipher;
  readonly #known = new Map<number, RowCipher>();

  /** @param storeFile or `:memory:`, which keeps the keys in memory too */
  constructor(storeFile: string, purpose: string, key: Bytes) {
    this.#folder = storeFile === ':memory:' ? undefined : periodFolder(storeFile);
    this.#purpose = purpose;
    this.#wrapping = new RowCipher(key, purpose);
  }

  /** The cipher of a period; its key is made, and durable, where there is none yet. */
  obtain(period: number): RowCipher {
    return this.find(period) ?? this.#make(period);
  }

  /** @returns `undefined` where the key was destroyed, or is not in this copy of the store */
  find(period: number): RowCipher | undefined {
    const known = this.#known.get(period);
    if (known !== undefined || this.#folder === undefined) return known;
    const file = join(this.#folder, String(period));
    if (!existsSync(file)) return undefined;
    return this.#keep(
      period,
      this.#wrapping.open(
        cell(period),
        this.#guarded(() => new Uint8Array(readFileSync(file))),
      ),
    );
  }

  /** Destroys the keys of all periods before this one. @returns how many there were */
  destroyBefore(period: number): number {
    const old = this.periods().filter((number) => number < period);
    for (const number of old) {
      if (this.#folder !== undefined) this.#guarded(() => overwriteAndRemove(join(this.#folder!, String(number))));
      this.#known.delete(number);
    }
    return old.length;
  }

  /** Those whose key is there, ascending. */
  periods(): number[] {
    if (this.#folder === undefined) return [...this.#known.keys()].toSorted((a, b) => a - b);
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  #make(period: number): RowCipher {
    const key = new Uint8Array(randomBytes(KEY_BYTES));
    if (this.#folder !== undefined) {
      const folder = this.#folder;
      this.#guarded(() => writeNew(join(folder, String(period)), this.#wrapping.seal(cell(period), key)));
    }
    return this.#keep(period, key);
  }

  #keep(period: number, key: Bytes): RowCipher {
    const cipher = new RowCipher(key, this.#purpose);
    this.#known.set(period, cipher);
    return cipher;
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw storeFault(error, this.#folder ?? '');
    }
  }
}

/** Number of the period that a time is in. */
export function periodOf(timeMs: number): number {
  return Math.floor(timeMs / PERIOD_MS);
}

export function periodFolder(storeFile: string): string {
  return `${storeFile}.periods`;
}

function cell(period: number): { table: string; row: number; column: string } {
  return { table: 'periods', row: period, column: 'key' };
}
