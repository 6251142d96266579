/** Codes of errors that reading and writing an export raises. What verification finds is a {@link Finding}, not an error. */
export type AuditErrorCode =
  /** The bytes are not an export of a known version: cut off, not canonical JSON, or of another form. */
  'UNREADABLE_EXPORT';
