import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Agreement } from '../agreement/index.ts';
import { type Bytes, RejectedError, type Signer, toBase64Url, utf8 } from '../core/index.ts';
import { createExchangeKey, createSigningKey, createStoreKey, systemRandom, writeFileAtomic } from '../platform/index.ts';
import { policyCommitment } from '../policy/index.ts';
import { type ApplicationIdentity, TrustList } from '../server/index.ts';
import { loadAgreement } from './agreement-file.ts';
import type { ConfigErrorCode } from './config.ts';
import { agreementOf, openOnLedger, writeAgreement } from './plant-agreement.ts';
import { createIdentity, pkiFolder } from './plant-identities.ts';
import { makePlantLedger, MANUFACTURER, OWNER, type PlantLedger, type PlantLedgerOptions } from './plant-ledger.ts';
import type { PlantTerms } from './plant-terms.ts';
import type { LoadedPolicy } from './policy-source.ts';

/** Where the files of one channel of a new plant stand, and what it is made from. */
export interface ChannelPlace {
  readonly name: string;
  /** The owner's folder. */
  readonly owner: string;
  /** What of it belongs to this channel alone. */
  readonly own: string;
  readonly manufacturer: string;
  /** The schemas' folder. */
  readonly schemas: string;
  readonly policyFile: string;
  readonly policy: LoadedPolicy;
  readonly terms: PlantTerms;
  /** File for the terms as they were signed. */
  readonly termsFile: string;
  readonly ledger: PlantLedgerOptions;
  /** File of an embedded ledger. */
  readonly ledgerFile: string;
}

/** A channel of a new plant, open on its ledger. */
export interface MadeChannel {
  readonly agreement: Agreement;
  readonly channelId: string;
  readonly ledger: PlantLedger;
  readonly receiver: ApplicationIdentity;
}

/** Makes folders, keys, certificates, agreement and ledger of one channel. @param evidence the owner's evidence key */
export async function makeChannel(place: ChannelPlace, evidence: Signer, advertisedHost: string): Promise<MadeChannel> {
  const { own, manufacturer } = place;
  for (const folder of [own, manufacturer].flatMap((party) => [join(party, 'keys'), join(party, 'data')])) makeFolder(folder);
  const keys = {
    owner: { evidence, exchange: await createExchangeKey(join(own, 'keys', 'exchange.pem'), systemRandom) },
    manufacturer: {
      evidence: await createSigningKey(join(manufacturer, 'keys', 'evidence.pem'), systemRandom),
      exchange: await createExchangeKey(join(manufacturer, 'keys', 'exchange.pem'), systemRandom),
    },
  };
  await createStoreKey(join(manufacturer, 'keys', 'store.key'), systemRandom);
  const identities = await createChannelIdentities(place, advertisedHost);
  const folders = { owner: place.owner, manufacturer };
  const ledger = await makePlantLedger(folders, place.ledgerFile, place.ledger);
  const commitment = await copyPolicy(place);
  const agreement = agreementOf({ ledger, keys, identities, policy: place.policy.policy, commitment, terms: place.terms.terms });
  const files = [join(own, 'agreement.json'), join(manufacturer, 'agreement.json')] as const;
  const channelId = await writeAgreement(files, agreement, keys);
  await writeFileAtomic(place.termsFile, place.terms.text, { replace: false });
  await openOnLedger(folders, ledger, loadAgreement(files[0]), keys);
  return { agreement, channelId, ledger, receiver: identities.receiver };
}

export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * Each OPC UA application gets a certificate of its own, and trusts exactly the peer that it works with. No name in them
 * tells whether the owner has other channels.
 */
async function createChannelIdentities(
  { own, manufacturer }: ChannelPlace,
  host: string,
): Promise<{ readonly cleared: ApplicationIdentity; readonly receiver: ApplicationIdentity }> {
  const pki = { owner: join(own, 'pki'), manufacturer: join(manufacturer, 'pki') };
  const cleared = await createIdentity(pki.owner, 'cleared', OWNER, [host]);
  const receiver = await createIdentity(pki.manufacturer, 'receiver', MANUFACTURER, [host]);
  await createIdentity(pki.manufacturer, 'applications', MANUFACTURER, [host]);
  new TrustList(pkiFolder(pki.owner, 'cleared')).add(receiver.certificate);
  new TrustList(pkiFolder(pki.manufacturer, 'receiver')).add(cleared.certificate);
  new TrustList(pkiFolder(pki.manufacturer, 'applications'));
  return { cleared, receiver };
}

/**
 * Copies the mapping policy and its compute modules; the copy names the schema that stands in the plant.
 * @returns the commitment to the copy
 */
async function copyPolicy({ policy: { text, modules }, policyFile, own, schemas }: ChannelPlace): Promise<Bytes> {
  const schema = `${relative(own, schemas).split(sep).join('/')}/mapping-policy.schema.json`;
  const copy = text.replace(/"\$schema"\s*:\s*"[^"]*"/, `"$schema": "${schema}"`);
  await writeFileAtomic(join(own, 'policy.json'), copy, { replace: false });
  for (const module of modules) copyModule(dirname(policyFile), own, module);
  const nonce = systemRandom.bytes(32);
  await writeFileAtomic(join(own, 'keys', 'policy.nonce'), `${toBase64Url(nonce)}\n`, { mode: 0o600, replace: false });
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
