export type { AuditErrorCode } from './errors.ts';
export {
  type AuditExport,
  type BatchEvidence,
  type ChannelEvidence,
  EXPORT_FORMAT,
  type ExportContents,
  type ExportParts,
  parseExport,
  writeExport,
} from './export-format.ts';
export { MOST_FILE_BYTES, requireReadableSize } from './file-size.ts';
export type { Check, Finding, FindingCode, Party } from './findings.ts';
export {
  type LedgerClaim,
  parseProof,
  type Proof,
  PROOF_FORMAT,
  PROOF_KINDS,
  type ProofKind,
  type ProofParts,
  type ProofSupport,
  type ReceiptClaim,
  writeProof,
} from './proof-format.ts';
export { type Conviction, formatProofReport, type ProofReport } from './proof-report.ts';
export { type ProofOptions, verifyProof } from './verify-proof.ts';
export {
  type AuditReport,
  type BatchReport,
  type ChannelReport,
  formatReport,
  type LedgerKind,
  type LedgerReport,
  type StreamCount,
  type Voucher,
} from './report.ts';
export type { Acknowledgement, Verdict, VerdictMark } from './verdict.ts';
export { withoutUnanchored } from './unanchored.ts';
export { type AuditOptions, verifyExport } from './verify-export.ts';
