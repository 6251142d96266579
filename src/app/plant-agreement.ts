import { type Agreement, agreementCommitment, type AgreementTerms, draftAgreement, signAgreement } from '../agreement/index.ts';
import { channelIdOf, signChannelDocument } from '../contract/index.ts';
import { type Bytes, fromBase64Url, type Signer, toBase64Url } from '../core/index.ts';
import { type ExchangeKey, systemRandom, writeFileAtomic } from '../platform/index.ts';
import type { MappingPolicy } from '../policy/index.ts';
import type { ApplicationIdentity } from '../server/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import { openChannelOnLedger, openOwnLedger, registerOwnKey } from './ledger-access.ts';
import { moduleDigest } from './module-digest.ts';
import { ledgerOfSide, type PlantFolders, type PlantLedger } from './plant-ledger.ts';

/** A Fabric network that has just begun may need most of a minute until its peers know each other. */
const OPEN_WITHIN_MS = 90_000;

export interface PartyKeys {
  readonly evidence: Signer;
  readonly exchange: ExchangeKey;
}

export interface BothKeys {
  readonly owner: PartyKeys;
  readonly manufacturer: PartyKeys;
}

export interface AgreementParts {
  readonly ledger: PlantLedger;
  readonly keys: BothKeys;
  readonly identities: { readonly cleared: ApplicationIdentity; readonly receiver: ApplicationIdentity };
  readonly policy: MappingPolicy;
  /** Commitment to the policy's file. */
  readonly commitment: Bytes;
  readonly terms: AgreementTerms;
}

/** Version 1 of a new plant's agreement. @throws RejectedError where terms and mapping policy do not fit together */
export function agreementOf({ ledger, keys, identities, policy, commitment, terms }: AgreementParts): Agreement {
  const party = (org: string, name: string, own: PartyKeys, application: ApplicationIdentity): Agreement['owner'] => ({
    org,
    name,
    evidenceKey: toBase64Url(own.evidence.publicKey),
    exchangeKey: toBase64Url(own.exchange.publicKey),
    applicationUri: application.applicationUri,
  });
  return draftAgreement(terms, {
    version: 1,
    ledger: ledger.id,
    owner: party(ledger.owner.organisation, 'Owner of the machine', keys.owner, identities.cleared),
    manufacturer: party(ledger.manufacturer.organisation, 'Manufacturer of the machine', keys.manufacturer, identities.receiver),
    streams: policy.streams.map(({ name, title, conditions }) => ({ name, title, conditions: [...conditions] })),
    tagCount: policy.tags.length,
    policyCommitment: toBase64Url(commitment),
    module: toBase64Url(moduleDigest()),
  });
}

/** Signs the agreement and writes it into the files of both sides. @returns the channel's id */
export async function writeAgreement(files: readonly string[], agreement: Agreement, keys: BothKeys): Promise<string> {
  const envelope = await signAgreement(agreement, keys.owner.evidence, keys.manufacturer.evidence);
  const nonce = systemRandom.bytes(32);
  const commitment = toBase64Url(agreementCommitment(nonce, envelope));
  const { owner, manufacturer, params, ledger } = agreement;
  const document = {
    v: 0 as const,
    ledger,
    commitment,
    params,
    owner: { org: owner.org, key: owner.evidenceKey },
    manufacturer: { org: manufacturer.org, key: manufacturer.evidenceKey },
  };
  const channel = await signChannelDocument(document, keys.owner.evidence, keys.manufacturer.evidence);
  const text = `${JSON.stringify({ agreement: envelope, nonce: toBase64Url(nonce), channel }, undefined, 2)}\n`;
  for (const file of files) await writeFileAtomic(file, text, { mode: 0o600, replace: false });
  return channelIdOf(ledger, commitment);
}

/**
 * Both parties' keys are at hand here, so the channel can be opened at once; modules that find it open go on from there.
 * @param folders of both sides, to which the ledger's paths are relative
 */
export async function openOnLedger(folders: PlantFolders, place: PlantLedger, loaded: LoadedAgreement, keys: BothKeys): Promise<void> {
  const { agreement, terms, file } = loaded;
  const signal = AbortSignal.timeout(OPEN_WITHIN_MS);
  for (const side of ['owner', 'manufacturer'] as const) {
    const ledger = await openOwnLedger(ledgerOfSide(folders[side], place[side]));
    try {
      await registerOwnKey(ledger, keys[side].evidence, fromBase64Url(agreement.module), signal);
      await openChannelOnLedger(ledger, agreement, toBase64Url(terms.channelId), file.channel, signal);
    } finally {
      await ledger.close();
    }
  }
}
