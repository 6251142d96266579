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
export type { Check, Finding, FindingCode, Party } from './findings.ts';
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
