/** Codes of errors that a cleared server raises towards the module. */
export type ClearedErrorCode =
  | 'CLEARED_PORT_IN_USE'
  | 'CLEARED_START_FAILED'
  | 'CLEARED_STOPPED'
  /** A publication names a stream or condition code outside the agreement. */
  | 'UNKNOWN_CONDITION'
  | 'BAD_METHOD_ARGUMENT'
  /** Too many history reads are open. */
  | 'HISTORY_BUSY'
  /** The module has not answered a history read yet. */
  | 'HISTORY_TIMEOUT';
