import * as v from 'valibot';
import { base64Url, EnvelopeShape, Hash, integer, Int32 } from '../core/index.ts';

/*
 * The signed documents of the evidence protocol and what rides beside them: their payload types and exact forms.
 * Binary fields are base64url without padding; what may be absent is a list of zero or one entries, so that every
 * document has all its keys. docs/evidence-format.md explains each field.
 */

export const HEADER_TYPE = 'application/vnd.dcmb.header.v0+json';
export const DELIVERY_TYPE = 'application/vnd.dcmb.delivery.v0+json';
export const RECEIPT_TYPE = 'application/vnd.dcmb.receipt.v0+json';
export const EPOCH_RECORD_TYPE = 'application/vnd.dcmb.epoch-record.v0+json';
export const SEED_COMMITMENT_TYPE = 'application/vnd.dcmb.seed-commitment.v0+json';

/** A block that the signer had seen when it signed: the document is younger than that block. */
export const BlockReferenceShape = v.strictObject({ number: integer(0), hash: Hash });
export type BlockReference = Readonly<v.InferOutput<typeof BlockReferenceShape>>;

/** Signed by the owner's evidence key: one a batch. */
export const BatchHeaderShape = v.strictObject({
  v: v.literal(0),
  channel: Hash,
  /** Version of the agreement in force, from 1. */
  agreement: integer(1),
  /** Batch number, gap-free from 0 over all batches of the channel. */
  n: integer(0),
  interval: integer(0),
  /** Last interval covered: equal to `interval`, but for a MISSED batch. */
  through: integer(0),
  /** 0 at the grid point, 1..M for the calls within the interval. */
  row: integer(0, 16),
  /** Readings accepted from `fromMs` (included) to `toMs` (excluded). */
  fromMs: integer(0),
  toMs: integer(0),
  /** Hash of the previous header; for n = 0 SHA-256 of the 32 bytes of the channel id. */
  prev: Hash,
  root: Hash,
  h: Hash,
  salt: base64Url(16),
  argon2: integer(0, 1),
  /** Digest of the anchor's tokens and multiproof. */
  tokensDigest: Hash,
  /** Commitment to the mapping policy. */
  policy: Hash,
  /** SHA-256 of the module's code as its maker publishes it. */
  module: Hash,
  /** Id of the module certification, or `none`. */
  certification: v.pipe(v.string(), v.minLength(4), v.maxLength(64)),
  /** Key id of the evidence key that signs this. */
  key: Hash,
  lastBlock: BlockReferenceShape,
});
export type BatchHeader = Readonly<v.InferOutput<typeof BatchHeaderShape>>;

/** Rides in the anchor beside the header. All three are empty where no token set is on the ledger (NO_TOKENS). */
export const AnchorTokensShape = v.strictObject({
  /** One token a stream, in stream order. */
  tokens: v.pipe(v.array(Hash), v.maxLength(64)),
  /** Place of each token's leaf within its slot: one byte a token, so that the size does not depend on the places. */
  positions: base64Url(),
  /** Sibling hashes of the multiproof, in the order in which the verifier needs them. */
  path: v.pipe(v.array(Hash), v.maxLength(1024)),
});
export type AnchorTokens = Readonly<v.InferOutput<typeof AnchorTokensShape>>;

/** Signed by the owner's evidence key, for one recipient. The openings ride beside it. */
export const DeliveryShape = v.strictObject({
  v: v.literal(0),
  channel: Hash,
  n: integer(0),
  /** Hash of the header. */
  header: Hash,
  /** Key id of the receiver's key. */
  recipient: Hash,
  /** Hash of the condition opening. */
  conditions: Hash,
  /** For each tag released raw, in the agreement's order, the hash of the list of its openings. */
  raw: v.pipe(v.array(Hash), v.maxLength(64)),
});
export type Delivery = Readonly<v.InferOutput<typeof DeliveryShape>>;

/** All condition leaves under one path (subtree form). */
export const ConditionOpeningShape = v.strictObject({
  /** Siblings from the condition subtree's root up to the batch's root, lowest first. */
  top: v.pipe(v.array(Hash), v.maxLength(12)),
  /** Blinder and record of each used place, from place 0 on. */
  leaves: v.array(v.strictObject({ blinder: Hash, record: base64Url() })),
  /** The dummies that fill the subtree, highest empty nodes, from left to right. */
  dummies: v.pipe(v.array(Hash), v.maxLength(12)),
});
export type ConditionOpening = Readonly<v.InferOutput<typeof ConditionOpeningShape>>;

/** A step from a full part to the next: the opening of the continuation record (index 1) that names the full part's root. */
export const ContinuationStepShape = v.strictObject({ blinder: Hash, record: base64Url(), path: v.pipe(v.array(Hash), v.maxLength(64)) });
export type ContinuationStep = Readonly<v.InferOutput<typeof ContinuationStepShape>>;

/**
 * One record alone. It does not name its part: that number is proven by the continuation records only, so a field for it
 * could be changed unnoticed.
 */
export const RecordOpeningShape = v.strictObject({
  subtree: integer(0, 4095),
  /** Place within the part. */
  index: integer(0),
  blinder: Hash,
  record: base64Url(),
  /** Siblings from the leaf up: to the part's root, and for the last part on to the batch's root. */
  path: v.pipe(v.array(Hash), v.maxLength(64)),
  /** From this part to the last, a step each; empty for the last part. */
  via: v.array(ContinuationStepShape),
});
export type RecordOpening = Readonly<v.InferOutput<typeof RecordOpeningShape>>;

/** What `FetchDelivery` gives: everything that the receiver needs to verify a batch. */
export const DeliveryPackageShape = v.strictObject({
  /** DSSE envelope of the header. */
  header: EnvelopeShape,
  tokens: AnchorTokensShape,
  /** DSSE envelope of the delivery. */
  delivery: EnvelopeShape,
  conditions: ConditionOpeningShape,
  /** A list for each tag released raw: the opening of its manifest, then those of its readings in order. */
  raw: v.pipe(v.array(v.array(RecordOpeningShape)), v.maxLength(64)),
});
export type DeliveryPackage = Readonly<v.InferOutput<typeof DeliveryPackageShape>>;

/** Signed by the receiver's key, once the batch is verified and stored, before any action. */
export const ReceiptShape = v.strictObject({
  v: v.literal(0),
  channel: Hash,
  n: integer(0),
  header: Hash,
  /** Hash of the delivery. */
  delivery: Hash,
  lastBlock: BlockReferenceShape,
});
export type Receipt = Readonly<v.InferOutput<typeof ReceiptShape>>;

export const CumulativeReceiptShape = v.strictObject({
  /** Last batch number covered. */
  through: integer(0),
  /** Hash of that batch's header. */
  header: Hash,
  /** Rolling digest over the deliveries' hashes, see `rollDigest`. */
  digest: Hash,
  /** Batches not received, ascending. */
  exceptions: v.array(v.strictObject({ n: integer(0), reason: v.picklist(['disputed', 'expired', 'missing']) })),
});
export type CumulativeReceipt = Readonly<v.InferOutput<typeof CumulativeReceiptShape>>;

/** Signed by the owner's evidence key, then by the receiver's key. */
export const EpochRecordShape = v.strictObject({
  v: v.literal(0),
  channel: Hash,
  /** Number of this epoch record, gap-free from 0. */
  k: integer(0),
  opens: v.pipe(v.array(v.strictObject({ epoch: integer(0), agreement: integer(1), root: Hash })), v.maxLength(64)),
  /** Last header that both have. */
  close: v.pipe(v.array(v.strictObject({ n: integer(0), header: Hash })), v.maxLength(1)),
  receipt: v.pipe(v.array(CumulativeReceiptShape), v.maxLength(1)),
});
export type EpochRecord = Readonly<v.InferOutput<typeof EpochRecordShape>>;

/** Signed by the owner's evidence key alone: Merkle root over the hashes of all batch seeds of an epoch. */
export const SeedCommitmentShape = v.strictObject({ v: v.literal(0), channel: Hash, epoch: integer(0), root: Hash });
export type SeedCommitment = Readonly<v.InferOutput<typeof SeedCommitmentShape>>;

/** Records, as they stand in the leaves. `slotKey` and `key` are 32 bytes; `root` is a full part's root. */
export type EvidenceRecord =
  ConditionRecord | BatchKeyRecord | GapRecord | ValidationRecord | ManifestRecord | ReadingRecord | ContinuationRecord;

export const ConditionRecordShape = v.strictObject({
  kind: v.literal('condition'),
  n: integer(0),
  stream: integer(0, 63),
  /** Publication within the interval, from 0. */
  publication: integer(0, 59),
  code: Int32,
  slotKey: Hash,
});
export type ConditionRecord = Readonly<v.InferOutput<typeof ConditionRecordShape>>;

export const BatchKeyRecordShape = v.strictObject({ kind: v.literal('batchkey'), n: integer(0), key: Hash });
export type BatchKeyRecord = Readonly<v.InferOutput<typeof BatchKeyRecordShape>>;

export const GapRecordShape = v.strictObject({
  kind: v.literal('gap'),
  n: integer(0),
  reason: v.picklist(['none', 'dropped', 'missed', 'connection', 'storage']),
  /** Batch numbers lost, both included; 0 and 0 where the reason is `none` or concerns no batch. */
  fromBatch: integer(0),
  toBatch: integer(0),
});
export type GapRecord = Readonly<v.InferOutput<typeof GapRecordShape>>;

export const ValidationRecordShape = v.strictObject({
  kind: v.literal('validation'),
  n: integer(0),
  /** Digest of a validation run's log, or 32 zero bytes. */
  log: Hash,
});
export type ValidationRecord = Readonly<v.InferOutput<typeof ValidationRecordShape>>;

export const ManifestRecordShape = v.strictObject({
  kind: v.literal('manifest'),
  n: integer(0),
  /** The tag's name in the mapping policy. */
  tag: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  /** Number of this part, from 0; only the manifest of the last part counts. */
  part: integer(0),
  /** Sequence number of the batch's first reading of this tag (gap-free for ever, over all batches). */
  firstSeq: integer(0),
  /** Readings of this tag in the batch, up to the end of this part. */
  count: integer(0),
  /** Writes refused since the previous batch (wrong type, out of range, late, future, not finite). */
  refused: integer(0),
});
export type ManifestRecord = Readonly<v.InferOutput<typeof ManifestRecordShape>>;

export const ReadingRecordShape = v.strictObject({
  kind: v.literal('reading'),
  n: integer(0),
  seq: integer(0),
  /** Tagged OPC UA value, see `encodeUaValue`; empty text where the reading has no value. */
  value: v.string(),
  /** OPC UA StatusCode, unsigned 32 bits. */
  status: integer(0, 0xffffffff),
  sourceMs: integer(0),
  acceptedMs: integer(0),
});
export type ReadingRecord = Readonly<v.InferOutput<typeof ReadingRecordShape>>;

export const ContinuationRecordShape = v.strictObject({ kind: v.literal('continuation'), n: integer(0), part: integer(0), root: Hash });
export type ContinuationRecord = Readonly<v.InferOutput<typeof ContinuationRecordShape>>;
