import { hasCode, RejectedError, toBase64Url } from '../core/index.ts';
import type { PolicyTag } from '../policy/index.ts';
import { loadAgreement, type LoadedAgreement, requireInForce } from './agreement-file.ts';
import { channelView, type ChannelView } from './channel-view.ts';
import type { ConfigErrorCode, OwnerConfig } from './config.ts';
import { requireSameLedger } from './ledger-access.ts';
import { nodeNameOf } from './ingest-tags.ts';
import { moduleDigest } from './module-digest.ts';
import { loadKeys, type ModuleKeys, requireAgreedPolicy } from './module-keys.ts';
import { plcsOf, requireSoundPlcs } from './plc-feed.ts';
import { type LoadedPolicy, loadPolicy } from './policy-source.ts';
import { type TagsOfChannel, unionOfTags } from './tag-union.ts';

/** Everything of one channel that is loaded from files before anything is started. */
export interface SenderFiles {
  readonly config: ChannelView;
  readonly loaded: LoadedAgreement;
  readonly policy: LoadedPolicy;
  readonly keys: ModuleKeys;
  readonly digest: Uint8Array;
}

/** The same of the whole module. */
export interface OwnerFiles {
  readonly config: OwnerConfig;
  /** Channels whose agreement is in force. */
  readonly channels: readonly [SenderFiles, ...SenderFiles[]];
  /** Why others, by name, are left out. */
  readonly left: ReadonlyMap<string, RejectedError<string>>;
  /** Tags of all channels, each once: also of those that are left out, for who writes them must not fail now. */
  readonly tags: readonly PolicyTag[];
}

/**
 * Loads and compares them. A channel whose agreement is not in force is left out where there are others.
 * @throws RejectedError in one sentence with file and remedy
 */
export async function loadOwnerFiles(config: OwnerConfig, nowMs: number): Promise<OwnerFiles> {
  const channels: SenderFiles[] = [];
  const left = new Map<string, RejectedError<string>>();
  const tags: TagsOfChannel[] = [];
  for (const own of config.channels) {
    try {
      channels.push(await loadSenderFiles(channelView(config, own), nowMs));
    } catch (error) {
      if (!isNotInForce(error)) throw error;
      left.set(own.name, error);
    }
    const { policy } = channels.find((each) => each.config.channels[0] === own)?.policy ?? (await loadPolicy(own.policy));
    tags.push({ channel: own.name, file: own.policy, tags: policy.tags });
  }
  const [first, ...others] = channels;
  if (first === undefined) throw [...left.values()][0] ?? new RangeError('There is no channel.');
  const files = { config, channels: [first, ...others] as const, left, tags: unionOfTags(tags) };
  requireSoundPlcs(plcsOf(config.ingest));
  requireKnownTags(files);
  return files;
}

/** Loads what one channel needs: all must speak of the same agreement. @throws RejectedError in one sentence with file and remedy */
async function loadSenderFiles(config: ChannelView, nowMs: number): Promise<SenderFiles> {
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  requireSameLedger(loaded.agreement, config.ledger, own.agreement);
  requireInForce(loaded, own.agreement, nowMs);
  const keys = await loadKeys(config, loaded.agreement.owner);
  const policy = await loadPolicy(own.policy);
  requireAgreedPolicy(loaded.agreement, own.policy, policy.text, own.policyNonce);
  requireNoRawReleases(loaded, own.agreement);
  const digest = moduleDigest();
  if (toBase64Url(digest) !== loaded.agreement.module) {
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `This module's code has the digest ${toBase64Url(digest)}, but ${own.agreement} was made for ${loaded.agreement.module}. Run the agreed version, or make a new agreement.`,
    );
  }
  return { config, loaded, policy, keys, digest };
}

function isNotInForce(error: unknown): error is RejectedError<string> {
  return error instanceof RejectedError && hasCode(error, 'AGREEMENT_NOT_IN_FORCE');
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
function requireKnownTags({ config: { ingest, channels }, tags }: OwnerFiles): void {
  const who = channels.length === 1 ? `${channels[0].policy} does not have` : 'no mapping policy of its channels has';
  for (const [key, names, known] of [
    ['ingest.tags', Object.keys(ingest.tags ?? {}), new Set(tags.map(nodeNameOf))],
    ['ingest.plc.nodes', plcsOf(ingest).flatMap(({ nodes }) => Object.keys(nodes)), new Set(tags.map(({ name }) => name))],
  ] as const) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown === undefined) continue;
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `"${key}" of the configuration names the tag "${unknown}", which ${who}. Correct its spelling, or remove it.`,
    );
  }
}
