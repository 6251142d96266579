import type { Bytes, ErrorKind } from '../core/index.ts';
import type { StoreErrorCode } from './errors.ts';

/** One entry of a journal: opaque text that belongs to batch `n`. */
export interface JournalEntry {
  readonly n: number;
  readonly text: string;
}

export interface JournalPlace {
  readonly file: string;
  readonly purpose: string;
  /** Store key, 32 bytes. */
  readonly key: Bytes;
}

export type JournalTask =
  | { readonly kind: 'open' }
  | { readonly kind: 'append'; readonly entries: readonly JournalEntry[] }
  | { readonly kind: 'entries' }
  | { readonly kind: 'erase'; readonly below: number }
  | { readonly kind: 'close' };

export type JournalRequest = JournalTask & { readonly id: number };

export interface ToldError {
  readonly kind: ErrorKind;
  readonly code: StoreErrorCode;
  readonly message: string;
}

export interface JournalReply {
  readonly id: number;
  readonly entries?: readonly JournalEntry[];
  readonly bytes?: number;
  readonly error?: ToldError;
}
