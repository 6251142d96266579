import { type Bytes, type Envelope, type Json, RejectedError } from '../core/index.ts';
import { Database, type OpenOptions } from './database.ts';
import type { StoreErrorCode } from './errors.ts';
import { PeriodKeys, periodOf } from './period-keys.ts';
import type { Row } from './row.ts';
import { type Cell, factCell } from './row-cipher.ts';
import type { ChannelProgress, DeliveryState, LedgerState, OutgoingTransaction, SealedBatch, StoredBatch } from './sender-batch.ts';
import { UNRECEIPTED } from './sender-batch.ts';
import { senderForm } from './sender-form.ts';
import { batchCell, SenderHistory } from './sender-history.ts';

const PROGRESS = { table: 'progress', row: 1, column: 'state' };
/** Set in a copy that was taken from a backup. */
const RETIRED = 'retired';

/**
 * The owner's store of one channel. All methods are synchronous and durable on return. After a fault of the disk
 * (`STORE_FULL`, `STORE_READ_ONLY`, `STORE_FAILED`) every call throws it again: close the store and open it anew.
 */
export class SenderStore extends SenderHistory {
  readonly #periods: PeriodKeys;

  /**
   * @param file path, or `:memory:` for tests
   * @param key store key, 32 bytes: encrypts all that is not public; see docs/store.md
   * @throws RejectedError, UnavailableError, FatalError with a `StoreErrorCode`
   */
  constructor(file: string, channel: string, key: Bytes, options: OpenOptions = {}) {
    const form = senderForm(file, channel, key);
    super(new Database({ ...form, ...options }));
    this.#periods = new PeriodKeys(file, form.purpose, key);
  }

  progress(): ChannelProgress | undefined {
    const row = this.db.get('SELECT state FROM progress');
    return row === undefined ? undefined : this.db.cipher.json<ChannelProgress>(PROGRESS, row.bytes('state'));
  }

  /**
   * True for a copy that was taken from a backup. It has no seeds to go on with, and batches may have been signed since that
   * it does not know: it proves what it holds, and signs nothing more.
   */
  get isRetired(): boolean {
    return this.fact(RETIRED) !== undefined;
  }

  /** @throws RejectedError `STORE_RETIRED` */
  requireInUse(): void {
    if (!this.isRetired) return;
    throw new RejectedError<StoreErrorCode>(
      'STORE_RETIRED',
      `${this.db.file} was taken from a backup and signs nothing more: to sign another batch under a number that was used is a fork. It still serves \`dcmb audit export\`. To go on, put the newest store in its place, or make a new agreement.`,
    );
  }

  /** Makes this copy one of proofs only, for good: what could sign or open anything later than its last batch is erased. */
  retire(): void {
    this.db.transaction(() => {
      const progress = this.progress();
      if (progress !== undefined) this.#setProgress({ ...progress, ratchet: '', clearing: '', published: [] });
      this.db.run('DELETE FROM facts');
      this.setFact(RETIRED, 'true');
    });
  }

  /** Before the first seal. @throws RejectedError `STORE_RETIRED` */
  begin(progress: ChannelProgress): void {
    this.requireInUse();
    this.db.transaction(() => this.#setProgress(progress));
  }

  /** Batch and what follows from it, in one transaction. @throws RejectedError `STORE_RETIRED` */
  seal(batch: SealedBatch, progress: ChannelProgress): void {
    this.requireInUse();
    const { cipher } = this.db;
    const period = periodOf(batch.publishAtMs);
    const kept = this.#periods.obtain(period);
    this.db.transaction(() => {
      this.db.run(
        `INSERT INTO batches (n, interval, through, batch_row, header_hash, header, delivery_hash, package, codes, publish_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        batch.n,
        batch.interval,
        batch.through,
        batch.row,
        batch.headerHash,
        JSON.stringify(batch.header),
        batch.deliveryHash,
        cipher.sealJson(batchCell(batch.n, 'package'), batch.deliveryPackage),
        cipher.sealJson(batchCell(batch.n, 'codes'), batch.codes),
        batch.publishAtMs,
      );
      this.db.run(
        'INSERT INTO openings (n, period, seed, payload) VALUES (?, ?, ?, ?)',
        batch.n,
        period,
        kept.seal(openingCell(batch.n, 'seed'), batch.seed),
        kept.seal(openingCell(batch.n, 'payload'), batch.payload),
      );
      this.keepWithin(batch.n, batch.within ?? []);
      this.addToCache(batch);
      if (batch.drops !== undefined) this.markSaid(batch.drops, batch.n);
      this.#setProgress(progress);
    });
  }

  /**
   * What opens a batch later: its seed and readings. Read for nobody but the owner's own disclosure.
   * @returns `undefined` where they were erased, or their period's key is not in this copy of the store
   */
  opening(n: number): Pick<SealedBatch, 'seed' | 'payload'> | undefined {
    const row = this.db.get('SELECT period, seed, payload FROM openings WHERE n = ?', n);
    const kept = row === undefined ? undefined : this.#periods.find(row.number('period'));
    if (row === undefined || kept === undefined) return undefined;
    return {
      seed: kept.open(openingCell(n, 'seed'), row.bytes('seed')),
      payload: kept.text(openingCell(n, 'payload'), row.bytes('payload')),
    };
  }

  /**
   * Erases the payload and seeds of the days (UTC) that ended `retentionDays` or more ago: first the day's key, without
   * which no copy of the store opens them, then the rows. Proofs stay.
   * @returns number of batches whose opening is gone now
   */
  eraseExpired(nowMs: number, retentionDays: number): number {
    const first = periodOf(nowMs) - retentionDays;
    this.#periods.destroyBefore(first);
    return this.db.transaction(() => {
      const erased = this.db.run('DELETE FROM openings WHERE period < ?', first);
      if (erased > 0) this.forgetErased();
      return erased;
    });
  }

  batch(n: number): StoredBatch | undefined {
    const row = this.db.get('SELECT * FROM batches WHERE n = ?', n);
    return row === undefined ? undefined : this.#stored(row);
  }

  batches(from: number, to: number): StoredBatch[] {
    return this.db.all('SELECT * FROM batches WHERE n BETWEEN ? AND ? ORDER BY n', from, to).map((row) => this.#stored(row));
  }

  /** Numbers of batches that the ledger has not settled yet, oldest first. */
  unanchored(): number[] {
    return this.db.all(`SELECT n FROM batches WHERE ledger_state IN ('Sealed', 'Submitted') ORDER BY n`).map((row) => row.number('n'));
  }

  /** Batches that the manufacturer owes a receipt for. An expired one counts until a later batch has its receipt. */
  unreceipted(): number {
    const sql = `SELECT count(*) AS c FROM batches WHERE delivery_state IN ('Waiting', 'Delivered') OR (delivery_state = 'Expired' AND n > ?)`;
    return this.db.get(sql, this.lastReceipted())?.number('c') ?? 0;
  }

  /** What is done is counted by what is not: it costs the same for a channel that has run for years. */
  counts(): { sealed: number; anchored: number; receipted: number } {
    const figure = (sql: string) => this.db.get(`SELECT ${sql}`)?.number('c') ?? 0;
    const sealed = figure('coalesce(max(n) + 1, 0) AS c FROM batches');
    const unanchored = figure(`count(*) AS c FROM batches WHERE ledger_state IN ('Sealed', 'Submitted', 'Failed')`);
    const unreceipted = figure(`count(*) AS c FROM batches WHERE delivery_state IN (${UNRECEIPTED})`);
    return { sealed, anchored: sealed - unanchored, receipted: sealed - unreceipted };
  }

  outgoing(n: number): OutgoingTransaction | undefined {
    const row = this.db.get('SELECT transaction_id, transaction_bytes FROM batches WHERE n = ? AND transaction_bytes IS NOT NULL', n);
    return row === undefined ? undefined : { transactionId: row.text('transaction_id'), bytes: row.bytes('transaction_bytes') };
  }

  setSubmitted(n: number, transaction: OutgoingTransaction): void {
    this.#step(
      `UPDATE batches SET ledger_state = 'Submitted', transaction_id = ?, transaction_bytes = ? WHERE n = ? AND ledger_state IN ('Sealed', 'Submitted')`,
      n,
      transaction.transactionId,
      transaction.bytes,
    );
  }

  /**
   * What the ledger said of a batch is final; the same once more does no harm.
   * @param transactionId that the ledger has it under, where it is not the one that was submitted
   * @throws RejectedError `NO_SUCH_BATCH`
   */
  setLedgerState(n: number, state: 'Anchored' | 'Failed', transactionId?: string): void {
    const sql = `UPDATE batches SET ledger_state = ?, transaction_id = coalesce(?, transaction_id), transaction_bytes = NULL
                 WHERE ledger_state IN ('Sealed', 'Submitted', ?) AND n = ?`;
    this.#step(sql, n, state, transactionId ?? null, state);
  }

  setDelivered(n: number): void {
    this.db.run(`UPDATE batches SET delivery_state = 'Delivered' WHERE n = ? AND delivery_state = 'Waiting'`, n);
  }

  /** A receipt may follow whatever became of the delivery before. */
  setReceipted(n: number, receipt: Envelope): void {
    this.db.transaction(() => {
      this.#step(`UPDATE batches SET delivery_state = 'Receipted', receipt = ? WHERE n = ?`, n, JSON.stringify(receipt));
      this.leaveCache(n);
    });
  }

  /**
   * Gives up the delivery, and what opens the batch, for good. The header stays, and what its anchor needs.
   * @returns false where the batch waits for no receipt any more
   */
  expire(n: number): boolean {
    const { tokens = null } = (this.batch(n)?.deliveryPackage ?? {}) as { readonly tokens?: Json };
    const left = this.db.cipher.sealJson(batchCell(n, 'package'), { tokens });
    return this.settle(n, 'Expired', () => {
      this.db.run('UPDATE batches SET package = ? WHERE n = ?', left, n);
      this.noteExpired(n);
    });
  }

  /** The oldest anchored batches that wait for a receipt, from a number on. */
  awaitingReceipt(from: number, limit: number): StoredBatch[] {
    // From the cache, which has them in order: after an outage there may be hundreds of thousands.
    const sql = `SELECT batches.* FROM cache CROSS JOIN batches ON batches.n = cache.n
                 WHERE cache.n >= ? AND ledger_state = 'Anchored' ORDER BY cache.n LIMIT ?`;
    return this.db.all(sql, from, limit).map((row) => this.#stored(row));
  }

  /** Batches without a receipt that precede this number, oldest first. */
  unreceiptedBefore(n: number): StoredBatch[] {
    return this.db
      .all(`SELECT * FROM batches WHERE delivery_state IN (${UNRECEIPTED}) AND n < ? ORDER BY n`, n)
      .map((row) => this.#stored(row));
  }

  fact(name: string): string | undefined {
    const row = this.db.get('SELECT value FROM facts WHERE name = ?', name);
    return row === undefined ? undefined : this.db.cipher.text(factCell(name), row.bytes('value'));
  }

  setFact(name: string, value: string): void {
    const sql = 'INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    this.db.run(sql, name, this.db.cipher.seal(factCell(name), value));
  }

  close(): void {
    this.db.close();
  }

  #setProgress(progress: ChannelProgress): void {
    const sql = 'INSERT INTO progress VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET state = excluded.state';
    this.db.run(sql, this.db.cipher.sealJson(PROGRESS, progress));
  }

  #step(sql: string, n: number, ...values: readonly (string | Uint8Array | null)[]): void {
    if (this.db.run(sql, ...values, n) === 0) {
      throw new RejectedError<StoreErrorCode>('NO_SUCH_BATCH', `Batch ${n} is not in the store, or not in a state that allows this step.`);
    }
  }

  #stored(row: Row): StoredBatch {
    const n = row.number('n');
    return {
      n,
      interval: row.number('interval'),
      through: row.number('through'),
      row: row.number('batch_row'),
      headerHash: row.text('header_hash'),
      header: row.json('header'),
      deliveryHash: row.text('delivery_hash'),
      deliveryPackage: this.db.cipher.json(batchCell(n, 'package'), row.bytes('package')),
      codes: this.db.cipher.json(batchCell(n, 'codes'), row.bytes('codes')),
      publishAtMs: row.number('publish_at'),
      ledgerState: row.text('ledger_state') as LedgerState,
      deliveryState: row.text('delivery_state') as DeliveryState,
      transactionId: row.text('transaction_id'),
      receipt: row.has('receipt') ? row.json('receipt') : undefined,
    };
  }
}

function openingCell(n: number, column: 'seed' | 'payload'): Cell {
  return { table: 'openings', row: n, column };
}
