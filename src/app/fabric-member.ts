import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
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
  return ownOf(profile, readProfile(profile)).mspid;
}

/** What is read of a connection profile here; it holds more. */
interface Profile {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly client?: { readonly organization?: string };
  readonly organizations?: Readonly<Record<string, { readonly mspid?: string; readonly peers?: readonly string[] }>>;
  readonly peers?: Readonly<Record<string, { readonly url?: unknown; readonly tlsCACerts?: unknown; readonly grpcOptions?: unknown }>>;
}

interface Own {
  /** Its name in the profile. */
  readonly name: string;
  readonly mspid: string;
  /** Names of its peers. */
  readonly peers: readonly string[];
}

function ownOf(file: string, { client, organizations = {} }: Profile): Own {
  const all = Object.entries(organizations);
  const [name, own] = (all.length === 1 ? all[0] : all.find(([key]) => key === client?.organization)) ?? [];
  if (name !== undefined && typeof own?.mspid === 'string') return { name, mspid: own.mspid, peers: own.peers ?? [] };
  throw bad(`${file} does not say which organisation it is for. Name it as "client": { "organization": ... }.`);
}

/**
 * Copies the organisation's own part of its profile, and its client identity, into a folder of its own. What else a profile
 * may hold is not copied: other organisations' peers, and a registrar's secret.
 * @param folder new; gets `connection.json` and `msp/`
 */
export async function copyMember({ profile, msp }: FabricMember, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify(ownPart(profile), undefined, 2);
  await writeFileAtomic(join(folder, 'connection.json'), `${text}\n`, { mode: 0o600, replace: false });
  for (const part of MSP_FOLDERS) copyFolder(join(msp, part), join(folder, 'msp', part));
}

function ownPart(file: string): Profile {
  const profile = readProfile(file);
  const own = ownOf(file, profile);
  const peers = own.peers.flatMap((name) => {
    const { url, tlsCACerts, grpcOptions } = profile.peers?.[name] ?? {};
    return url === undefined ? [] : [[name, { url, tlsCACerts: pemInside(tlsCACerts, file), grpcOptions }] as const];
  });
  return {
    name: profile.name,
    version: profile.version,
    client: { organization: own.name },
    organizations: { [own.name]: { mspid: own.mspid, peers: own.peers } },
    peers: Object.fromEntries(peers),
  };
}

/** A path in a profile leads nowhere from its copy, so the certificates are written into it. */
function pemInside(certificates: unknown, profile: string): unknown {
  const path = (certificates as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? { pem: readText(resolve(dirname(profile), path)) } : certificates;
}

function copyFolder(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    // Where secrets are mounted into a container, a link to a folder stands among the files.
    if (!statSync(join(from, name)).isFile()) continue;
    copyFileSync(join(from, name), join(to, name));
    chmodSync(join(to, name), 0o600);
  }
}

function readProfile(file: string): Profile {
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
