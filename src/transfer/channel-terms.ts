import { type Bytes, type ChannelParams, epochOf, intervalAt, keyIdOf, toBase64Url } from '../core/index.ts';
import type { RawRelease } from '../evidence/index.ts';

/** What both ends of a channel know of it, from the agreement. */
export interface ChannelTerms {
  /** 32 bytes. */
  readonly channelId: Bytes;
  readonly agreementVersion: number;
  readonly params: ChannelParams;
  /** Condition codes of each stream, reserved ones included, ascending. */
  readonly codes: readonly (readonly number[])[];
  /** Commitment to the mapping policy, 32 bytes. */
  readonly policyCommitment: Bytes;
  /** Digest of the sender's module, 32 bytes. */
  readonly moduleDigest: Bytes;
  /** Raw Ed25519 public keys, 32 bytes each. */
  readonly ownerKey: Bytes;
  readonly receiverKey: Bytes;
  /** Tags whose readings are released as they are. */
  readonly rawReleased: readonly RawRelease[];
  /** Token sets are signed ahead for at least this time, and at least four epochs. */
  readonly lookAheadMs: number;
  /** Epochs for which the oldest epoch key is kept. */
  readonly disputeWindowEpochs: number;
}

/** Fewest epochs for which token sets are signed ahead. */
const LEAST_EPOCHS_AHEAD = 4;

export function epochsAhead(terms: ChannelTerms): number {
  const epochMs = terms.params.intervalMs * terms.params.epochIntervals;
  return Math.max(LEAST_EPOCHS_AHEAD, Math.ceil(terms.lookAheadMs / epochMs));
}

/** What `verifyDelivery` is to hold every delivery of the channel against. */
export function deliveryTerms(terms: ChannelTerms) {
  const { params, codes, agreementVersion: version, ownerKey, rawReleased } = terms;
  const agreement = { version, policy: toBase64Url(terms.policyCommitment), module: toBase64Url(terms.moduleDigest), rawReleased };
  return { params, channel: toBase64Url(terms.channelId), codes, agreement, ownerKey, recipientKeyId: keyIdOf(terms.receiverKey) };
}

/** False for an epoch farther ahead than anything that the other side can rightly speak of, clocks that differ included. */
export function isNear(terms: ChannelTerms, epoch: number, nowMs: number): boolean {
  return epoch <= epochOf(terms.params, intervalAt(terms.params, nowMs)) + 2 * epochsAhead(terms);
}
