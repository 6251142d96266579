/** Codes of errors that reading and writing files for an auditor raises. What verification finds is told, not thrown. */
export type AuditErrorCode =
  /** The bytes are not an export of a known version: cut off, not canonical JSON, or of another form. */
  | 'UNREADABLE_EXPORT'
  /** The same of a proof file. */
  | 'UNREADABLE_PROOF'
  /** Larger than this program reads or writes; nothing is said about what is in it. */
  | 'FILE_TOO_LARGE';
