import { type Bytes, type Envelope, type Json, RejectedError } from '../core/index.ts';
import { Database, type OpenOptions, type StoreForm } from './database.ts';
import type { StoreErrorCode } from './errors.ts';
import type { Row } from './row.ts';
import { factCell } from './row-cipher.ts';
import { deliveryCell, ReceiverHistory } from './receiver-history.ts';
import type { LedgerSighting } from './receiver-log.ts';

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
  readonly reason: 'disputed' | 'expired';
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
  delivery_hash TEXT NOT NULL, package BLOB NOT NULL, receipt TEXT NOT NULL, codes BLOB NOT NULL, digest TEXT NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX by_acknowledgement ON deliveries (acknowledged, n);
CREATE TABLE findings (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, n INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, UNIQUE (n, code, message)) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE exceptions (n INTEGER PRIMARY KEY, reason TEXT NOT NULL, header_hash TEXT NOT NULL, header TEXT) STRICT;
`;

/** How far the ledger's events are taken; its form is the reader's. */
export const LEDGER_POSITION = 'ledger-position';

/** What became of a copy that was taken from a backup: no decision yet, or the number of the batch up to which it may lack some. */
const RESTORED = 'restored';
const UNDECIDED = 'undecided';

/** @param key store key, 32 bytes */
export function receiverForm(file: string, channel: string, key: Bytes): StoreForm {
  return { file, purpose: `receiver ${channel}`, key, version: 1, schema: SCHEMA };
}

/**
 * The manufacturer's store of one channel. All methods are synchronous and durable on return. After a fault of the disk
 * (`STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED`) every call throws it again: close the store and open it anew.
 */
export class ReceiverStore extends ReceiverHistory {
  readonly #db: Database;
  #counted = { through: -1, received: 0 };

  /**
   * @param file path, or `:memory:` for tests
   * @param key store key, 32 bytes: encrypts all that is not public; see docs/store.md
   * @throws RejectedError, UnavailableError, FatalError with a `StoreErrorCode`
   */
  constructor(file: string, channel: string, key: Bytes, options: OpenOptions = {}) {
    const db = new Database({ ...receiverForm(file, channel, key), ...options });
    super(db);
    this.#db = db;
  }

  /** @throws RejectedError `STORE_RETIRED` for a copy from a backup that the operator has not taken up yet */
  requireInUse(): void {
    if (this.fact(RESTORED) !== UNDECIDED) return;
    throw new RejectedError<StoreErrorCode>(
      'STORE_RETIRED',
      `${this.#db.file} was taken from a backup: what was received since is fetched, countersigned and acted upon once more. If that may be, take it up with \`dcmb store restore --accept-old\`.`,
    );
  }

  /** Makes this a copy from a backup, which is not used before the operator has decided. */
  setUndecided(): void {
    this.setFact(RESTORED, UNDECIDED);
  }

  /** The operator goes on with this copy, though receipts up to and with this number may have been given that it does not know. */
  acceptOld(through: number): void {
    this.setFact(RESTORED, String(through));
  }

  /** Up to which number the operator has accepted that batches are lacking, or -1. */
  acceptedThrough(): number {
    const decided = this.fact(RESTORED);
    return decided === undefined || decided === UNDECIDED ? -1 : Number(decided);
  }

  /** Stores a verified delivery, its receipt and the actions that it causes, in one transaction. */
  store(batch: ReceivedBatch, actionKeys: readonly string[], atMs = 0): void {
    const { cipher } = this.#db;
    this.#db.transaction(() => {
      this.#db.run(
        'INSERT INTO deliveries (n, interval, batch_row, header_hash, delivery_hash, package, receipt, codes, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        batch.n,
        batch.interval,
        batch.row,
        batch.headerHash,
        batch.deliveryHash,
        cipher.sealJson(deliveryCell(batch.n, 'package'), batch.deliveryPackage),
        JSON.stringify(batch.receipt),
        cipher.sealJson(deliveryCell(batch.n, 'codes'), batch.codes),
        batch.digest,
      );
      for (const key of actionKeys) this.addAction(key, atMs);
    });
  }

  last(): ReceivedBatch | undefined {
    const row = this.#db.get('SELECT * FROM deliveries ORDER BY n DESC LIMIT 1');
    return row === undefined ? undefined : this.#received(row);
  }

  batch(n: number): ReceivedBatch | undefined {
    const row = this.#db.get('SELECT * FROM deliveries WHERE n = ?', n);
    return row === undefined ? undefined : this.#received(row);
  }

  /** The highest number that is settled, by a receipt or as an exception, or -1. */
  lastNumber(): number {
    const last = (table: string) => `coalesce((SELECT max(n) FROM ${table}), -1)`;
    return this.#db.get(`SELECT max(${last('deliveries')}, ${last('exceptions')}) AS n`)?.number('n') ?? -1;
  }

  /** Rolling digest over the deliveries up to and with this number; `undefined` where there is none. An exception leaves it alone. */
  digestThrough(n: number): string | undefined {
    return this.#db.get('SELECT digest FROM deliveries WHERE n <= ? ORDER BY n DESC LIMIT 1', n)?.text('digest');
  }

  /**
   * Settles a batch without a receipt, for good; the same once more does no harm.
   * @throws FatalError `STORE_CONFLICT` where it is settled as another exception
   */
  addException({ n, reason, headerHash, header }: ReceiptException): void {
    const known = this.exception(n);
    if (known !== undefined && known.reason === reason && known.headerHash === headerHash) return;
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
    const row = this.#db.get('SELECT n, codes FROM deliveries WHERE batch_row = 0 ORDER BY n DESC LIMIT 1');
    return row === undefined ? undefined : this.#db.cipher.json(deliveryCell(row.number('n'), 'codes'), row.bytes('codes'));
  }

  /** Those from one number to another, both included, ascending. */
  batches(from: number, to: number): ReceivedBatch[] {
    return this.#db.all('SELECT * FROM deliveries WHERE n BETWEEN ? AND ? ORDER BY n', from, to).map((row) => this.#received(row));
  }

  /** Receipts that the owner's module has not confirmed yet, oldest first. */
  unacknowledged(): ReceivedBatch[] {
    return this.#db.all('SELECT * FROM deliveries WHERE acknowledged = 0 ORDER BY n').map((row) => this.#received(row));
  }

  setAcknowledged(n: number): void {
    this.#db.run('UPDATE deliveries SET acknowledged = 1 WHERE n = ?', n);
  }

  counts(): { received: number; acknowledged: number; findings: number } {
    const count = (sql: string) => this.#db.get(sql)?.number('c') ?? 0;
    const received = this.#countReceived();
    return {
      received,
      acknowledged: received - count('SELECT count(*) AS c FROM deliveries WHERE acknowledged = 0'),
      findings: count('SELECT count(*) AS c FROM findings'),
    };
  }

  /** Counts on from where the last count got to: figures are asked for every second, and deliveries are for years. */
  #countReceived(): number {
    const row = this.#db.get('SELECT count(*) AS c, max(n) AS n FROM deliveries WHERE n > ?', this.#counted.through);
    if (row?.has('n') === true) this.#counted = { through: row.number('n'), received: this.#counted.received + row.number('c') };
    return this.#counted.received;
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

  /** @param position of the event that told of it, stored in the same transaction */
  override addAnchor(sighting: LedgerSighting, position?: string): void {
    this.#told(() => super.addAnchor(sighting), position);
  }

  /** @param position of the event that told of it, stored in the same transaction */
  override addDeposit(sighting: LedgerSighting, position?: string): void {
    this.#told(() => super.addDeposit(sighting), position);
  }

  #told(add: () => void, position: string | undefined): void {
    if (position === undefined) return add();
    this.#db.transaction(() => {
      add();
      this.setFact(LEDGER_POSITION, position);
    });
  }

  fact(name: string): string | undefined {
    const row = this.#db.get('SELECT value FROM facts WHERE name = ?', name);
    return row === undefined ? undefined : this.#db.cipher.text(factCell(name), row.bytes('value'));
  }

  setFact(name: string, value: string): void {
    const sql = 'INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    this.#db.run(sql, name, this.#db.cipher.seal(factCell(name), value));
  }

  close(): void {
    this.#db.close();
  }

  #received(row: Row): ReceivedBatch {
    const n = row.number('n');
    return {
      n,
      interval: row.number('interval'),
      row: row.number('batch_row'),
      headerHash: row.text('header_hash'),
      deliveryHash: row.text('delivery_hash'),
      deliveryPackage: this.#db.cipher.json(deliveryCell(n, 'package'), row.bytes('package')),
      receipt: row.json('receipt'),
      codes: this.#db.cipher.json(deliveryCell(n, 'codes'), row.bytes('codes')),
      digest: row.text('digest'),
    };
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
