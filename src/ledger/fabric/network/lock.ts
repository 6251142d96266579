import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { unavailable } from './errors.ts';
import { errnoOf, makeFolder } from './files.ts';
import { identify, isRunning, parseIdentity } from './process-identity.ts';

/**
 * Runs work that changes a network while no other process does. The lock of a process that died is taken over.
 * @throws UnavailableError `NETWORK_BUSY`
 */
export async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const mark = JSON.stringify(identify(process.pid));
  take(file, mark);
  try {
    return await work();
  } finally {
    release(file, mark);
  }
}

function take(file: string, mark: string): void {
  makeFolder(dirname(file));
  const own = `${file}.${process.pid}`;
  writeFileSync(own, mark, { mode: 0o600 });
  try {
    while (!linked(own, file)) {
      const found = readMark(file);
      if (found === undefined) continue;
      const holder = parseIdentity(found);
      if (holder !== undefined && isRunning(holder)) {
        throw unavailable('NETWORK_BUSY', `Process ${holder.pid} changes the network of ${dirname(file)} now. Wait until it has ended.`);
      }
      removeStale(file, found, mark);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Under a lock of its own: whoever read the same stale mark must not remove that of the one who was quicker. */
function removeStale(file: string, stale: string, mark: string): void {
  const over = `${file}.over`;
  take(over, mark);
  try {
    release(file, stale);
  } finally {
    release(over, mark);
  }
}

/** Removes the lock while it bears this mark. */
function release(file: string, mark: string): void {
  if (readMark(file) === mark) rmSync(file, { force: true });
}

/** A hard link is made whole or not at all, and fails where the name is taken. */
function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readMark(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
