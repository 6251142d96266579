import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RejectedError } from '../core/index.ts';
import { writeFileAtomic } from '../platform/index.ts';
import { type ConfigErrorCode, readText } from './config.ts';

/** How one organisation reaches a Fabric network. */
export interface FabricMember {
  /** Its connection profile: Fabric's common form, JSON. */
  readonly profile: string;
  /** Folder with its client identity: `signcerts`, `keystore`, `cacerts`. */
  readonly msp: string;
}

/** Parts of an MSP folder that a client uses. Others are not copied: they may hold what is an administrator's. */
const MSP_FOLDERS = ['signcerts', 'keystore', 'cacerts', 'intermediatecerts'] as const;

/**
 * MSP id of the organisation whose profile this is: that of its `client`, or the only one it names.
 * @throws RejectedError `BAD_CONFIG`
 */
export function organisationOf(profile: string): string {
  const { client, organizations } = readProfile(profile) as { client?: { organization?: string }; organizations?: Organizations };
  const all = Object.entries(organizations ?? {});
  const own = all.length === 1 ? all[0] : all.find(([name]) => name === client?.organization);
  const id = own?.[1].mspid;
  if (typeof id === 'string') return id;
  throw bad(`${profile} does not say which organisation it is for. Name it as "client": { "organization": ... }.`);
}

type Organizations = Readonly<Record<string, { readonly mspid?: string }>>;

/**
 * Copies profile and client identity, and nothing else, into a folder of the organisation's own.
 * @param folder new; gets `connection.json` and `msp/`
 */
export async function copyMember({ profile, msp }: FabricMember, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify(withPemsInside(readProfile(profile), dirname(resolve(profile))), undefined, 2);
  await writeFileAtomic(join(folder, 'connection.json'), `${text}\n`, { mode: 0o600, replace: false });
  for (const part of MSP_FOLDERS) copyFolder(join(msp, part), join(folder, 'msp', part));
}

/** A path in a profile leads nowhere from its copy, so the certificates are written into it. */
function withPemsInside(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withPemsInside(item, folder));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]: [string, unknown]) => {
    const path = key === 'tlsCACerts' ? (member as { path?: unknown }).path : undefined;
    return [key, typeof path === 'string' ? { pem: readText(resolve(folder, path)) } : withPemsInside(member, folder)] as const;
  });
  return Object.fromEntries(members);
}

function copyFolder(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    copyFileSync(join(from, entry.name), join(to, entry.name));
    chmodSync(join(to, entry.name), 0o600);
  }
}

function readProfile(file: string): object {
  const text = readText(file);
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) return value;
    throw new SyntaxError('no object');
  } catch (cause) {
    throw bad(`${file} is no JSON object. Give the connection profile in its JSON form.`, cause);
  }
}

function bad(message: string, cause?: unknown): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message, { cause });
}
