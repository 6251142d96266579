import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { RejectedError, UnavailableError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';

/** Marks the file as ours (`PRAGMA application_id`): "DCML". */
const APPLICATION_ID = 0x44434d4c;
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE transactions (tx_id TEXT PRIMARY KEY, block INTEGER NOT NULL, place INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Readers wait only while another process recovers or folds the log after it. */
const READ_PATIENCE_MS = 2_000;

/** SQLite result codes (sqlite.org/rescode.html), primary. */
const BUSY = 5;
const CORRUPT = 11;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** Opens an existing ledger file. @throws RejectedError `NOT_A_LEDGER`, UnavailableError `LEDGER_UNAVAILABLE` */
export function openDatabase(file: string): DatabaseSync {
  const database = connect(file);
  try {
    const applicationId = pragma(database, 'application_id');
    const version = pragma(database, 'user_version');
    if (applicationId !== APPLICATION_ID) throw notALedger(file, 'it is another program’s database');
    if (version !== SCHEMA_VERSION)
      throw notALedger(file, `its schema is version ${version}, this program knows version ${SCHEMA_VERSION}`);
    setDurable(database);
    return database;
  } catch (error) {
    database.close();
    throw translate(file, error);
  }
}

/** Makes the tables in a new, empty file; `fill` runs in the same transaction. */
export function createDatabase(file: string, fill: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(file);
  try {
    setDurable(database);
    database.exec('BEGIN IMMEDIATE');
    database.exec(SCHEMA);
    fill(database);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

/** Takes the write lock without blocking the event loop; false where another connection has it. */
export function tryBegin(database: DatabaseSync): boolean {
  database.exec('PRAGMA busy_timeout = 0');
  try {
    database.exec('BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  } finally {
    database.exec(`PRAGMA busy_timeout = ${READ_PATIENCE_MS}`);
  }
}

/** Whether SQLite says that another connection holds the lock. */
function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** Turns SQLite's errors into ours. */
export function translate(file: string, error: unknown): unknown {
  const code = primaryCode(error);
  if (code === undefined) return error;
  if (code === NOT_A_DATABASE) return notALedger(file, 'it is not an SQLite database', error);
  if (code === CORRUPT) return corrupt(file, 'SQLite finds it damaged', error);
  if (code === BUSY)
    return new UnavailableError<LedgerErrorCode>('LEDGER_BUSY', `${file} is held by other writers. Try again.`, { cause: error });
  const what = code === CANNOT_OPEN ? 'cannot be opened' : `cannot be read or written (SQLite result ${code})`;
  return new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', `The ledger file ${file} ${what}. Check path, rights and space.`, {
    cause: error,
  });
}

export function corrupt(file: string, why: string, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('LEDGER_CORRUPT', `The ledger file ${file} is corrupt: ${why}. Restore it from a copy.`, { cause });
}

function notALedger(file: string, why: string, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('NOT_A_LEDGER', `${file} is no ledger file of this program: ${why}. Check the path.`, { cause });
}

function connect(file: string): DatabaseSync {
  try {
    // Opened by URI, for else SQLite would make the file that is missing.
    const uri = pathToFileURL(file);
    uri.search = 'mode=rw';
    return new DatabaseSync(uri, { timeout: READ_PATIENCE_MS });
  } catch (error) {
    throw translate(file, error);
  }
}

/** A commit is on the disk before it is reported; readers never wait for the writer. */
function setDurable(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;');
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name]);
}

function primaryCode(error: unknown): number | undefined {
  const code: unknown = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
