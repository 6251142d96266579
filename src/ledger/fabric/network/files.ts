import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const PRIVATE = 0o700;

/** A folder for its owner's eyes only, as everything here may hold a private key. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE });
}

/** A reader finds the old file or the new, never a part. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path));
  const temporary = `${path}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Makes a file or folder unless it is there: `make` writes to a place beside it, so that half of one is never taken for one. */
export async function makeOnce(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const temporary = `${path}.new`;
  rmSync(temporary, { recursive: true, force: true });
  makeFolder(dirname(path));
  await make(temporary);
  renameSync(temporary, path);
}

/** The system's name of an error (`ENOENT`, ...), or an empty text. */
export function errnoOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/** Leaves a folder alone in which somebody has put something. */
export function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error))) throw error;
  }
}
