import * as v from 'valibot';
import { ChannelParamsShape, Hash, integer } from '../core/index.ts';

/** Payload type of the signed agreement. */
export const AGREEMENT_TYPE = 'application/vnd.dcmb.agreement.v0+json';

/** Text that people read: no control characters, 1 to `most` UTF-16 code units. */
function text(most: number) {
  return v.pipe(v.string(), v.minLength(1), v.maxLength(most), v.regex(/^[^\u0000-\u001f\u007f]*$/));
}

const LocalizedTextShape = v.strictObject({ en: text(200), de: text(200) });

/** One side of an agreement. */
export const PartyShape = v.strictObject({
  /** Organisation id on the ledger. */
  org: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
  /** Name for people. */
  name: text(200),
  /** Raw Ed25519 public key that signs this agreement; the owner's also signs the headers. */
  evidenceKey: Hash,
  /** Raw X25519 public key, made for this agreement alone; the channel key comes from both sides'. */
  exchangeKey: Hash,
  /** ApplicationUri of the side's OPC UA application, as in its certificate. */
  applicationUri: text(1024),
});
export type Party = Readonly<v.InferOutput<typeof PartyShape>>;

export const AgreedConditionShape = v.strictObject({
  /** 0 or more; the negative codes are reserved. */
  code: integer(0, 0x7fffffff),
  text: LocalizedTextShape,
  importance: integer(1, 1000),
});
export type AgreedCondition = Readonly<v.InferOutput<typeof AgreedConditionShape>>;

export const AgreedStreamShape = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)),
  title: LocalizedTextShape,
  conditions: v.pipe(v.array(AgreedConditionShape), v.minLength(1), v.maxLength(253)),
});
export type AgreedStream = Readonly<v.InferOutput<typeof AgreedStreamShape>>;

export const RawReleaseShape = v.strictObject({
  /** The tag's name. */
  name: text(256),
  /** Length to which every reading record of the tag is padded, bytes. */
  maxRecordBytes: integer(192, 65_536),
  /** Most readings of the tag a batch that go into a delivery. */
  maxReadings: integer(1, 100_000),
});
export type RawRelease = Readonly<v.InferOutput<typeof RawReleaseShape>>;

/**
 * What owner and manufacturer agree on, signed by both. The catalogue of streams and conditions is what the
 * manufacturer may know of the machine: it names no tag and no threshold.
 */
export const AgreementShape = v.strictObject({
  v: v.literal(0),
  /** Version of the agreement within its channel, from 1. */
  version: integer(1),
  /** Ledger id. */
  ledger: Hash,
  owner: PartyShape,
  manufacturer: PartyShape,
  /** What the manufacturer may use the conditions for. */
  purpose: text(2000),
  params: ChannelParamsShape,
  streams: v.pipe(v.array(AgreedStreamShape), v.minLength(1), v.maxLength(64)),
  /** Commitment to the mapping policy. */
  policyCommitment: Hash,
  /** Tags whose readings the owner releases as they are, in tag order. */
  rawReleased: v.pipe(v.array(RawReleaseShape), v.maxLength(64)),
  /** SHA-256 of the module's code as its maker publishes it. */
  module: Hash,
  /** Epochs after a batch's own during which it can be disputed. */
  disputeWindowEpochs: integer(1, 1_000_000),
  /** How far ahead token sets are signed, ms; at least four epochs. */
  lookAheadMs: integer(1),
  /** How long the owner keeps seeds and readings to open, days. */
  retentionDays: integer(1, 36_500),
  /** First instant at which the agreement holds, ms since 1970 UTC. */
  notBeforeMs: integer(0),
  /** First instant at which it no longer does. */
  notAfterMs: integer(0),
});
export type Agreement = Readonly<v.InferOutput<typeof AgreementShape>>;
