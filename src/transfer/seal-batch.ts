import {
  type Argon2,
  type Bytes,
  type Envelope,
  envelopeHashText,
  epochOf,
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
  type ConditionOpening,
  computeH,
  conditionOpeningHash,
  fillerTokens,
  signDelivery,
  signHeader,
  tokensDigest,
} from '../evidence/index.ts';
import type { SealedBatch } from '../store/index.ts';
import type { GapStatement } from './cache-gaps.ts';
import type { ChannelTerms } from './channel-terms.ts';
import { type CutBatch, earlierCodes, finalCodes } from './cut-batch.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import { encodeKeptReadings } from './kept-readings.ts';

export interface SealingPorts {
  readonly argon2: Argon2;
  readonly evidenceKey: Signer;
  /** Last block that this module has seen. */
  lastBlock(): BlockReference;
}

/**
 * Closes a cut batch's tree and signs header and delivery (Algorithm 1). Only the Argon2 step takes noticeable time, and
 * it runs off this thread; it takes the same time for every batch.
 */
export class BatchSealer {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #ports: SealingPorts;
  readonly #channel: string;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, ports: SealingPorts) {
    this.#terms = terms;
    this.#secrets = secrets;
    this.#ports = ports;
    this.#channel = toBase64Url(terms.channelId);
  }

  /**
   * @param prev hash of the previous header, base64url
   * @param gap what the batch's gap record says
   */
  async seal(cut: CutBatch, prev: string, publishAtMs: number, gap: GapStatement): Promise<SealedBatch> {
    const { interval, n, seed } = cut.open;
    const batchKey = this.#secrets.keysAt(interval).batchKey(interval, cut.row);
    const closed = this.#closeTree(cut, batchKey, gap);
    const tokens = await this.#tokensOf(cut, batchKey);
    const h = await this.#hashOf(cut, batchKey);
    const header = await signHeader(
      this.#header(cut, prev, { root: closed.root, h, tokensDigest: tokensDigest(tokens) }),
      this.#ports.evidenceKey,
    );
    const headerHash = envelopeHashText(header);
    const delivery = await this.#deliveryOf(n, headerHash, closed.conditions);
    return {
      n,
      interval,
      through: cut.through,
      row: cut.row,
      headerHash,
      header,
      deliveryHash: envelopeHashText(delivery),
      deliveryPackage: { header, tokens, delivery, conditions: closed.conditions, raw: [] } as unknown as Json,
      seed,
      payload: payloadOf(cut),
      codes: finalCodes(cut),
      ...(cut.row === 0 && cut.through === interval ? { within: earlierCodes(cut) } : {}),
      publishAtMs,
      drops: gap.reason === 'dropped' ? gap : undefined,
    };
  }

  #closeTree(cut: CutBatch, batchKey: Bytes, gap: GapStatement): ClosedBatch {
    return cut.open.builder.close({
      conditions: cut.codes,
      slotKeys: this.#secrets.keysAt(cut.open.interval).slotKeys(cut.open.interval, cut.row),
      batchKey,
      gap,
      refused: cut.open.refused,
    });
  }

  async #tokensOf(cut: CutBatch, batchKey: Bytes): Promise<AnchorTokens> {
    if (cut.row > 0) return fillerTokens(this.#terms.params, batchKey);
    const { interval } = cut.open;
    const epoch = epochOf(this.#terms.params, interval);
    const set = await this.#secrets.tokenSet(epoch);
    this.#secrets.buildAhead(epoch + 1);
    return set.anchorTokens(interval, finalCodes(cut));
  }

  #hashOf(cut: CutBatch, batchKey: Bytes): Promise<Bytes> {
    const { n, interval } = cut.open;
    const tuple = { channel: this.#channel, n, interval, codes: finalCodes(cut) };
    return computeH(this.#ports.argon2, tuple, batchSalt(this.#channel, n), batchKey, this.#terms.params.argon2Profile);
  }

  #deliveryOf(n: number, header: string, conditions: ConditionOpening): Promise<Envelope> {
    const recipient = keyIdOf(this.#terms.receiverKey);
    const hash = toBase64Url(conditionOpeningHash(conditions));
    return signDelivery({ v: 0, channel: this.#channel, n, header, recipient, conditions: hash, raw: [] }, this.#ports.evidenceKey);
  }

  #header(cut: CutBatch, prev: string, hashes: Readonly<Record<'root' | 'h' | 'tokensDigest', Bytes>>): BatchHeader {
    const { n, interval, fromMs } = cut.open;
    const terms = this.#terms;
    return {
      v: 0,
      channel: this.#channel,
      agreement: terms.agreementVersion,
      n,
      interval,
      through: cut.through,
      row: cut.row,
      fromMs,
      toMs: cut.toMs,
      prev,
      root: toBase64Url(hashes.root),
      h: toBase64Url(hashes.h),
      salt: toBase64Url(batchSalt(this.#channel, n)),
      argon2: terms.params.argon2Profile,
      tokensDigest: toBase64Url(hashes.tokensDigest),
      policy: toBase64Url(terms.policyCommitment),
      module: toBase64Url(terms.moduleDigest),
      certification: 'none',
      key: this.#ports.evidenceKey.keyId,
      lastBlock: this.#ports.lastBlock(),
    };
  }
}

/** What a later disclosure needs besides the seed. */
function payloadOf({ open: { n, firstSequences, refused, readings } }: CutBatch): string {
  return JSON.stringify({ firstSequences, refused, kept: encodeKeptReadings(n, readings) });
}
