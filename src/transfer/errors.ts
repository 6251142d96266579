/** Codes of errors that transfer itself raises, and of the findings that follow from them. */
export type TransferErrorCode =
  | 'TOO_MANY_CALLS'
  | 'NO_SUCH_TAG'
  | 'SEALING_FAILED'
  /** The journal contradicts the store, or itself. */
  | 'JOURNAL_DAMAGED'
  /** The cache is at its limit, and nothing may be given up. */
  | 'CACHE_FULL'
  | 'BAD_RECEIPT'
  | 'BAD_EPOCH_RECORD'
  | 'ANCHOR_MISMATCH'
  | 'WRONG_NUMBER'
  | 'TOO_FAR_AHEAD'
  | 'BLOCK_NOT_SEEN'
  /** A batch names a block that the own view of the ledger does not have yet. */
  | 'BLOCK_AHEAD'
  | 'STOPPED';
