import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Bytes, DcmbError, RejectedError } from '../core/index.ts';
import type { StoreErrorCode } from './errors.ts';
import { missing, openingFault, storeFault } from './faults.ts';
import { FileWatch } from './file-watch.ts';
import { RowCipher } from './row-cipher.ts';
import { Row } from './row.ts';

export interface OpenOptions {
  /** True: no other process may open it meanwhile. */
  readonly exclusive?: boolean;
  /** True: a file that is not there is refused, not made. */
  readonly mustExist?: boolean;
}

/** What a store file is, and how it is laid out. */
export interface StoreForm extends OpenOptions {
  /** A path, or `:memory:` for tests. */
  readonly file: string;
  /** Names what the file is for; a file made for something else is refused. */
  readonly purpose: string;
  /** Store key, 32 bytes. */
  readonly key: Bytes;
  /** Of the layout; a file of another version is refused. */
  readonly version: number;
  /** SQL that makes the tables. */
  readonly schema: string;
}

const KEY_CHECK = { table: 'purpose', row: 1, column: 'key_check' };

/**
 * One SQLite file in WAL mode with full sync: a transaction that returned is on the disk. After a fault of the disk the
 * file is not touched again until it is opened anew, for what the disk holds then is known from the disk alone.
 */
export class Database {
  readonly cipher: RowCipher;
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #watch: FileWatch | undefined;
  #fault: Error | undefined;
  #inTransaction = false;
  #isClosed = false;

  /** @throws RejectedError, UnavailableError, FatalError with a `StoreErrorCode` */
  constructor(form: StoreForm) {
    const { file } = form;
    this.file = file;
    this.cipher = new RowCipher(form.key, form.purpose);
    this.#watch = file === ':memory:' ? undefined : new FileWatch(file);
    this.#db = open(file, form.mustExist === true);
    try {
      this.#db.exec(`PRAGMA busy_timeout = ${form.exclusive === true ? 1000 : 5000}`);
      if (form.exclusive === true) this.#db.exec('PRAGMA locking_mode = EXCLUSIVE');
      this.#requireNotForeign(form);
      if (file !== ':memory:') chmodSync(file, 0o600);
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON');
      this.transaction(() => this.#prepareSchema(form));
    } catch (error) {
      this.#db.close();
      throw openingFault(error, file);
    }
  }

  /** Runs `work` in one immediate transaction: all of it is durable on return, or none of it happened. */
  transaction<Result>(work: () => Result): Result {
    return this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      this.#inTransaction = true;
      try {
        const result = work();
        this.#db.exec('COMMIT');
        this.#watch?.requireInPlace();
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      } finally {
        this.#inTransaction = false;
      }
    });
  }

  /**
   * @returns number of rows that were changed
   * @throws FatalError `STORE_CONFLICT` where what is stored already contradicts it
   */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guarded(() => {
      const { changes } = this.#prepared(sql).run(...values);
      if (!this.#inTransaction) this.#watch?.requireInPlace();
      return Number(changes);
    });
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guarded(() => {
      const row = this.#prepared(sql).get(...values);
      return row === undefined ? undefined : new Row(row);
    });
  }

  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#guarded(() =>
      this.#prepared(sql)
        .all(...values)
        .map((row) => new Row(row)),
    );
  }

  /** Statements that are no queries, outside of a transaction. */
  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  /** For what only the database itself can do, as a backup. */
  get raw(): DatabaseSync {
    return this.#db;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #guarded<Result>(work: () => Result): Result {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      return work();
    } catch (error) {
      const fault = storeFault(error, this.file);
      if (isLasting(fault)) this.#fault = fault;
      throw fault;
    }
  }

  /** A rollback that fails too must not hide what went wrong first. */
  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // SQLite rolls back by itself after some errors; where it was the disk's, nothing more is asked of this connection.
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** A database that something else made is left as it is: no table of ours, no other journal mode. */
  #requireNotForeign({ file, purpose }: StoreForm): void {
    const tables = this.#db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
    if (tables.length > 0 && !tables.some(({ name }) => name === 'purpose')) throw otherStore(file, 'something else', purpose);
  }

  #prepareSchema(form: StoreForm): void {
    this.#db.exec('CREATE TABLE IF NOT EXISTS purpose (name TEXT NOT NULL, version INTEGER NOT NULL, key_check BLOB NOT NULL) STRICT');
    const found = this.#db.prepare('SELECT * FROM purpose').get();
    if (found !== undefined) return this.#requireFitting(form, new Row(found));
    const check = this.cipher.seal(KEY_CHECK, '');
    this.#db.prepare('INSERT INTO purpose VALUES (?, ?, ?)').run(form.purpose, form.version, check);
    this.#db.exec(form.schema);
  }

  #requireFitting({ file, purpose, version }: StoreForm, found: Row): void {
    if (found.text('name') !== purpose) throw otherStore(file, `"${found.text('name')}"`, purpose);
    const made = found.has('version') ? found.number('version') : 0;
    if (made !== version) {
      throw new RejectedError<StoreErrorCode>(
        'STORE_VERSION',
        `${file} has the form ${made}, this program knows form ${version} only. Run the version of the program that made it.`,
      );
    }
    try {
      this.cipher.open(KEY_CHECK, found.bytes('key_check'));
    } catch (cause) {
      throw new RejectedError<StoreErrorCode>(
        'STORE_KEY_WRONG',
        `${file} was encrypted with another store key. Give the key file that belongs to it ("keys.store" of the configuration).`,
        { cause },
      );
    }
  }
}

function open(file: string, mustExist: boolean): DatabaseSync {
  try {
    if (mustExist) requireThere(file);
    else if (file !== ':memory:') createPrivate(file);
    return new DatabaseSync(file);
  } catch (error) {
    throw openingFault(error, file);
  }
}

/** An empty store in the place of one that is away for a moment would begin its channel anew. */
function requireThere(file: string): void {
  if (!existsSync(file)) throw missing(file);
  closeSync(openSync(file, 'r+'));
}

/** SQLite gives the files beside this one, which hold the same data, the rights of this one: they must be right from the start. */
function createPrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
}

/** A store that is busy, or that refused an input, answers the next call; one whose disk failed must be opened anew. */
function isLasting(fault: unknown): fault is DcmbError {
  return fault instanceof DcmbError && LASTING.has(fault.code as StoreErrorCode);
}

const LASTING: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>(['STORE_FULL', 'STORE_READ_ONLY', 'STORE_FAILED', 'STORE_DAMAGED']);

function otherStore(file: string, found: string, purpose: string): RejectedError<StoreErrorCode> {
  return new RejectedError('OTHER_STORE', `${file} was made for ${found}, not for "${purpose}". Give each module a store of its own.`);
}
