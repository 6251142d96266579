import { type ErrorOptions, RejectedError } from '../core/index.ts';

/** Why evidence is refused. Errors of form, encoding and signature come with core's own codes. */
export type EvidenceErrorCode =
  /** A record's bytes are not one record of a known kind in canonical form with the right padding. */
  | 'BAD_RECORD'
  /** A record does not fit into the length that it is padded to. */
  | 'RECORD_TOO_LONG'
  /** An opening has another number of hashes or leaves than its place in the tree asks for. */
  | 'BAD_OPENING'
  /** An opening does not lead to the root. */
  | 'WRONG_ROOT'
  /** A record stands at a place that belongs to another one. */
  | 'WRONG_PLACE'
  /** A record names another batch than the header. */
  | 'WRONG_BATCH'
  /** A document is of another channel, agreement version, mapping policy or module, or of another key. */
  | 'WRONG_CHANNEL'
  | 'WRONG_AGREEMENT'
  | 'WRONG_POLICY'
  | 'WRONG_MODULE'
  | 'WRONG_KEY'
  /** A document names another batch number than what stands beside it. */
  | 'WRONG_NUMBER'
  /** Interval, row and bounds do not fit the channel's grid. */
  | 'WRONG_BOUNDS'
  /** A header does not follow its predecessor. */
  | 'BROKEN_CHAIN'
  | 'WRONG_SALT'
  | 'WRONG_PROFILE'
  | 'WRONG_H'
  | 'WRONG_TOKENS_DIGEST'
  /** Tokens that must be there are absent. */
  | 'TOKENS_ABSENT'
  /** Tokens or multiproof have a wrong length, or do not lead to the token set's root. */
  | 'BAD_TOKENS'
  /** A token is not that of the condition in the record. */
  | 'TOKEN_MISMATCH'
  /** The filler tokens of a call batch are not those of its batch key. */
  | 'WRONG_FILLER'
  | 'WRONG_SLOT_KEY'
  | 'WRONG_BATCH_KEY'
  /** A condition code that the agreement's catalogue does not have for the stream. */
  | 'UNKNOWN_CODE'
  /** A call batch shows a condition, or a batch over several intervals another one than MISSED. */
  | 'WRONG_CODE'
  | 'WRONG_HEADER'
  | 'WRONG_RECIPIENT'
  /** A hash in the delivery is not that of the opening beside it. */
  | 'WRONG_OPENING'
  /** Raw openings for a tag that is not released raw, or none for one that is. */
  | 'WRONG_RAW_TAGS'
  /** Raw readings of a tag are not gap-free, not complete or not in order. */
  | 'RAW_GAP'
  /** An interval outside the epoch, a seed index outside the interval. */
  | 'OUTSIDE_EPOCH'
  /** A disclosed seed is not in the epoch's seed commitment. */
  | 'WRONG_SEED'
  /** Readings handed to a builder are not usable, or it is closed. */
  | 'BAD_INPUT'
  /** A deposit does not have the exact size, or what it holds does not fit into it. */
  | 'BAD_DEPOSIT';

export function refused(code: EvidenceErrorCode, message: string, options?: ErrorOptions): RejectedError<EvidenceErrorCode> {
  return new RejectedError(code, message, options);
}
