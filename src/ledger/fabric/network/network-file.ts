import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { rejected, unavailable } from './errors.ts';
import { writeWhole } from './files.ts';
import type { Layout } from './layout.ts';
import { CHANNEL, checkSettings, DEFAULT_FIRST_PORT, DEFAULT_ORGANISATIONS, type NetworkSettings } from './settings.ts';

/** What is written in a network's folder before anything else is. */
const NetworkFileShape = v.object({
  settings: v.object({ v: v.literal(0), channel: v.string(), organisations: v.array(v.string()), firstPort: v.number() }),
  binaries: v.string(),
});

interface NetworkFile {
  readonly settings: NetworkSettings;
  readonly binaries: string;
}

export interface WantedSettings {
  readonly organisations?: readonly string[];
  readonly firstPort?: number;
}

/** True where a network has been begun in the folder. */
export function hasNetwork(layout: Layout): boolean {
  return existsSync(layout.settings);
}

/** @throws UnavailableError `NO_NETWORK`; RejectedError `NOT_A_NETWORK` where the file is damaged, or somebody else's */
export function readNetworkFile(layout: Layout): NetworkFile {
  if (!hasNetwork(layout)) throw unavailable('NO_NETWORK', `There is no Fabric network in ${layout.folder}. Bring one up first.`);
  try {
    const file = v.parse(NetworkFileShape, JSON.parse(readFileSync(layout.settings, 'utf8')));
    checkSettings(file.settings);
    return file;
  } catch (cause) {
    const what = `${layout.settings} is damaged, or of another program. Take another folder`;
    throw rejected('NOT_A_NETWORK', `${what}, or end the processes whose numbers are in its folder "run" and remove it.`, cause);
  }
}

/**
 * Makes the folder a network's, or goes on with the network that is in it. Gives the network's settings.
 * @throws RejectedError `BAD_SETTINGS`; `NOT_A_NETWORK` where something else is in the folder; `SETTINGS_DIFFER` where the
 * network in it is another
 */
export function claimFolder(layout: Layout, wanted: WantedSettings, binaries: string): NetworkSettings {
  const there = hasNetwork(layout) ? readNetworkFile(layout).settings : undefined;
  const settings = checkSettings({
    v: 0,
    channel: CHANNEL,
    organisations: wanted.organisations ?? there?.organisations ?? DEFAULT_ORGANISATIONS,
    firstPort: wanted.firstPort ?? there?.firstPort ?? DEFAULT_FIRST_PORT,
  });
  if (there === undefined) requireNew(layout);
  else requireSame(layout, there, settings);
  writeWhole(layout.settings, `${JSON.stringify({ settings, binaries } satisfies NetworkFile, undefined, 2)}\n`);
  return settings;
}

/** What a run that was cut off may have left before the settings were there. */
const BEFORE_SETTINGS = /^(lock(\.over)*(\.\d+)?|network\.json\.new)$/;

function requireNew(layout: Layout): void {
  if (readdirSync(layout.folder).every((name) => BEFORE_SETTINGS.test(name))) return;
  throw rejected('NOT_A_NETWORK', `${layout.folder} is not empty and no Fabric network. Take a new folder.`);
}

function requireSame(layout: Layout, there: NetworkSettings, settings: NetworkSettings): void {
  if (JSON.stringify(there) === JSON.stringify(settings)) return;
  const made = `made for ${there.organisations.join(', ')} on ports from ${there.firstPort} on`;
  throw rejected('SETTINGS_DIFFER', `The network in ${layout.folder} was ${made}. Reset it, or use another folder.`);
}
