import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Bytes } from '../core/index.ts';

/** Whole and durable on return, or not there. */
export function writeNew(path: string, content: Bytes): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeSynced(temporary, 'wx', content);
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
  syncFolder(dirname(dirname(path)));
}

/** Zeros first: on most disks and file systems the key is then gone from the place where it was. */
export function overwriteAndRemove(path: string): void {
  writeSynced(path, 'r+', new Uint8Array(readFileSync(path).length));
  rmSync(path);
  syncFolder(dirname(path));
}

function writeSynced(path: string, flags: 'wx' | 'r+', content: Bytes): void {
  const file = openSync(path, flags, 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Windows has no fsync of folders; its file system journals a new name. */
export function syncFolder(path: string): void {
  if (process.platform !== 'win32') sync(path);
}

export function syncFile(path: string): void {
  sync(path);
}

function sync(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
