import {
  type Argon2,
  type Bytes,
  encodeUaValue,
  envelopeHash,
  type Json,
  keyIdOf,
  type Signer,
  toBase64Url,
} from '../core/index.ts';
import {
  type AnchorTokens,
  type BatchHeader,
  batchSalt,
  type BlockReference,
  type ClosedBatch,
  computeH,
  conditionOpeningHash,
  type EpochKeys,
  fillerTokens,
  signDelivery,
  signHeader,
  tokensDigest,
} from '../evidence/index.ts';
import type { SealedBatch } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import { type CutBatch, finalCodes } from './cut-batch.ts';
import type { EpochSecrets } from './epoch-secrets.ts';

export interface SealingPorts {
  readonly argon2: Argon2;
  readonly evidenceKey: Signer;
  /** Last block that this module has seen. */
  lastBlock(): BlockReference;
}

/**
 * Closes a cut batch's tree and signs header and delivery (Algorithm 1). Only the Argon2 step takes noticeable time, and
 * it runs off this thread; it takes the same time for every batch.
 * @param prev hash of the previous header, base64url
 */
export async function sealBatch(
  terms: ChannelTerms,
  secrets: EpochSecrets,
  ports: SealingPorts,
  cut: CutBatch,
  prev: string,
  publishAtMs: number,
): Promise<SealedBatch> {
  const keys = secrets.keysAt(cut.open.interval);
  const batchKey = keys.batchKey(cut.open.interval, cut.row);
  const closed = closeTree(keys, cut, batchKey);
  const tokens = tokensOf(terms, secrets, cut, batchKey);
  const header = await signHeader(await headerOf(terms, ports, cut, prev, batchKey, closed, tokens), ports.evidenceKey);
  const headerHash = toBase64Url(envelopeHash(header));
  const delivery = await signDelivery(
    {
      v: 0,
      channel: toBase64Url(terms.channelId),
      n: cut.open.n,
      header: headerHash,
      recipient: keyIdOf(terms.receiverKey),
      conditions: toBase64Url(conditionOpeningHash(closed.conditions)),
      raw: [],
    },
    ports.evidenceKey,
  );
  return {
    n: cut.open.n,
    interval: cut.open.interval,
    through: cut.through,
    row: cut.row,
    headerHash,
    header,
    deliveryHash: toBase64Url(envelopeHash(delivery)),
    deliveryPackage: { header, tokens, delivery, conditions: closed.conditions, raw: [] } as unknown as Json,
    seed: cut.open.seed,
    payload: payloadOf(cut),
    codes: finalCodes(cut),
    publishAtMs,
  };
}

/** What a later disclosure needs besides the seed. */
function payloadOf({ open: { firstSequences, refused, readings } }: CutBatch): string {
  const texts = readings.map((ofTag) =>
    ofTag.map(({ value, status, sourceMs, acceptedMs }) => [value === undefined ? '' : encodeUaValue(value), status, sourceMs, acceptedMs]),
  );
  return JSON.stringify({ firstSequences, refused, readings: texts });
}

function closeTree(keys: EpochKeys, cut: CutBatch, batchKey: Bytes): ClosedBatch {
  return cut.open.builder.close({
    conditions: cut.codes,
    slotKeys: keys.slotKeys(cut.open.interval, cut.row),
    batchKey,
    gap: { reason: cut.gap, fromBatch: 0, toBatch: 0 },
    refused: cut.open.refused,
  });
}

function tokensOf(terms: ChannelTerms, secrets: EpochSecrets, cut: CutBatch, batchKey: Bytes): AnchorTokens {
  if (cut.row > 0) return fillerTokens(terms.params, batchKey);
  const epoch = secrets.keysAt(cut.open.interval).epoch;
  return secrets.tokenSet(epoch).anchorTokens(cut.open.interval, finalCodes(cut));
}

async function headerOf(
  terms: ChannelTerms,
  ports: SealingPorts,
  cut: CutBatch,
  prev: string,
  batchKey: Bytes,
  closed: ClosedBatch,
  tokens: AnchorTokens,
): Promise<BatchHeader> {
  const { n, interval, fromMs } = cut.open;
  const { argon2Profile } = terms.params;
  const channel = toBase64Url(terms.channelId);
  const salt = batchSalt(channel, n);
  const tuple = { channel, n, interval, codes: finalCodes(cut) };
  const h = await computeH(ports.argon2, tuple, salt, batchKey, argon2Profile);
  return {
    v: 0,
    channel,
    agreement: terms.agreementVersion,
    n,
    interval,
    through: cut.through,
    row: cut.row,
    fromMs,
    toMs: cut.toMs,
    prev,
    root: toBase64Url(closed.root),
    h: toBase64Url(h),
    salt: toBase64Url(salt),
    argon2: argon2Profile,
    tokensDigest: toBase64Url(tokensDigest(tokens)),
    policy: toBase64Url(terms.policyCommitment),
    module: toBase64Url(terms.moduleDigest),
    certification: 'none',
    key: ports.evidenceKey.keyId,
    lastBlock: ports.lastBlock(),
  };
}
