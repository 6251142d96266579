import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Agreement } from '../agreement/index.ts';
import { type Bytes, RejectedError, toBase64Url, toHex, utf8 } from '../core/index.ts';
import { createExchangeKey, createSigningKey, createStoreKey, systemClock, systemRandom, writeFileAtomic } from '../platform/index.ts';
import { type MappingPolicy, policyCommitment } from '../policy/index.ts';
import { type ApplicationIdentity, hashPassword, thumbprintOf, TrustList } from '../server/index.ts';
import { loadAgreement } from './agreement-file.ts';
import type { ConfigErrorCode, UserConfig } from './config.ts';
import { agreementOf, openOnLedger, type PartyKeys, writeAgreement } from './plant-agreement.ts';
import { manufacturerConfigText, ownerConfigText, type PlantPorts } from './plant-files.ts';
import { createIdentity, pkiFolder } from './plant-identities.ts';
import { makePlantLedger, MANUFACTURER, OWNER, type PlantLedger, type PlantLedgerOptions } from './plant-ledger.ts';
import { type PlantTerms, plantTerms, type TermsSource } from './plant-terms.ts';
import { type LoadedPolicy, loadPolicy } from './policy-source.ts';

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
  /** An embedded one where absent. */
  readonly ledger?: PlantLedgerOptions;
}

/** What a person needs to go on with a new plant. */
export interface Plant {
  readonly folder: string;
  readonly owner: string;
  readonly manufacturer: string;
  readonly plc: string;
  readonly ledgerId: string;
  readonly channelId: string;
  /** Titles of the streams, in English. */
  readonly streams: readonly string[];
  /** User name and password at each server. Kept nowhere else but in `passwords.txt` of each folder. */
  readonly logins: {
    readonly plc: Login;
    readonly operator: Login;
    readonly manufacturer: Login;
    readonly auditor: Login;
    readonly viewer: Login;
  };
}

interface Login {
  readonly name: string;
  readonly password: string;
}

/**
 * Makes two working folders, owner and manufacturer, on one machine: keys, certificates that trust each other, a signed
 * agreement, configurations, and a ledger that both use: an embedded one of its own, or one on a Fabric network that is
 * there. The two folders can then go to different machines, apart from the file of an embedded ledger, which both must reach.
 * @throws RejectedError in one sentence with file and remedy
 */
export async function initPlant(options: PlantOptions): Promise<Plant> {
  const folder = resolve(options.folder);
  requireEmpty(folder);
  const policy = await loadPolicy(options.policyFile);
  const terms = plantTerms(options, systemClock.now());
  const unfinished = `${folder}.${toHex(systemRandom.bytes(4))}.part`;
  try {
    const { agreement, channelId, logins } = await makePlant(unfinished, options, policy, terms);
    renameSync(unfinished, folder);
    const streams = agreement.streams.map(({ title }) => title.en);
    const at = (name: string): string => join(folder, name);
    return {
      folder,
      owner: at(OWNER),
      manufacturer: at(MANUFACTURER),
      plc: at('plc'),
      ledgerId: agreement.ledger,
      channelId,
      streams,
      logins,
    };
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Makes everything in a folder that nobody uses yet. Paths within it are relative, so it can be renamed. */
async function makePlant(
  folder: string,
  options: PlantOptions,
  policy: LoadedPolicy,
  terms: PlantTerms,
): Promise<{ agreement: Agreement; channelId: string; logins: Plant['logins'] }> {
  const [owner, manufacturer] = [join(folder, OWNER), join(folder, MANUFACTURER)];
  const places = [owner, manufacturer].flatMap((party) => [join(party, 'keys'), join(party, 'data')]);
  for (const place of places) mkdirSync(place, { recursive: true, mode: 0o700 });
  copySchemas(join(folder, 'schemas'));

  const keys = { owner: await createKeys(owner), manufacturer: await createKeys(manufacturer) };
  const identities = await createIdentities(folder, options.advertisedHost);
  const ledger = await makePlantLedger(folder, options.ledger ?? { kind: 'embedded' });
  const commitment = await copyPolicy(policy, options.policyFile, owner);
  const agreement = agreementOf({ ledger, keys, identities, policy: policy.policy, commitment, terms: terms.terms });
  const channelId = await writeAgreement([owner, manufacturer], agreement, keys);
  await writeFileAtomic(join(folder, 'agreement-terms.json'), terms.text, { replace: false });
  await openOnLedger(folder, ledger, loadAgreement(join(owner, 'agreement.json')), keys);
  const logins = await writeConfigs(folder, options, { agreement, ledger }, identities, policy.policy.tags);
  return { agreement, channelId, logins };
}

/** A folder with something in it is never written into: keys in it could belong to a running plant. */
function requireEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new RejectedError<ConfigErrorCode>('BAD_CONFIG', `${folder} is not empty. Give a new folder, or remove this one first.`);
  }
}

function copySchemas(folder: string): void {
  const source = fileURLToPath(new URL('../../schemas/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(source).filter((file) => file.endsWith('.json'))) copyFileSync(join(source, name), join(folder, name));
}

async function createKeys(party: string): Promise<PartyKeys> {
  const at = (name: string): string => join(party, 'keys', name);
  await createStoreKey(at('store.key'), systemRandom);
  return {
    evidence: await createSigningKey(at('evidence.pem'), systemRandom),
    exchange: await createExchangeKey(at('exchange.pem'), systemRandom),
  };
}

interface Identities {
  readonly ingest: ApplicationIdentity;
  readonly cleared: ApplicationIdentity;
  readonly receiver: ApplicationIdentity;
  readonly applications: ApplicationIdentity;
  readonly plc: ApplicationIdentity;
}

/** Each OPC UA application gets a certificate of its own, and trusts exactly the peer that it works with. */
async function createIdentities(folder: string, host: string): Promise<Identities> {
  const pki = { owner: join(folder, OWNER, 'pki'), manufacturer: join(folder, MANUFACTURER, 'pki'), plc: join(folder, 'plc', 'pki') };
  const ingest = await createIdentity(pki.owner, 'ingest', OWNER, [host]);
  const cleared = await createIdentity(pki.owner, 'cleared', OWNER, [host]);
  const receiver = await createIdentity(pki.manufacturer, 'receiver', MANUFACTURER, [host]);
  const applications = await createIdentity(pki.manufacturer, 'applications', MANUFACTURER, [host]);
  const plc = await createIdentity(pki.plc, 'plc', 'plc', [host]);
  new TrustList(pkiFolder(pki.owner, 'ingest')).add(plc.certificate);
  new TrustList(pkiFolder(pki.owner, 'cleared')).add(receiver.certificate);
  new TrustList(pkiFolder(pki.manufacturer, 'receiver')).add(cleared.certificate);
  new TrustList(pkiFolder(pki.manufacturer, 'applications'));
  new TrustList(pkiFolder(pki.plc, 'plc')).add(ingest.certificate);
  return { ingest, cleared, receiver, applications, plc };
}

/**
 * Copies the mapping policy and its compute modules; the copy names the schema that stands in the plant.
 * @returns the commitment to the copy
 */
async function copyPolicy({ text, modules }: LoadedPolicy, policyFile: string, owner: string): Promise<Bytes> {
  const copy = text.replace(/"\$schema"\s*:\s*"[^"]*"/, '"$schema": "../schemas/mapping-policy.schema.json"');
  await writeFileAtomic(join(owner, 'policy.json'), copy, { replace: false });
  for (const module of modules) copyModule(dirname(policyFile), owner, module);
  const nonce = systemRandom.bytes(32);
  await writeFileAtomic(join(owner, 'keys', 'policy.nonce'), `${toBase64Url(nonce)}\n`, { mode: 0o600, replace: false });
  return policyCommitment(nonce, utf8(copy));
}

function copyModule(from: string, to: string, module: string): void {
  const target = resolve(to, module);
  if (!target.startsWith(to + sep)) {
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `The compute module ${module} lies outside the policy's folder. Put it beside the policy.`,
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(resolve(from, module), target);
}

async function writeConfigs(
  folder: string,
  options: PlantOptions,
  { agreement, ledger }: { readonly agreement: Agreement; readonly ledger: PlantLedger },
  identities: Identities,
  tags: MappingPolicy['tags'],
): Promise<Plant['logins']> {
  const login = (name: string): Login => ({ name, password: toBase64Url(systemRandom.bytes(12)) });
  const logins = {
    plc: login('plc'),
    operator: login('operator'),
    manufacturer: login('manufacturer'),
    auditor: login('auditor'),
    viewer: login('viewer'),
  };
  const user = async (role: UserConfig['role'], { name, password }: Login): Promise<UserConfig> => ({
    role,
    name,
    passwordHash: await hashPassword(password),
  });
  const facts = {
    ...options,
    agreement,
    machine: options.channel,
    policy: 'policy.json',
    users: {
      ingest: [
        { role: 'Plc' as const, thumbprint: thumbprintOf(identities.plc.certificate) },
        await user('Plc', logins.plc),
        await user('Operator', logins.operator),
      ],
      cleared: [
        { role: 'Manufacturer' as const, thumbprint: thumbprintOf(identities.receiver.certificate) },
        await user('Manufacturer', logins.manufacturer),
        await user('Auditor', logins.auditor),
      ],
      applications: [await user('Manufacturer', logins.viewer)],
    },
  };
  const [owner, manufacturer, plc] = [join(folder, OWNER), join(folder, MANUFACTURER), join(folder, 'plc')];
  await writeFileAtomic(join(owner, 'dcmb.json'), ownerConfigText({ ...facts, side: ledger.owner }), { replace: false });
  await writeFileAtomic(join(manufacturer, 'dcmb.json'), manufacturerConfigText({ ...facts, side: ledger.manufacturer }), {
    replace: false,
  });
  const plcFile = {
    endpointUrl: `opc.tcp://${options.advertisedHost}:${options.ports.ingest}`,
    tags: Object.fromEntries(tags.map(({ name, type }) => [name, type])),
  };
  await writeFileAtomic(join(plc, 'plc.json'), `${JSON.stringify(plcFile, undefined, 2)}\n`, { replace: false });
  await writePasswords(owner, [logins.plc, logins.operator, logins.auditor]);
  await writePasswords(manufacturer, [logins.manufacturer, logins.viewer]);
  await writePasswords(plc, [logins.plc]);
  return logins;
}

async function writePasswords(folder: string, logins: readonly Login[]): Promise<void> {
  const lines = logins.map(({ name, password }) => `${name} ${password}\n`);
  await writeFileAtomic(join(folder, 'passwords.txt'), lines.join(''), { mode: 0o600, replace: false });
}
