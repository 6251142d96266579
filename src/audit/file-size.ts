import type { Json } from '../core/index.ts';
import { RejectedError } from '../core/index.ts';
import type { AuditErrorCode } from './errors.ts';

/**
 * Most bytes of a file for an auditor. The whole of it becomes one text, and V8 makes none of more than 2^29 - 24 code
 * units; what is left below that is for escapes.
 */
export const MOST_FILE_BYTES = 500_000_000;

/**
 * Refuses bytes that could not be read, before they are looked at.
 * @param size in bytes
 * @param what in words: `an audit export`
 * @throws RejectedError `FILE_TOO_LARGE` with the size and the limit
 */
export function requireReadableSize(size: number, what: string): void {
  if (size <= MOST_FILE_BYTES) return;
  throw tooLarge(
    `The file has ${grouped(size)} bytes; this program reads ${what} of at most ${grouped(MOST_FILE_BYTES)}. It was not looked at, so nothing is said about what is in it.`,
  );
}

/**
 * Refuses what nobody could read, before it is written.
 * @param parts that become canonical JSON
 * @param what in words: `an audit export`
 * @throws RejectedError `FILE_TOO_LARGE` with the size and what to do
 */
export function requireWritableSize(parts: readonly Json[], what: string): void {
  const size = parts.reduce<number>((sum, part) => sum + textLength(part), 0);
  if (size <= MOST_FILE_BYTES) return;
  throw tooLarge(
    `With all blocks of the ledger from number 0 on, ${what} would have ${grouped(size)} bytes; this program writes and reads at most ${grouped(MOST_FILE_BYTES)}. Nothing was written. Keep the last export that fitted, go on under a new agreement on a new ledger, and take longer intervals there: docs/audit.md, "How large it gets".`,
  );
}

/** Characters of a value's JSON, counted without making it; escapes count as what they stand for. */
export function textLength(value: Json): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object') return String(value).length;
  if (Array.isArray(value)) return listLength((value as readonly Json[]).map(textLength));
  return listLength(Object.entries(value).map(([key, item]) => key.length + 3 + textLength(item)));
}

/** Brackets, and commas between. */
function listLength(items: readonly number[]): number {
  return items.reduce((sum, length) => sum + length, 2) + Math.max(items.length - 1, 0);
}

function grouped(count: number): string {
  return count.toString().replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function tooLarge(message: string): RejectedError<AuditErrorCode> {
  return new RejectedError('FILE_TOO_LARGE', message);
}
