import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RejectedError, toHex } from '../core/index.ts';
import { createSigningKey, createStoreKey, systemClock, systemRandom, writeFileAtomic } from '../platform/index.ts';
import type { PolicyTag } from '../policy/index.ts';
import { type ApplicationIdentity, TrustList } from '../server/index.ts';
import type { ConfigErrorCode } from './config.ts';
import { type ChannelPlace, makeChannel, type MadeChannel, makeFolder } from './plant-channel.ts';
import { manufacturerConfigText, ownerConfigText, type PlantPorts } from './plant-files.ts';
import { createIdentity, pkiFolder } from './plant-identities.ts';
import { MANUFACTURER, OWNER, type PlantLedgerOptions } from './plant-ledger.ts';
import {
  applicationUsers,
  type ChannelLogins,
  clearedUsers,
  type IngestLogins,
  ingestUsers,
  newChannelLogins,
  newIngestLogins,
  writePasswords,
} from './plant-logins.ts';
import { plantTerms, type TermsSource } from './plant-terms.ts';
import { loadPolicy } from './policy-source.ts';
import type { PlcFile } from './replay.ts';
import { unionOfTags } from './tag-union.ts';

/** One more manufacturer, with a channel of its own on the same machine. */
export interface OtherManufacturer {
  /** Name of its folder in the plant. */
  readonly folder: string;
  readonly channel: string;
  /** What this manufacturer is told; copied into the owner's folder. */
  readonly policyFile: string;
  /** Terms of its agreement; as the first one's where absent. */
  readonly termsFile?: string;
  readonly ports: Omit<PlantPorts, 'ingest'>;
}

export interface PlantOptions extends TermsSource {
  /** New folder; it may exist, but empty. */
  readonly folder: string;
  /** Mapping policy to start from; copied into the owner's folder. */
  readonly policyFile: string;
  /** Address that the servers listen on. */
  readonly host: string;
  /** Name or address by which clients reach them. */
  readonly advertisedHost: string;
  readonly ports: PlantPorts;
  readonly channel: string;
  /** Shown to every party; where absent that of the channel, but "machine" where there are several. */
  readonly machine?: string;
  /** An embedded one where absent. */
  readonly ledger?: PlantLedgerOptions;
  /** Further manufacturers; each has an embedded ledger of its own with the owner, so that none sees another there. */
  readonly others?: readonly OtherManufacturer[];
}

/** A channel of a new plant, as a person goes on with it. */
export interface PlantChannel {
  readonly name: string;
  /** The manufacturer's folder. */
  readonly manufacturer: string;
  readonly ledgerId: string;
  readonly channelId: string;
  /** Titles of the streams, in English. */
  readonly streams: readonly string[];
  readonly logins: ChannelLogins;
}

/** What a person needs to go on with a new plant. */
export interface Plant extends Omit<PlantChannel, 'name'> {
  readonly folder: string;
  readonly owner: string;
  readonly plc: string;
  /** User name and password at each server. Kept nowhere else but in `passwords.txt` of each folder. */
  readonly logins: ChannelLogins & IngestLogins;
  /** The channels with further manufacturers. */
  readonly others: readonly PlantChannel[];
}

/**
 * Makes working folders, the owner's and each manufacturer's, on one machine: keys, certificates that trust each other, signed
 * agreements, configurations, and a ledger that both sides of a channel use: an embedded one of its own, or one on a Fabric
 * network that is there. The folders can then go to different machines, apart from the file of an embedded ledger, which both
 * must reach.
 * @throws RejectedError in one sentence with file and remedy
 */
export async function initPlant(options: PlantOptions): Promise<Plant> {
  const folder = resolve(options.folder);
  requireEmpty(folder);
  requireEmbedded(options);
  const unfinished = `${folder}.${toHex(systemRandom.bytes(4))}.part`;
  const places = await placesOf(unfinished, options);
  unionOfTags(places.map(tagsOf));
  try {
    const made = await makePlant(unfinished, options, places);
    renameSync(unfinished, folder);
    return plantOf(folder, unfinished, made);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

interface Channel extends ChannelPlace {
  readonly ports: Omit<PlantPorts, 'ingest'>;
}

/** Each channel of the plant with what it is made from, the first one's files directly in the owner's folder. */
async function placesOf(folder: string, options: PlantOptions): Promise<[Channel, ...Channel[]]> {
  const owner = join(folder, OWNER);
  const nowMs = systemClock.now();
  const place = async (from: OtherManufacturer, isFirst: boolean): Promise<Channel> => ({
    name: from.channel,
    owner,
    own: isFirst ? owner : join(owner, from.channel),
    manufacturer: join(folder, from.folder),
    schemas: join(folder, 'schemas'),
    policyFile: from.policyFile,
    policy: await loadPolicy(from.policyFile),
    terms: plantTerms(termsSource(from, options), nowMs),
    termsFile: join(folder, isFirst ? 'agreement-terms.json' : `agreement-terms-${from.channel}.json`),
    ledger: (isFirst ? options.ledger : undefined) ?? { kind: 'embedded' },
    ledgerFile: join(folder, 'ledger', isFirst ? 'ledger.db' : `ledger-${from.channel}.db`),
    ports: from.ports,
  });
  const others: Channel[] = [];
  for (const other of options.others ?? []) others.push(await place(other, false));
  return [await place({ ...options, folder: MANUFACTURER }, true), ...others];
}

function termsSource({ termsFile }: OtherManufacturer, options: PlantOptions): TermsSource {
  const file = termsFile ?? options.termsFile;
  return { cadence: options.cadence, ...(file === undefined ? {} : { termsFile: file }) };
}

function tagsOf({ name, policyFile, policy }: Channel): Parameters<typeof unionOfTags>[0][number] {
  return { channel: name, file: policyFile, tags: policy.policy.tags };
}

interface ReadyChannel extends MadeChannel {
  readonly place: Channel;
  readonly logins: ChannelLogins;
}

interface ReadyPlant {
  readonly channels: readonly ReadyChannel[];
  readonly logins: IngestLogins;
}

/** Makes everything in a folder that nobody uses yet. Paths within it are relative, so it can be renamed. */
async function makePlant(folder: string, options: PlantOptions, places: readonly Channel[]): Promise<ReadyPlant> {
  const owner = join(folder, OWNER);
  makeFolder(join(owner, 'keys'));
  copySchemas(join(folder, 'schemas'));
  await createStoreKey(join(owner, 'keys', 'store.key'), systemRandom);
  const evidence = await createSigningKey(join(owner, 'keys', 'evidence.pem'), systemRandom);
  const plc = await createIngestIdentities(folder, options.advertisedHost);
  const channels: ReadyChannel[] = [];
  for (const place of places)
    channels.push({ place, logins: newChannelLogins(), ...(await makeChannel(place, evidence, options.advertisedHost)) });
  const plant = { channels, logins: newIngestLogins() };
  await writeOwnerConfig(options, plant, plc);
  for (const channel of channels) await writeManufacturerConfig(options, channel);
  await writePlcFile(join(folder, 'plc'), options, plant);
  return plant;
}

/** A folder with something in it is never written into: keys in it could belong to a running plant. */
function requireEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new RejectedError<ConfigErrorCode>('BAD_CONFIG', `${folder} is not empty. Give a new folder, or remove this one first.`);
  }
}

/** A Fabric network of another manufacturer's has its own members, which nobody can make here. */
function requireEmbedded({ ledger, others = [] }: PlantOptions): void {
  if (ledger?.kind !== 'fabric' || others.length === 0) return;
  throw new RejectedError<ConfigErrorCode>(
    'BAD_CONFIG',
    'A plant on Fabric is made for one manufacturer. Make one plant for each, and put their channels into one configuration of the owner.',
  );
}

function copySchemas(folder: string): void {
  const source = fileURLToPath(new URL('../../schemas/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(source).filter((file) => file.endsWith('.json'))) copyFileSync(join(source, name), join(folder, name));
}

/** @returns the PLC's identity, which the ingest server trusts */
async function createIngestIdentities(folder: string, host: string): Promise<ApplicationIdentity> {
  const pki = { owner: join(folder, OWNER, 'pki'), plc: join(folder, 'plc', 'pki') };
  const ingest = await createIdentity(pki.owner, 'ingest', OWNER, [host]);
  const plc = await createIdentity(pki.plc, 'plc', 'plc', [host]);
  new TrustList(pkiFolder(pki.owner, 'ingest')).add(plc.certificate);
  new TrustList(pkiFolder(pki.plc, 'plc')).add(ingest.certificate);
  return plc;
}

async function writeOwnerConfig(options: PlantOptions, { channels, logins }: ReadyPlant, plc: ApplicationIdentity): Promise<void> {
  const [{ place, agreement, ledger }] = channels as [ReadyChannel, ...ReadyChannel[]];
  const text = ownerConfigText({
    ...options,
    machine: options.machine ?? (channels.length === 1 ? options.channel : 'machine'),
    manufacturer: agreement.manufacturer.name,
    side: ledger.owner,
    users: await ingestUsers(logins, plc),
    channels: await Promise.all(
      channels.map(async (each) => ({
        name: each.place.name,
        folder: relative(place.owner, each.place.own),
        side: each.ledger.owner,
        port: each.place.ports.cleared,
        users: await clearedUsers(each.logins, each.receiver),
      })),
    ),
  });
  await writeFileAtomic(join(place.owner, 'dcmb.json'), text, { replace: false });
  for (const each of channels)
    await writePasswords(each.place.own, [...(each.place === place ? [logins.plc, logins.operator] : []), each.logins.auditor]);
}

async function writeManufacturerConfig(options: PlantOptions, { place, agreement, ledger, logins }: ReadyChannel): Promise<void> {
  const facts = {
    ...options,
    channel: place.name,
    organisation: agreement.manufacturer.org,
    side: ledger.manufacturer,
    ports: place.ports,
  };
  const text = manufacturerConfigText({ ...facts, users: await applicationUsers(logins) });
  await writeFileAtomic(join(place.manufacturer, 'dcmb.json'), text, { replace: false });
  await writePasswords(place.manufacturer, [logins.manufacturer, logins.viewer]);
}

async function writePlcFile(folder: string, options: PlantOptions, { channels, logins }: ReadyPlant): Promise<void> {
  const tags = unionOfTags(channels.map(({ place }) => tagsOf(place)));
  const file = {
    endpointUrl: `opc.tcp://${options.advertisedHost}:${options.ports.ingest}`,
    tags: Object.fromEntries(tags.map(({ name, type }) => [name, type])),
    ...elementsOf(tags),
  };
  await writeFileAtomic(join(folder, 'plc.json'), `${JSON.stringify(file, undefined, 2)}\n`, { replace: false });
  await writePasswords(folder, [logins.plc]);
}

function elementsOf(tags: readonly PolicyTag[]): Partial<Pick<PlcFile, 'elements'>> {
  const elements = tags.flatMap(({ name, array }) => (array === undefined ? [] : [[name, [array.name, array.index]] as const]));
  return elements.length === 0 ? {} : { elements: Object.fromEntries(elements) };
}

function plantOf(folder: string, unfinished: string, { channels, logins }: ReadyPlant): Plant {
  const [first, ...others] = channels.map(({ place, agreement, channelId, logins: own }) => ({
    name: place.name,
    manufacturer: join(folder, relative(unfinished, place.manufacturer)),
    ledgerId: agreement.ledger,
    channelId,
    streams: agreement.streams.map(({ title }) => title.en),
    logins: own,
  }));
  const { name: _, ...own } = first as PlantChannel;
  return { ...own, folder, owner: join(folder, OWNER), plc: join(folder, 'plc'), logins: { ...own.logins, ...logins }, others };
}
