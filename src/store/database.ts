import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { FatalError, RejectedError, UnavailableError } from '../core/index.ts';

export type StoreErrorCode = 'OTHER_STORE' | 'STORE_UNREADABLE' | 'STORE_BUSY' | 'STORE_CONFLICT' | 'NO_SUCH_BATCH';

/**
 * One SQLite file in WAL mode with full sync: a transaction that returned is on the disk. It holds raw readings and
 * seeds, so the file is readable by its owner alone.
 */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @param purpose names what the file is for; a file made for something else is refused */
  constructor(file: string, purpose: string, schema: string) {
    this.#db = open(file);
    try {
      this.#db.exec('PRAGMA busy_timeout = 5000');
      this.#requireNotForeign(file, purpose);
      if (file !== ':memory:') chmodSync(file, 0o600);
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON');
      this.transaction(() => this.#prepareSchema(file, purpose, schema));
    } catch (error) {
      this.#db.close();
      throw storeError(error, file);
    }
  }

  /** Runs `work` in one immediate transaction: all of it is durable on return, or none of it happened. */
  transaction<Result>(work: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * @returns number of rows that were changed
   * @throws FatalError `STORE_CONFLICT` where what is stored already contradicts it
   */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    try {
      return Number(this.#prepared(sql).run(...values).changes);
    } catch (error) {
      throw isConstraint(error) ? conflict(error) : error;
    }
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    const row = this.#prepared(sql).get(...values);
    return row === undefined ? undefined : new Row(row);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#prepared(sql)
      .all(...values)
      .map((row) => new Row(row));
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** A database that something else made is left as it is: no table of ours, no other journal mode. */
  #requireNotForeign(file: string, purpose: string): void {
    const tables = this.#db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
    if (tables.length > 0 && !tables.some(({ name }) => name === 'purpose')) throw otherStore(file, 'something else', purpose);
  }

  #prepareSchema(file: string, purpose: string, schema: string): void {
    this.#db.exec('CREATE TABLE IF NOT EXISTS purpose (name TEXT NOT NULL) STRICT');
    const found = this.#db.prepare('SELECT name FROM purpose').get()?.['name'];
    if (found === undefined) {
      this.#db.prepare('INSERT INTO purpose VALUES (?)').run(purpose);
      this.#db.exec(schema);
    } else if (found !== purpose) {
      throw otherStore(file, `"${String(found)}"`, purpose);
    }
  }
}

/** One row whose columns are read with the type that the reader expects; anything else means a damaged store. */
export class Row {
  readonly #columns: Readonly<Record<string, unknown>>;

  constructor(columns: Readonly<Record<string, unknown>>) {
    this.#columns = columns;
  }

  text(column: string): string {
    const value = this.#columns[column];
    if (typeof value !== 'string') throw damaged(column);
    return value;
  }

  number(column: string): number {
    const value = this.#columns[column];
    if (typeof value !== 'number') throw damaged(column);
    return value;
  }

  bytes(column: string): Uint8Array {
    const value = this.#columns[column];
    if (!(value instanceof Uint8Array)) throw damaged(column);
    return value;
  }

  json<Value>(column: string): Value {
    try {
      return JSON.parse(this.text(column)) as Value;
    } catch (error) {
      throw error instanceof SyntaxError ? damaged(column) : error;
    }
  }

  has(column: string): boolean {
    return this.#columns[column] !== null && this.#columns[column] !== undefined;
  }
}

function open(file: string): DatabaseSync {
  try {
    if (file !== ':memory:') createPrivate(file);
    return new DatabaseSync(file);
  } catch (error) {
    throw storeError(error, file);
  }
}

/** SQLite gives the files beside this one, which hold the same data, the rights of this one: they must be right from the start. */
function createPrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
}

function otherStore(file: string, found: string, purpose: string): RejectedError<StoreErrorCode> {
  return new RejectedError('OTHER_STORE', `${file} was made for ${found}, not for "${purpose}". Give each module a store of its own.`);
}

function isConstraint(error: unknown): boolean {
  return error instanceof Error && /constraint failed/i.test(error.message);
}

function conflict(cause: unknown): FatalError<StoreErrorCode> {
  return new FatalError(
    'STORE_CONFLICT',
    'The store holds another entry in the same place already. Stop, and keep the file for an inquiry.',
    {
      cause,
    },
  );
}

function damaged(column: string): FatalError<StoreErrorCode> {
  return new FatalError(
    'STORE_UNREADABLE',
    `The store's column "${column}" holds something of another form: the file is damaged. Restore a backup.`,
  );
}

function storeError(error: unknown, file: string): Error {
  if (error instanceof RejectedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/locked|busy/i.test(message)) {
    return new UnavailableError<StoreErrorCode>(
      'STORE_BUSY',
      `${file} is in use by another process. Stop that one, or give this module a store of its own.`,
      { cause: error },
    );
  }
  return new RejectedError<StoreErrorCode>(
    'STORE_UNREADABLE',
    `${file} can't be opened as a store (${message}). Check path, rights and disk.`,
    { cause: error },
  );
}
