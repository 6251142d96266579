import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../../core/index.ts';

const MOST_KEPT = 10_000;

export interface ParsedFile<Value> {
  readonly file: string;
  readonly value: Value;
}

/**
 * Folders of files that a person may change at any time, each read anew only where it has changed, so that a look costs a
 * look at the folder. A file that can't be read, is too long or has something else in it is left out.
 */
export class ParsedFiles<Value> {
  readonly #parse: (content: Bytes) => Value;
  readonly #mostBytes: number;
  readonly #read = new Map<string, Value>();

  constructor(parse: (content: Bytes) => Value, mostBytes: number) {
    this.#parse = parse;
    this.#mostBytes = mostBytes;
  }

  /** Of a folder that is not there: none. */
  in(folder: string): ParsedFile<Value>[] {
    const files: ParsedFile<Value>[] = [];
    for (const name of namesIn(folder)) {
      const file = join(folder, name);
      const value = this.#valueOf(file);
      if (value !== undefined) files.push({ file, value });
    }
    return files;
  }

  #valueOf(file: string): Value | undefined {
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const version = `${file}\0${mtimeMs}\0${size}\0${ino}`;
      const known = this.#read.get(version);
      if (known !== undefined) return known;
      if (size > this.#mostBytes) return undefined;
      const value = this.#parse(new Uint8Array(readFileSync(file)));
      if (this.#read.size > MOST_KEPT) this.#read.clear();
      this.#read.set(version, value);
      return value;
    } catch {
      return undefined;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Writes a whole file or none, readable by its owner only. Gives its path. */
export function writeWhole(folder: string, name: string, content: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  writeFileSync(`${file}.part`, content, { mode: 0o600 });
  renameSync(`${file}.part`, file);
  return file;
}

/** Only harmless characters of a name that a stranger may have chosen reach the file system. */
export function harmlessName(name: string): string {
  return (
    name
      .replaceAll(/[^A-Za-z0-9 _-]/g, '_')
      .slice(0, 48)
      .trim() || 'unnamed'
  );
}

export function removeFile(file: string): void {
  rmSync(file, { force: true });
}
