import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { unavailable } from './errors.ts';
import { errnoOf, makeFolder } from './files.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

/**
 * Runs work that changes a network while no other process does. The lock of a process that died is taken over.
 * @throws UnavailableError `NETWORK_BUSY`
 */
export async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  take(file);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): void {
  makeFolder(dirname(file));
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)), { mode: 0o600 });
  try {
    for (;;) {
      if (linked(own, file)) return;
      const holder = readHolder(file);
      if (holder !== undefined && isRunning(holder)) {
        throw unavailable('NETWORK_BUSY', `Process ${holder.pid} changes the network of ${dirname(file)} now. Wait until it has ended.`);
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
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

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
