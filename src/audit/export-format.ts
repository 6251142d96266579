import * as v from 'valibot';
import { type Bytes, canonicalJson, EnvelopeShape, Hash, integer, type Json, labelledHash, toBase64Url } from '../core/index.ts';
import { ConditionOpeningShape } from '../evidence/index.ts';
import { readCanonicalFile, writeCanonicalFile } from './canonical-file.ts';
import { requireWritableSize } from './file-size.ts';
import { BLOCK_KINDS, kindOfBlocks, lastBlockHash } from './ledger-blocks.ts';

/*
 * The export: everything that an auditor needs, in one file, and nothing that the manufacturer does not know already. No
 * raw reading, no threshold and no seed is in it. docs/audit.md explains each field.
 */

export const EXPORT_FORMAT = 'dcmb-audit-export';

/** Canonical JSON that a later check reads by its own shape. */
const JsonValue = v.custom<Json>(() => true, 'JSON');

const BatchEvidenceShape = v.strictObject({
  n: integer(0),
  /** The delivery's envelope and the opening that it names: both, or neither where they are no longer there. */
  delivery: v.pipe(v.array(EnvelopeShape), v.maxLength(1)),
  conditions: v.pipe(v.array(ConditionOpeningShape), v.maxLength(1)),
  /** Hashes that lead from K_batch to the epoch's co-signed token set; empty where they are not given. */
  batchKeyProof: v.pipe(v.array(Hash), v.maxLength(64)),
  /** The receiver's countersignature, where there is one. */
  receipt: v.pipe(v.array(EnvelopeShape), v.maxLength(1)),
});
export type BatchEvidence = Readonly<v.InferOutput<typeof BatchEvidenceShape>>;

const ChannelEvidenceShape = v.strictObject({
  agreement: EnvelopeShape,
  /** Opens the channel's commitment to the agreement. */
  nonce: Hash,
  /** One entry for each batch number from 0 on, in order. */
  batches: v.array(BatchEvidenceShape),
});
export type ChannelEvidence = Readonly<v.InferOutput<typeof ChannelEvidenceShape>>;

const LedgerEvidenceShape = v.strictObject({
  kind: v.picklist(BLOCK_KINDS),
  /** All blocks from number 0 on. */
  blocks: v.pipe(v.array(JsonValue), v.minLength(1)),
});

/** What the writer put in. A file that lost a part on its way does not fit its own list. */
const ContentsShape = v.strictObject({
  blocks: integer(1),
  lastBlock: Hash,
  channels: integer(0),
  batches: integer(0),
  deliveries: integer(0),
  batchKeyProofs: integer(0),
  receipts: integer(0),
});
export type ExportContents = Readonly<v.InferOutput<typeof ContentsShape>>;

export const AuditExportShape = v.strictObject({
  format: v.literal(EXPORT_FORMAT),
  v: v.literal(0),
  ledger: LedgerEvidenceShape,
  channels: v.array(ChannelEvidenceShape),
  contents: ContentsShape,
  /** Over everything else in the file. */
  digest: Hash,
});
export type LedgerEvidence = Readonly<v.InferOutput<typeof LedgerEvidenceShape>>;
export type AuditExport = Readonly<v.InferOutput<typeof AuditExportShape>>;

/** What an export is made of. */
export interface ExportParts {
  readonly blocks: readonly Json[];
  readonly channels: readonly ChannelEvidence[];
}

/** The export's bytes: canonical JSON and a line feed. @throws RejectedError `FILE_TOO_LARGE` where nobody could read them */
export function writeExport({ blocks, channels }: ExportParts): Bytes {
  requireWritableSize([blocks, channels], 'the audit export');
  const body = {
    format: EXPORT_FORMAT,
    v: 0,
    ledger: { kind: kindOfBlocks(blocks), blocks },
    channels,
    contents: contentsOf(blocks, channels),
  } as const;
  return writeCanonicalFile({ ...body, digest: exportDigest(body) });
}

/** Counts what is there; the last block by its hash. */
export function contentsOf(blocks: readonly Json[], channels: readonly ChannelEvidence[]): ExportContents {
  const batches = channels.flatMap((channel) => channel.batches);
  return {
    blocks: blocks.length,
    lastBlock: lastBlockHash(blocks),
    channels: channels.length,
    batches: batches.length,
    deliveries: batches.reduce((sum, { delivery }) => sum + delivery.length, 0),
    batchKeyProofs: batches.filter(({ batchKeyProof }) => batchKeyProof.length > 0).length,
    receipts: batches.reduce((sum, { receipt }) => sum + receipt.length, 0),
  };
}

/** Digest over an export without its digest field, 43 characters. */
export function exportDigest(body: Omit<AuditExport, 'digest' | 'ledger' | 'channels'> & { ledger: unknown; channels: unknown }): string {
  const { format, v: version, ledger, channels, contents } = body;
  return toBase64Url(labelledHash('DCMB/0/export', canonicalJson({ format, v: version, ledger, channels, contents })));
}

/**
 * Reads an export's form. That the digest fits, and everything else, is for `verifyExport` to find.
 * @throws RejectedError `UNREADABLE_EXPORT`, naming the place; `FILE_TOO_LARGE`
 */
export function parseExport(bytes: Bytes): AuditExport {
  return readCanonicalFile(AuditExportShape, bytes, { code: 'UNREADABLE_EXPORT', what: 'an audit export' });
}
