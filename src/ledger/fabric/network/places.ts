import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** In a clone, sources run as they are. */
const IN_CLONE = import.meta.url.endsWith('.ts');

/** What comes with the program: the Go module of Fabric's commands, and the scripts by which peers find chaincode services. */
export const FABRIC_FILES = join(ROOT, 'fabric');

/** Where a development network is kept unless something else is said: in the clone, or in the working folder. */
export function defaultNetworkFolder(): string {
  return IN_CLONE ? join(FABRIC_FILES, 'network') : resolve('fabric', 'network');
}

/** Where Fabric's commands are kept unless something else is said: in the clone, or in the user's cache folder. */
export function defaultBinaries(): string {
  if (IN_CLONE) return join(FABRIC_FILES, 'bin');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'dcmb', 'fabric');
}
