import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Bytes, RejectedError, utf8 } from '../core/index.ts';
import type { PlatformErrorCode } from './errors.ts';

export interface AtomicWriteOptions {
  /** Permission bits of the new file, before the umask; default 0644. */
  readonly mode?: number;
  /** False: refuse when the file is there already. Default true. */
  readonly replace?: boolean;
}

/**
 * Writes a whole file so that a reader, or this machine after a power cut, finds the old content or the new, never a
 * part: temporary file in the same directory, fsync, rename, fsync of the directory.
 * @throws RejectedError `FILE_EXISTS` when `replace` is false and there is one; the system's error otherwise
 */
export async function writeFileAtomic(path: string, content: Bytes | string, options: AtomicWriteOptions = {}): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeDurably(temporary, typeof content === 'string' ? utf8(content) : content, options.mode ?? 0o644);
    if (options.replace ?? true) await rename(temporary, path);
    else await linkNew(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(path));
}

async function writeDurably(path: string, content: Bytes, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A hard link fails where the name is taken; a rename would overwrite it. */
async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST') throw cause;
    throw new RejectedError<PlatformErrorCode>('FILE_EXISTS', `${to} is there already and is not overwritten. Move it away first.`, {
      cause,
    });
  }
}

/** Windows has no fsync of directories; its file system journals the rename. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's name of an error (`ENOENT`, ...), or an empty text. */
export function errnoOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
