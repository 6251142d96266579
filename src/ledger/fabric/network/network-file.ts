import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rejected, unavailable } from './errors.ts';
import { writeWhole } from './files.ts';
import type { Layout } from './layout.ts';
import type { NetworkSettings } from './settings.ts';

/** What is written in a network's folder before anything else is. */
interface NetworkFile {
  readonly settings: NetworkSettings;
  readonly binaries: string;
}

/** True where a network has been begun in the folder. */
export function hasNetwork(layout: Layout): boolean {
  return existsSync(layout.settings);
}

/** @throws UnavailableError `NO_NETWORK` */
export function readNetworkFile(layout: Layout): NetworkFile {
  if (!hasNetwork(layout)) throw unavailable('NO_NETWORK', `There is no Fabric network in ${layout.folder}. Bring one up first.`);
  return JSON.parse(readFileSync(layout.settings, 'utf8')) as NetworkFile;
}

/**
 * Makes the folder a network's, or goes on with the network that is in it.
 * @throws RejectedError `NOT_A_NETWORK` where something else is in the folder, `SETTINGS_DIFFER` where the network is another
 */
export function claimFolder(layout: Layout, settings: NetworkSettings, binaries: string): void {
  if (hasNetwork(layout)) {
    const there = readNetworkFile(layout).settings;
    if (JSON.stringify(there) !== JSON.stringify(settings)) {
      const { organisations, firstPort } = there;
      const made = `made for ${organisations.join(', ')} on ports from ${firstPort} on`;
      throw rejected('SETTINGS_DIFFER', `The network in ${layout.folder} was ${made}. Reset it, or use another folder.`);
    }
  } else if (readdirSync(layout.folder).some((name) => !name.startsWith(LOCK_NAME))) {
    throw rejected('NOT_A_NETWORK', `${layout.folder} is not empty and no Fabric network. Take a new folder.`);
  }
  writeWhole(layout.settings, `${JSON.stringify({ settings, binaries } satisfies NetworkFile, undefined, 2)}\n`);
}

const LOCK_NAME = 'lock';
