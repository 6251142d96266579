/** Codes of errors that this folder raises, beside core's for forms, envelopes, keys and signatures. */
export type AgreementErrorCode =
  /** Owner and manufacturer share an organisation or a key. */
  | 'SAME_PARTY'
  /** A key is not a strict Ed25519 or X25519 key. */
  | 'BAD_PARTY_KEY'
  /** Streams, names, codes or texts of the catalogue do not fit together or into the channel's parameters. */
  | 'BAD_CATALOGUE'
  /** The agreement's times do not fit together. */
  | 'BAD_TERMS_TIME'
  /** The number of tags released raw does not fit into the channel's parameters, or a name stands twice. */
  | 'BAD_RAW_RELEASE'
  /** The signers are not the parties that the agreement names. */
  | 'WRONG_SIGNER'
  /** A stream number that the agreement does not have. */
  | 'UNKNOWN_STREAM';
