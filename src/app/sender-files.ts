import { RejectedError, toBase64Url } from '../core/index.ts';
import { loadAgreement, type LoadedAgreement, requireInForce } from './agreement-file.ts';
import type { ConfigErrorCode, OwnerConfig } from './config.ts';
import { requireSameLedger } from './ledger-access.ts';
import { moduleDigest } from './module-digest.ts';
import { loadKeys, type ModuleKeys, requireAgreedPolicy } from './module-keys.ts';
import { plcsOf, requireSoundPlcs } from './plc-feed.ts';
import { type LoadedPolicy, loadPolicy } from './policy-source.ts';

/** Everything of a sender that is loaded from files before anything is started. */
export interface SenderFiles {
  readonly config: OwnerConfig;
  readonly loaded: LoadedAgreement;
  readonly policy: LoadedPolicy;
  readonly keys: ModuleKeys;
  readonly digest: Uint8Array;
}

/** Loads and compares them: all must speak of the same agreement. @throws RejectedError in one sentence with file and remedy */
export async function loadSenderFiles(config: OwnerConfig, nowMs: number): Promise<SenderFiles> {
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  requireSameLedger(loaded.agreement, config.ledger, own.agreement);
  requireInForce(loaded, own.agreement, nowMs);
  const keys = await loadKeys(config, loaded.agreement.owner);
  const policy = await loadPolicy(own.policy);
  requireAgreedPolicy(loaded.agreement, own.policy, policy.text, own.policyNonce);
  requireNoRawReleases(loaded, own.agreement);
  requireKnownTags(config, policy);
  const digest = moduleDigest();
  if (toBase64Url(digest) !== loaded.agreement.module) {
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `This module's code has the digest ${toBase64Url(digest)}, but ${own.agreement} was made for ${loaded.agreement.module}. Run the agreed version, or make a new agreement.`,
    );
  }
  return { config, loaded, policy, keys, digest };
}

/** Deliveries of this version carry conditions only; an agreement that promises more must not be broken in silence. */
function requireNoRawReleases({ agreement }: LoadedAgreement, file: string): void {
  if (agreement.rawReleased.length === 0) return;
  throw new RejectedError<ConfigErrorCode>(
    'BAD_CONFIG',
    `${file} releases tags raw, which this version does not deliver. Make an agreement without raw releases.`,
  );
}

/** A misspelt tag would go without what was configured for it: values promised on the disk that are not, a node that nobody reads. */
function requireKnownTags({ ingest, channels: [{ policy: file }] }: OwnerConfig, { policy }: LoadedPolicy): void {
  requireSoundPlcs(plcsOf(ingest));
  const known = new Set(policy.tags.map(({ name }) => name));
  for (const [key, names] of [
    ['ingest.tags', Object.keys(ingest.tags ?? {})],
    ['ingest.plc.nodes', plcsOf(ingest).flatMap(({ nodes }) => Object.keys(nodes))],
  ] as const) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown === undefined) continue;
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `"${key}" of the configuration names the tag "${unknown}", which ${file} does not have. Correct its spelling, or remove it.`,
    );
  }
}
