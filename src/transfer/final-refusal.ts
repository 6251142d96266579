import type { ContractErrorCode } from '../contract/index.ts';
import { isRefusal } from './persistent-submission.ts';

/**
 * What the contract says of an anchor and will say again however often it is asked, but for a number or interval that is
 * taken: by whom has to be asked first. A ledger that is damaged, closed or of another network decides nothing.
 */
const FINAL: readonly ContractErrorCode[] = [
  'NUMBER_TAKEN',
  'INTERVAL_TAKEN',
  'KEY_REVOKED',
  'UNKNOWN_AGREEMENT',
  'TOKENS_DIGEST_MISMATCH',
  'WRONG_KEY',
  'WRONG_BOUNDS',
  'WRONG_SALT',
  'WRONG_PROFILE',
  'BROKEN_CHAIN',
  'BAD_TOKENS',
  'BAD_SHAPE',
  'BAD_ENVELOPE',
  'BAD_SIGNATURE',
  'BAD_KEY',
  'NOT_CANONICAL',
];

export function isFinalRefusal(error: unknown): boolean {
  return isRefusal(error, ...FINAL);
}
