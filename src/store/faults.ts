import { DcmbError, FatalError, RejectedError, UnavailableError } from '../core/index.ts';
import type { StoreErrorCode } from './errors.ts';

/*
 * What SQLite and the system say of a fault, in this folder's words. SQLite's primary result codes:
 * https://www.sqlite.org/rescode.html
 */

const ERROR = 1;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;

const GOES_ON = 'The module takes nothing until then, and goes on by itself.';

/** @returns the error itself where it is one of ours already, or is no fault of the store */
export function storeFault(error: unknown, file: string): unknown {
  if (error instanceof DcmbError) return error;
  const code = resultCode(error);
  return code === undefined ? systemFault(error, file) : (sqliteFault(code, error, file) ?? error);
}

/** What a journal that was closed says; whoever still asks it is late, and nothing is wrong with the disk. */
export function closedJournal(file: string): Error {
  return unavailable('STORE_FAILED', `${file} is closed: its module stops, or opens it anew. Try again.`, undefined);
}

/** Of a store that has to be there, and is not: on a disk that is not mounted, say. */
export function missing(file: string): Error {
  return unavailable(
    'STORE_FAILED',
    `${file} is not there. Mount its disk or put it back; a module's first start makes it, and needs the exchange key for that.`,
    undefined,
  );
}

/** Of something that went wrong while the store was opened: what is unknown then is a matter of path or rights. */
export function openingFault(error: unknown, file: string): Error {
  const fault = storeFault(error, file);
  if (fault instanceof DcmbError && !isUnopenable(error)) return fault;
  const reason = error instanceof Error ? error.message : String(error);
  return new RejectedError<StoreErrorCode>(
    'STORE_UNREADABLE',
    `${file} can't be opened as a store (${reason}). Check path and rights; where both are right, the file is damaged: restore a backup.`,
    { cause: error },
  );
}

/** @param what names the place, never its content */
export function damaged(what: string, cause?: unknown): FatalError<StoreErrorCode> {
  return new FatalError(
    'STORE_DAMAGED',
    `The store is damaged: ${what}. Stop the module, keep a copy of the file for an inquiry, look at it with \`dcmb store check\`, and restore a backup.`,
    { cause },
  );
}

/** True where the disk may get well again, so that opening the store once more is worth trying. */
export function isPassing(error: unknown): boolean {
  return error instanceof UnavailableError;
}

function isUnopenable(error: unknown): boolean {
  const code = resultCode(error);
  return code === NOTADB || code === CANTOPEN;
}

function sqliteFault(code: number, error: unknown, file: string): Error | undefined {
  switch (code) {
    case BUSY:
    case LOCKED:
      return unavailable(
        'STORE_BUSY',
        `${file} is in use by another process. Stop that one, or give this module a store of its own.`,
        error,
      );
    case FULL:
      return full(file, error);
    case READONLY:
      return readOnly(file, error);
    case IOERR:
    case CANTOPEN:
      return failedDisk(file, messageOf(error), error);
    case ERROR:
      // All statements are fixed: one that does not fit the tables met other tables than were made.
      return damaged(`the layout of ${file} is not the one that it was made with`, error);
    case CORRUPT:
    case NOTADB:
      return damaged(`a page of ${file} is malformed`, error);
    case CONSTRAINT:
      return new FatalError<StoreErrorCode>(
        'STORE_CONFLICT',
        `${file} holds another entry in the same place already. Stop, and keep the file for an inquiry.`,
        { cause: error },
      );
    default:
      return undefined;
  }
}

/** Faults of files beside the database, which Node reports by the system's name. */
function systemFault(error: unknown, file: string): unknown {
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return full(file, error);
    case 'EROFS':
      return readOnly(file, error);
    case 'EIO':
    case 'ENXIO':
    case 'ENODEV':
    case 'ESTALE':
    case 'ENOTCONN':
    case 'ETIMEDOUT':
      return failedDisk(file, messageOf(error), error);
    default:
      return error;
  }
}

function full(file: string, cause: unknown): Error {
  return unavailable('STORE_FULL', `The disk of ${file} is full. Free space on it. ${GOES_ON}`, cause);
}

function readOnly(file: string, cause: unknown): Error {
  return unavailable('STORE_READ_ONLY', `${file} can't be written: disk or file is read-only. Make it writable. ${GOES_ON}`, cause);
}

/** @param reason as system or SQLite say it */
export function failedDisk(file: string, reason: string, cause?: unknown): Error {
  return unavailable('STORE_FAILED', `The disk of ${file} failed (${reason}). Check disk and file system. ${GOES_ON}`, cause);
}

function unavailable(code: StoreErrorCode, message: string, cause: unknown): Error {
  return new UnavailableError<StoreErrorCode>(code, message, { cause });
}

/** SQLite's primary result code; the upper bits hold what is more exact. */
function resultCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
