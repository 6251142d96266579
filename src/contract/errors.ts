import type { EvidenceErrorCode } from '../evidence/index.ts';
import { type CoreErrorCode, type ErrorOptions, RejectedError } from '../core/index.ts';

/** What the contract itself refuses, each with a code of its own; docs/ledger.md says which transaction gives which. */
export type OwnContractErrorCode =
  | 'UNKNOWN_KIND'
  | 'DATED_BACK'
  | 'DATED_AHEAD'
  | 'BAD_GENESIS'
  | 'OTHER_LEDGER'
  | 'WRONG_CREATOR'
  | 'KEY_EXISTS'
  | 'KEY_NOT_LOGGED'
  | 'KEY_REVOKED'
  | 'KEY_NOT_IN_USE'
  | 'USE_NOT_LATER'
  | 'SAME_PARTY'
  | 'CHANNEL_EXISTS'
  | 'NO_CHANNEL'
  | 'UNKNOWN_AGREEMENT'
  | 'SEEDS_COMMITTED'
  | 'RECORD_EXISTS'
  | 'RECORD_GAP'
  | 'PROPOSAL_EXISTS'
  | 'NO_PROPOSAL'
  | 'OBJECTION_EXISTS'
  | 'FIRST_RECORD_CLOSES'
  | 'TOKEN_SET_EXISTS'
  | 'CLOSE_MISMATCH'
  | 'RECEIPT_BACKWARDS'
  | 'BAD_EXCEPTIONS'
  | 'NUMBER_TAKEN'
  | 'INTERVAL_TAKEN'
  | 'TOKENS_REQUIRED'
  | 'NO_TOKEN_SET'
  | 'UNCERTIFIED_TOKENS'
  | 'TOKENS_DIGEST_MISMATCH'
  | 'NOT_ANCHORED'
  | 'HEADER_MISMATCH'
  | 'RECEIPT_EXISTS'
  | 'ALREADY_RECEIPTED'
  | 'DEPOSIT_EXISTS'
  | 'DEPOSIT_TOO_EARLY'
  | 'DEPOSIT_WITHOUT_SET'
  | 'BAD_BOX_SIZE'
  | 'OVERDUE_EXISTS'
  | 'NOT_DUE'
  | 'BATCH_PRESENT'
  | 'DISPUTE_EXISTS'
  | 'PROOF_DOES_NOT_HOLD'
  | 'BAD_QUERY'
  | 'BAD_BLOCK';

/** Faults of form, signature and evidence keep the codes that core and evidence give them. */
export type ContractErrorCode =
  | OwnContractErrorCode
  | Extract<EvidenceErrorCode, 'WRONG_KEY' | 'WRONG_BOUNDS' | 'WRONG_SALT' | 'WRONG_PROFILE' | 'BROKEN_CHAIN' | 'BAD_TOKENS'>
  | Extract<CoreErrorCode, 'BAD_SHAPE' | 'BAD_ENVELOPE' | 'BAD_SIGNATURE' | 'BAD_KEY' | 'BAD_CHANNEL_PARAMS' | 'NOT_CANONICAL'>;

export function refuse(code: OwnContractErrorCode, message: string, options?: ErrorOptions): never {
  throw new RejectedError<ContractErrorCode>(code, message, options);
}
