import * as v from 'valibot';
import { type Bytes, EnvelopeShape, type Envelope, integer, type Json, RejectedError } from '../core/index.ts';
import { type Dispute, DISPUTE_KINDS } from '../contract/index.ts';
import { readCanonicalFile, writeCanonicalFile } from './canonical-file.ts';
import type { AuditErrorCode } from './errors.ts';
import { requireWritableSize } from './file-size.ts';

/*
 * The proof file: what one party holds against the other, in one file that anybody can check without a network and
 * without trust in who wrote it. docs/disputes.md explains each field.
 */

export const PROOF_FORMAT = 'dcmb-proof/0';

/** Accusations that rest on the order or on an absence, which only the ledger's blocks can show. */
const LateShape = v.strictObject({ kind: v.literal('late'), n: integer(0) });
const MissingShape = v.strictObject({ kind: v.literal('missing'), interval: integer(0) });
const SkippedShape = v.strictObject({ kind: v.literal('skipped'), n: integer(0) });
const UnreceiptedShape = v.strictObject({ kind: v.literal('unreceipted'), n: integer(0) });
const UnsignedShape = v.strictObject({ kind: v.literal('unsigned'), k: integer(0) });
export const LedgerClaimShape = v.variant('kind', [LateShape, MissingShape, SkippedShape, UnreceiptedShape, UnsignedShape]);
export type LedgerClaim = v.InferOutput<typeof LedgerClaimShape>;

/** The manufacturer's receipt, and what the owner signed under the same number. */
export const ReceiptClaimShape = v.strictObject({ kind: v.literal('receipt'), receipt: EnvelopeShape, signed: EnvelopeShape });
export type ReceiptClaim = v.InferOutput<typeof ReceiptClaimShape>;

export const PROOF_KINDS = [...DISPUTE_KINDS, 'receipt', 'late', 'missing', 'skipped', 'unreceipted', 'unsigned'] as const;
export type ProofKind = (typeof PROOF_KINDS)[number];

const JsonValue = v.custom<Json>(() => true, 'JSON');

const SupportShape = v.strictObject({
  /** Headers that the owner signed and the body does not carry. */
  headers: v.pipe(v.array(EnvelopeShape), v.maxLength(2)),
  /** Epoch records that both signed. */
  epochRecords: v.pipe(v.array(EnvelopeShape), v.maxLength(2)),
  /** The ledger's genesis, which names the keys that sign transactions. */
  genesis: v.pipe(v.array(JsonValue), v.maxLength(1)),
  /** Envelopes of `deposit` and `useKey` transactions. */
  transactions: v.pipe(v.array(EnvelopeShape), v.maxLength(64)),
  /** All blocks from number 0 on, for what only the ledger shows. */
  blocks: v.array(JsonValue),
});
/** What the proof rests on beside its body, each empty where it is not needed. */
export type ProofSupport = Readonly<v.InferOutput<typeof SupportShape>>;

const ProofShape = v.strictObject({
  format: v.literal(PROOF_FORMAT),
  /** Channel document, signed by both parties. */
  channel: EnvelopeShape,
  kind: v.picklist(PROOF_KINDS),
  /** Body of the dispute transaction, or the claim. */
  body: JsonValue,
  support: SupportShape,
});
export type Proof = Readonly<v.InferOutput<typeof ProofShape>>;

export interface ProofParts {
  readonly channel: Envelope;
  /** Its `kind` becomes the file's. */
  readonly body: Dispute | ReceiptClaim | LedgerClaim;
  readonly support?: Partial<ProofSupport>;
}

/** A proof file's bytes: canonical JSON and a line feed. @throws RejectedError `FILE_TOO_LARGE` where nobody could read them */
export function writeProof({ channel, body, support }: ProofParts): Bytes {
  requireWritableSize(support?.blocks ?? [], 'the proof');
  const nothing = { headers: [], epochRecords: [], genesis: [], transactions: [], blocks: [] };
  return writeCanonicalFile({ format: PROOF_FORMAT, channel, kind: body.kind, body, support: { ...nothing, ...support } });
}

/** Reads a proof's form. Whether it holds is for `verifyProof`. @throws RejectedError `UNREADABLE_PROOF`, naming the place */
export function parseProof(bytes: Bytes): Proof {
  const proof = readCanonicalFile(ProofShape, bytes, { code: 'UNREADABLE_PROOF', what: 'a proof' });
  if ((proof.body as { kind?: unknown } | null)?.kind === proof.kind) return proof;
  throw new RejectedError<AuditErrorCode>(
    'UNREADABLE_PROOF',
    'The file cannot be read as a proof: its body is of another kind than it says.',
  );
}
