export type StoreErrorCode =
  /** The file was made for another channel or side, or by something else. */
  | 'OTHER_STORE'
  /** The file can't be opened as a store: path or rights. */
  | 'STORE_UNREADABLE'
  /** Another version of this program made it, in a form that this one does not know. */
  | 'STORE_VERSION'
  /** The store key is not the one that the file was encrypted with. */
  | 'STORE_KEY_WRONG'
  | 'STORE_BUSY'
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  /** The disk gave an error. */
  | 'STORE_FAILED'
  /** A malformed page, changed bytes, or content of another form. */
  | 'STORE_DAMAGED'
  /** What is stored contradicts what is to be stored. */
  | 'STORE_CONFLICT'
  /** A restored copy, or one that was moved away: it signs nothing more. */
  | 'STORE_RETIRED'
  | 'NO_SUCH_BATCH';
