import {
  type Bytes,
  type ChannelParams,
  ed25519Signer,
  type Envelope,
  intervalEnd,
  intervalStart,
  labelledHash,
  parseChannelParams,
  RESERVED_CODES,
  type Signer,
  toBase64Url,
  u32,
  utf8,
} from '../../src/core/index.ts';
import {
  type AcceptedReading,
  BatchBuilder,
  type BatchContent,
  type BatchHeader,
  BatchOpener,
  batchSalt,
  type ClosedBatch,
  computeH,
  conditionOpeningHash,
  type DeliveryCheck,
  EpochKeys,
  fillerTokens,
  firstPrev,
  NO_TOKENS,
  openHeader,
  rawOpeningHash,
  type ReadingRecord,
  signDelivery,
  signHeader,
  statementFor,
  type TagSpec,
  tokensDigest,
  TokenSet,
} from '../../src/evidence/index.ts';
import { encodeUaValue } from '../../src/core/index.ts';
import { systemArgon2 as argon2 } from '../../src/platform/argon2.ts';

/** Bytes that look random and are the same in every run. */
export function bytesOf(name: string): Bytes {
  return labelledHash('DCMB/0/test', utf8(name));
}

export function testParams(changes: Partial<ChannelParams> = {}): ChannelParams {
  return parseChannelParams({
    streams: 3,
    codesPerSlot: 8,
    epochIntervals: 4,
    intervalMs: 1000,
    originMs: 1_700_000_000_000,
    publications: 1,
    callsPerInterval: 1,
    callGridMs: 100,
    publishDelayMs: 50,
    anchorWithinMs: 10_000,
    receiptWithinMs: 10_000,
    depositAfter: 2,
    unreceiptedLimit: 10,
    conditionDepth: 3,
    topDepth: 3,
    argon2Profile: 0,
    ...changes,
  });
}

export const owner: Signer = ed25519Signer(bytesOf('owner'));
export const receiver: Signer = ed25519Signer(bytesOf('receiver'));
export const channel = toBase64Url(bytesOf('channel'));
export const POLICY = toBase64Url(bytesOf('policy'));
export const MODULE = toBase64Url(bytesOf('module'));
export const CODES = [0, 1, 2];

export function epochKeys(params: ChannelParams, name = 'channel key'): EpochKeys {
  return EpochKeys.first(bytesOf(name), params);
}

export function reading(value: number, at = 1_700_000_000_123): AcceptedReading {
  return { value: { type: 'Double', value }, status: 0, sourceMs: at, acceptedMs: at + 1 };
}

export function readingRecord(n: number, seq: number, accepted: AcceptedReading): ReadingRecord {
  const value = accepted.value === undefined ? '' : encodeUaValue(accepted.value);
  return { kind: 'reading', n, seq, value, status: accepted.status, sourceMs: accepted.sourceMs, acceptedMs: accepted.acceptedMs };
}

export interface BatchInput {
  readonly params?: ChannelParams;
  readonly n?: number;
  readonly interval?: number;
  readonly through?: number;
  readonly row?: number;
  readonly tags?: readonly TagSpec[];
  readonly readings?: readonly (readonly AcceptedReading[])[];
  /** By stream, the same for all publications. */
  readonly codes?: readonly number[];
  readonly seed?: Bytes;
  readonly keys?: EpochKeys;
  readonly withTokens?: boolean;
  /** Indices of tags released raw. */
  readonly rawTags?: readonly number[];
  readonly header?: Partial<BatchHeader>;
}

export interface TestBatch {
  readonly check: DeliveryCheck;
  readonly closed: ClosedBatch;
  readonly content: BatchContent;
  readonly opener: BatchOpener;
  readonly header: BatchHeader;
  readonly tokenSet: TokenSet;
}

/** One whole batch, as a sender makes it, with what its receiver needs to check it. */
export async function makeBatch(input: BatchInput = {}): Promise<TestBatch> {
  const params = input.params ?? testParams();
  const { n = 0, interval = 0, row = 0, rawTags = [] } = input;
  const tags = input.tags ?? [
    { name: 'count', depth: 4, firstSeq: 7 },
    { name: 'speed', depth: 4, firstSeq: 0, rawPad: 320 },
  ];
  const readings = input.readings ?? tags.map(() => []);
  const codes = input.codes ?? Array.from({ length: params.streams }, () => (row === 0 ? 1 : RESERVED_CODES.NONE));
  const keys = input.keys ?? epochKeys(params);
  const seed = input.seed ?? bytesOf(`seed ${n}`);
  const batchKey = keys.batchKey(interval, row);
  const conditions = codes.map((code) => Array.from({ length: params.publications }, () => code));
  const closing = { conditions, slotKeys: keys.slotKeys(interval, row), batchKey };

  const builder = new BatchBuilder({ params, seed, n, tags });
  readings.forEach((list, tag) => list.forEach((accepted) => builder.accept(tag, accepted)));
  const closed = builder.close({ ...closing, refused: tags.map(() => 0) });

  const content: BatchContent = {
    params,
    seed,
    n,
    statement: statementFor(params, n, closing),
    tags: tags.map((tag, t) => ({
      ...tag,
      refused: 0,
      readings: (readings[t] ?? []).map((accepted, i) => readingRecord(n, tag.firstSeq + i, accepted)),
    })),
  };
  const opener = new BatchOpener(content);
  const tokenSet = TokenSet.build(params, keys, () => CODES);
  const signedTokens = row === 0 ? tokenSet.anchorTokens(interval, codes) : fillerTokens(params, batchKey);
  const tokens = input.withTokens === false ? NO_TOKENS : signedTokens;
  const salt = batchSalt(channel, n);
  const through = input.through ?? interval;
  const header: BatchHeader = {
    v: 0,
    channel,
    agreement: 1,
    n,
    interval,
    through,
    row,
    fromMs: intervalStart(params, interval),
    toMs: row === 0 ? intervalEnd(params, through) : intervalStart(params, interval) + params.callGridMs,
    prev: n === 0 ? firstPrev(channel) : toBase64Url(bytesOf('some header')),
    root: toBase64Url(closed.root),
    h: toBase64Url(await computeH(argon2, { channel, n, interval, codes }, salt, batchKey, params.argon2Profile)),
    salt: toBase64Url(salt),
    argon2: params.argon2Profile,
    tokensDigest: toBase64Url(tokensDigest(signedTokens)),
    policy: POLICY,
    module: MODULE,
    certification: 'none',
    key: owner.keyId,
    lastBlock: { number: 1, hash: toBase64Url(bytesOf('block')) },
    ...input.header,
  };
  const headerEnvelope = await signHeader(header, owner);
  const raw = rawTags.map((tag) => opener.raw(tag));
  const delivery = await deliveryFor(
    headerEnvelope,
    n,
    closed,
    raw.map((openings) => toBase64Url(rawOpeningHash(openings))),
  );
  const check: DeliveryCheck = {
    params,
    channel,
    codes: Array.from({ length: params.streams }, () => CODES),
    agreement: {
      version: 1,
      policy: POLICY,
      module: MODULE,
      rawReleased: rawTags.map((tag) => ({ name: tags[tag]!.name, maxRecordBytes: tags[tag]!.rawPad! })),
    },
    epochKeys: keys,
    argon2,
    package: { header: headerEnvelope, tokens, delivery, conditions: closed.conditions, raw },
    ownerKey: owner.publicKey,
    recipientKeyId: receiver.keyId,
    previous: undefined,
    tokenRoot: tokens.tokens.length === 0 ? undefined : tokenSet.root,
  };
  return { check, closed, content, opener, header, tokenSet };
}

export function deliveryFor(header: Envelope, n: number, closed: ClosedBatch, raw: readonly string[]): Promise<Envelope> {
  return signDelivery(
    {
      v: 0,
      channel,
      n,
      header: toBase64Url(openHeader(header, owner.publicKey).hash),
      recipient: receiver.keyId,
      conditions: toBase64Url(conditionOpeningHash(closed.conditions)),
      raw: [...raw],
    },
    owner,
  );
}

export function seedOf(index: number): Bytes {
  return labelledHash('DCMB/0/test-seed', u32(index));
}
