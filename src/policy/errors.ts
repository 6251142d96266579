/** Codes of errors that this folder raises. A file that its schema refuses has core's `BAD_FILE`. */
export type PolicyErrorCode =
  /** A value that the stream can have gives no condition. */
  | 'POLICY_HOLE'
  /** A value gives two conditions. */
  | 'POLICY_OVERLAP'
  /** A condition, range or listed value that nothing can ever give. */
  | 'POLICY_UNREACHABLE'
  /** Parts of the policy do not fit together: an unknown name, a double one, an aggregation that the type does not have. */
  | 'POLICY_INCONSISTENT'
  /** A compute step names an ES module that was not supplied, or one of another digest. */
  | 'COMPUTE_MODULE_MISSING'
  /** The source of a compute module has a form that is not allowed. */
  | 'COMPUTE_MODULE_FORM'
  /** A reading of a tag that the policy does not have. */
  | 'UNKNOWN_TAG'
  /** A stream number that the policy does not have. */
  | 'UNKNOWN_STREAM'
  /** A snapshot that is damaged or belongs to another policy. */
  | 'BAD_SNAPSHOT';
