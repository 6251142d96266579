import type { Envelope, Json } from '../core/index.ts';
import { Database, type Row } from './database.ts';

/** One verified delivery with the receipt that was given for it. */
export interface ReceivedBatch {
  readonly n: number;
  readonly interval: number;
  readonly row: number;
  readonly headerHash: string;
  readonly deliveryHash: string;
  readonly deliveryPackage: Json;
  readonly receipt: Envelope;
  readonly codes: readonly number[];
  /** Rolling digest over the deliveries up to and with this one, base64url. */
  readonly digest: string;
}

/** A batch that got no receipt and never will: the receipts go on behind it. */
export interface ReceiptException {
  readonly n: number;
  readonly reason: 'disputed';
  /** Hash of the header that the ledger has for it, empty where it has none. */
  readonly headerHash: string;
  /** The header itself, where it was delivered. */
  readonly header: Envelope | undefined;
}

/** Something that does not fit: kept for ever, shown to the operator, part of an audit. */
export interface StoredFinding {
  readonly atMs: number;
  /** Batch number, or -1 where none is concerned. */
  readonly n: number;
  readonly code: string;
  readonly message: string;
}

const SCHEMA = `
CREATE TABLE deliveries (
  n INTEGER PRIMARY KEY, interval INTEGER NOT NULL, batch_row INTEGER NOT NULL, header_hash TEXT NOT NULL,
  delivery_hash TEXT NOT NULL, package TEXT NOT NULL, receipt TEXT NOT NULL, codes TEXT NOT NULL, digest TEXT NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE findings (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, n INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, UNIQUE (n, code, message)) STRICT;
CREATE TABLE actions (key TEXT PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** Stores that were made before there were exceptions get the table when they are opened. */
const EXCEPTIONS = `
CREATE TABLE IF NOT EXISTS exceptions (n INTEGER PRIMARY KEY, reason TEXT NOT NULL, header_hash TEXT NOT NULL, header TEXT) STRICT
`;

/** The manufacturer's store of one channel. All methods are synchronous and durable on return. */
export class ReceiverStore {
  readonly #db: Database;

  constructor(file: string, channel: string) {
    this.#db = new Database(file, `receiver ${channel}`, SCHEMA);
    this.#db.run(EXCEPTIONS);
  }

  /** Stores a verified delivery, its receipt and the actions that it causes, in one transaction. */
  store(batch: ReceivedBatch, actionKeys: readonly string[]): void {
    this.#db.transaction(() => {
      this.#db.run(
        'INSERT INTO deliveries (n, interval, batch_row, header_hash, delivery_hash, package, receipt, codes, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        batch.n,
        batch.interval,
        batch.row,
        batch.headerHash,
        batch.deliveryHash,
        JSON.stringify(batch.deliveryPackage),
        JSON.stringify(batch.receipt),
        JSON.stringify(batch.codes),
        batch.digest,
      );
      for (const key of actionKeys) this.addAction(key);
    });
  }

  last(): ReceivedBatch | undefined {
    const row = this.#db.get('SELECT * FROM deliveries ORDER BY n DESC LIMIT 1');
    return row === undefined ? undefined : receivedBatch(row);
  }

  batch(n: number): ReceivedBatch | undefined {
    const row = this.#db.get('SELECT * FROM deliveries WHERE n = ?', n);
    return row === undefined ? undefined : receivedBatch(row);
  }

  /** The highest number that is settled, by a receipt or as an exception, or -1. */
  lastNumber(): number {
    const row = this.#db.get('SELECT max(n) AS n FROM (SELECT n FROM deliveries UNION ALL SELECT n FROM exceptions)');
    return row?.has('n') === true ? row.number('n') : -1;
  }

  /** Rolling digest over the deliveries up to and with this number; `undefined` where there is none. An exception leaves it alone. */
  digestThrough(n: number): string | undefined {
    return this.#db.get('SELECT digest FROM deliveries WHERE n <= ? ORDER BY n DESC LIMIT 1', n)?.text('digest');
  }

  /** Settles a batch without a receipt, for good. */
  addException({ n, reason, headerHash, header }: ReceiptException): void {
    const sql = 'INSERT INTO exceptions (n, reason, header_hash, header) VALUES (?, ?, ?, ?)';
    this.#db.run(sql, n, reason, headerHash, header === undefined ? null : JSON.stringify(header));
  }

  exception(n: number): ReceiptException | undefined {
    return this.#db.all('SELECT * FROM exceptions WHERE n = ?', n).map(receiptException)[0];
  }

  /** Those up to and with this number, ascending. */
  exceptionsThrough(n: number): ReceiptException[] {
    return this.#db.all('SELECT * FROM exceptions WHERE n <= ? ORDER BY n', n).map(receiptException);
  }

  /** Codes of the last batch of a grid point: those of a call say nothing. */
  lastCodes(): readonly number[] | undefined {
    return this.#db.get('SELECT codes FROM deliveries WHERE batch_row = 0 ORDER BY n DESC LIMIT 1')?.json('codes');
  }

  /** Those from one number to another, both included, ascending. */
  batches(from: number, to: number): ReceivedBatch[] {
    return this.#db.all('SELECT * FROM deliveries WHERE n BETWEEN ? AND ? ORDER BY n', from, to).map(receivedBatch);
  }

  /** Receipts that the owner's module has not confirmed yet, oldest first. */
  unacknowledged(): ReceivedBatch[] {
    return this.#db.all('SELECT * FROM deliveries WHERE acknowledged = 0 ORDER BY n').map(receivedBatch);
  }

  setAcknowledged(n: number): void {
    this.#db.run('UPDATE deliveries SET acknowledged = 1 WHERE n = ?', n);
  }

  counts(): { received: number; acknowledged: number; findings: number } {
    const count = (sql: string) => this.#db.get(sql)?.number('c') ?? 0;
    return {
      received: count('SELECT count(*) AS c FROM deliveries'),
      acknowledged: count('SELECT count(*) AS c FROM deliveries WHERE acknowledged = 1'),
      findings: count('SELECT count(*) AS c FROM findings'),
    };
  }

  /** True where the finding is new: one that shows again at every attempt is kept once. */
  addFinding({ atMs, n, code, message }: StoredFinding): boolean {
    const sql = 'INSERT INTO findings (at, n, code, message) VALUES (?, ?, ?, ?) ON CONFLICT (n, code, message) DO NOTHING';
    return this.#db.run(sql, atMs, n, code, message) === 1;
  }

  findings(): StoredFinding[] {
    return this.#db
      .all('SELECT * FROM findings ORDER BY id')
      .map((row) => ({ atMs: row.number('at'), n: row.number('n'), code: row.text('code'), message: row.text('message') }));
  }

  /** True where the action is new; the same key never stands twice. */
  addAction(key: string): boolean {
    return this.#db.run(`INSERT INTO actions (key, state) VALUES (?, 'waiting') ON CONFLICT (key) DO NOTHING`, key) === 1;
  }

  waitingActions(): { key: string; tries: number }[] {
    return this.#db
      .all(`SELECT key, tries FROM actions WHERE state = 'waiting' ORDER BY rowid`)
      .map((row) => ({ key: row.text('key'), tries: row.number('tries') }));
  }

  setAction(key: string, state: 'waiting' | 'done' | 'failed'): void {
    this.#db.run('UPDATE actions SET state = ?, tries = tries + 1 WHERE key = ?', state, key);
  }

  fact(name: string): string | undefined {
    return this.#db.get('SELECT value FROM facts WHERE name = ?', name)?.text('value');
  }

  setFact(name: string, value: string): void {
    this.#db.run('INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, value);
  }

  close(): void {
    this.#db.close();
  }
}

function receiptException(row: Row): ReceiptException {
  return {
    n: row.number('n'),
    reason: row.text('reason') as ReceiptException['reason'],
    headerHash: row.text('header_hash'),
    header: row.has('header') ? row.json('header') : undefined,
  };
}

function receivedBatch(row: Row): ReceivedBatch {
  return {
    n: row.number('n'),
    interval: row.number('interval'),
    row: row.number('batch_row'),
    headerHash: row.text('header_hash'),
    deliveryHash: row.text('delivery_hash'),
    deliveryPackage: row.json('package'),
    receipt: row.json('receipt'),
    codes: row.json('codes'),
    digest: row.text('digest'),
  };
}
