/** Codes of errors that platform adapters raise. */
export type PlatformErrorCode =
  /** A key file is missing, unreadable, not a key of the expected kind, or open to other users. */
  | 'BAD_KEY_FILE'
  /** A file that must not be overwritten is there already. */
  | 'FILE_EXISTS'
  /** Argon2 was given a salt or secret of another length than the port fixes. */
  | 'BAD_ARGON2_INPUT'
  /** A compute module's bytes are not those that the mapping policy names. */
  | 'COMPUTE_MODULE_DIGEST'
  /** A compute module's source does not parse. */
  | 'COMPUTE_MODULE_SYNTAX'
  /** Metrics and health may be served to this machine alone. */
  | 'NOT_LOOPBACK'
  | 'HTTP_PORT_IN_USE'
  | 'HTTP_START_FAILED'
  | 'BAD_LOG_FILE'
  /** A call of a compute module did not come to an end. */
  | 'COMPUTE_TIME_LIMIT';
