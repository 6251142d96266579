import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { DcmbError, parseShape, RejectedError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';

/** One peer of the own organisation, as a connection profile names it. */
export interface FabricPeer {
  readonly name: string;
  /** `host:port` */
  readonly address: string;
  /** Certificates of the authorities that may have signed its TLS certificate, PEM. */
  readonly tlsRoots: string;
  /** Name that its TLS certificate has to bear, where that is not the host of the address. */
  readonly tlsName: string | undefined;
}

export interface ConnectionProfile {
  readonly file: string;
  /** Peers of the own organisation, in the order in which they are tried; one at least. */
  readonly peers: readonly FabricPeer[];
}

const Pem = v.union([v.looseObject({ pem: v.union([v.string(), v.array(v.string())]) }), v.looseObject({ path: v.string() })]);
const PeerShape = v.looseObject({
  url: v.string(),
  tlsCACerts: v.optional(Pem),
  grpcOptions: v.optional(v.record(v.string(), v.unknown())),
});
const ProfileShape = v.looseObject({
  organizations: v.record(v.string(), v.looseObject({ mspid: v.string(), peers: v.optional(v.array(v.string()), []) })),
  peers: v.record(v.string(), PeerShape),
});
type Profile = v.InferOutput<typeof ProfileShape>;

/** Both names are in use for it; the first one wins. */
const TLS_NAME_OPTIONS = ['ssl-target-name-override', 'hostnameOverride'];
const URL_FORM = /^grpcs:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})\/?$/;

/**
 * Reads a Fabric connection profile ("common connection profile", JSON) for one organisation. Paths in it are taken from
 * its own folder.
 * @param organisation MSP id
 * @throws RejectedError `BAD_PROFILE` in one sentence with what to mend
 */
export async function loadConnectionProfile(file: string, organisation: string): Promise<ConnectionProfile> {
  const profile = await readProfile(file);
  const names = Object.values(profile.organizations)
    .filter(({ mspid }) => mspid === organisation)
    .flatMap(({ peers }) => peers);
  if (names.length === 0) {
    const known = Object.values(profile.organizations).map(({ mspid }) => mspid);
    throw bad(file, `names no peer of an organisation with mspid "${organisation}"; it knows ${known.join(', ') || 'none'}`);
  }
  const peers: FabricPeer[] = [];
  for (const name of new Set(names)) peers.push(await peerOf(file, profile, name));
  return { file, peers };
}

async function readProfile(file: string): Promise<Profile> {
  const text = await readText(file, file);
  try {
    return parseShape(ProfileShape, JSON.parse(text), 'connection profile');
  } catch (cause) {
    const why = cause instanceof DcmbError ? cause.message : 'is no JSON: give the profile in its JSON form, not in YAML';
    throw bad(file, cause instanceof DcmbError ? `can't be used: ${why}` : why, cause);
  }
}

async function peerOf(file: string, profile: Profile, name: string): Promise<FabricPeer> {
  const peer = profile.peers[name];
  if (peer === undefined) throw bad(file, `names the peer "${name}" of the organisation, but has no such entry under "peers"`);
  const url = URL_FORM.exec(peer.url);
  if (url === null) throw bad(file, `has "${peer.url}" as url of the peer "${name}"; it has to be of the form grpcs://host:port`);
  if (peer.tlsCACerts === undefined) throw bad(file, `has no tlsCACerts for the peer "${name}"`);
  const override = TLS_NAME_OPTIONS.map((option) => peer.grpcOptions?.[option]).find((value) => typeof value === 'string');
  return {
    name,
    address: `${url[1]}:${url[2]}`,
    tlsRoots: await pemOf(file, peer.tlsCACerts),
    tlsName: typeof override === 'string' ? override : undefined,
  };
}

async function pemOf(file: string, given: v.InferOutput<typeof Pem>): Promise<string> {
  if ('pem' in given) return typeof given.pem === 'string' ? given.pem : (given.pem as string[]).join('\n');
  return readText(resolve(dirname(file), given.path), file);
}

async function readText(path: string, profile: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown fault';
    throw bad(profile, path === profile ? `can't be read (${code})` : `names ${path}, which can't be read (${code})`, cause);
  }
}

function bad(file: string, why: string, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('BAD_PROFILE', `The connection profile ${file} ${why}.`, { cause });
}
