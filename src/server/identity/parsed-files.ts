import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bytes } from '../../core/index.ts';

const MOST_KEPT = 10_000;
const MOST_FAULTS_KEPT = 64;
const HEAD_BYTES = 65_536;

export interface ParsedFile<Value> {
  readonly file: string;
  readonly value: Value;
}

/** A file that should count and cannot. */
export interface FaultyFile {
  readonly file: string;
  readonly why: string;
  /** Differs where the file does. */
  readonly version: string;
  /** What can be read of it. */
  readonly content: Bytes;
}

export interface ParsedFolder<Value> {
  readonly files: readonly ParsedFile<Value>[];
  readonly faults: readonly FaultyFile[];
}

/**
 * Folders of files that a person may change at any time, each read anew only where it has changed, so that a look costs a
 * look at the folder. Names that begin with a dot are not looked at: a copy that is under way has such a name.
 */
export class ParsedFiles<Value> {
  readonly #parse: (content: Bytes) => Value;
  readonly #mostBytes: number;
  /** What was last read of each file. */
  readonly #read = new Map<string, { readonly version: string; readonly value: Value }>();
  readonly #faults = new Map<string, FaultyFile>();

  constructor(parse: (content: Bytes) => Value, mostBytes: number) {
    this.#parse = parse;
    this.#mostBytes = mostBytes;
  }

  /** Those that can be read. Of a folder that is not there: none. */
  in(folder: string): readonly ParsedFile<Value>[] {
    return this.look(folder).files;
  }

  /** All of them: also a file that can't be read, is too long or has something else in it. */
  look(folder: string): ParsedFolder<Value> {
    const files: ParsedFile<Value>[] = [];
    const faults: FaultyFile[] = [];
    try {
      const names = namesIn(folder);
      for (const name of names) {
        const found = this.file(join(folder, name));
        if (found !== undefined) ('value' in found ? files : (faults as object[])).push(found);
      }
      this.#forgetOthers(folder, new Set(names.map((name) => join(folder, name))));
    } catch (error) {
      faults.push(unreadable(folder, error));
    }
    return { files, faults };
  }

  /** One file; undefined where it is not there. */
  file(file: string): ParsedFile<Value> | FaultyFile | undefined {
    try {
      const stat = statSync(file);
      if (stat.isDirectory()) return undefined;
      const version = `${file}\0${stat.mtimeMs}\0${stat.size}\0${stat.ino}`;
      const known = this.#read.get(file);
      if (known?.version === version) return { file, value: known.value };
      const fault = this.#faults.get(file);
      return fault?.version === version ? fault : this.#readNew(file, version, stat.size);
    } catch (error) {
      // Not a link that leads nowhere: the file has gone since the look at the folder.
      if (isGone(error) && lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
      return unreadable(file, error);
    }
  }

  #readNew(file: string, version: string, size: number): ParsedFile<Value> | FaultyFile {
    if (size > this.#mostBytes)
      return this.#fault({ file, version, why: `is longer than ${this.#mostBytes / 1024} KiB`, content: headOf(file) });
    const content = new Uint8Array(readFileSync(file));
    try {
      const value = this.#parse(content);
      if (this.#read.size > MOST_KEPT) this.#read.clear();
      this.#read.set(file, { version, value });
      return { file, value };
    } catch {
      return this.#fault({ file, version, why: 'is damaged, not whole or something else', content });
    }
  }

  /** Revocation lists are large, and their names change with them: what has gone is not kept. */
  #forgetOthers(folder: string, there: ReadonlySet<string>): void {
    for (const known of [this.#read, this.#faults]) {
      for (const file of known.keys()) if (dirname(file) === folder && !there.has(file)) known.delete(file);
    }
  }

  #fault(fault: FaultyFile): FaultyFile {
    if (this.#faults.size > MOST_FAULTS_KEPT) this.#faults.clear();
    this.#faults.set(fault.file, fault);
    return fault;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unreadable(file: string, error: unknown): FaultyFile {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown fault';
  return { file, why: `can't be read (${code})`, version: `${file}\0${code}`, content: new Uint8Array() };
}

function headOf(file: string): Bytes {
  const head = new Uint8Array(HEAD_BYTES);
  const handle = openSync(file, 'r');
  try {
    return head.subarray(0, readSync(handle, head));
  } finally {
    closeSync(handle);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Writes a whole file or none, readable by its owner only. Gives its path. */
export function writeWhole(folder: string, name: string, content: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  const part = join(folder, `.${name}.part`);
  writeFileSync(part, content, { mode: 0o600 });
  renameSync(part, file);
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
