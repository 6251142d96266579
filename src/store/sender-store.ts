import type { Envelope, Json } from '../core/index.ts';
import { RejectedError } from '../core/index.ts';
import { Database, type Row, type StoreErrorCode } from './database.ts';

/** States of a batch towards the ledger, the same names in OPC UA and on the command line. */
export type LedgerState = 'Sealed' | 'Submitted' | 'Anchored' | 'Failed';
/** States of a batch towards the receiver. */
export type DeliveryState = 'Waiting' | 'Delivered' | 'Receipted' | 'Deposited' | 'Disputed' | 'Expired';

/** Everything that a seal fixes of a batch. */
export interface SealedBatch {
  readonly n: number;
  readonly interval: number;
  readonly through: number;
  readonly row: number;
  readonly headerHash: string;
  readonly header: Envelope;
  readonly deliveryHash: string;
  /** What `FetchDelivery` gives, as JSON. */
  readonly deliveryPackage: Json;
  /** Batch seed, 32 bytes. */
  readonly seed: Uint8Array;
  /** What a later disclosure needs: readings of each tag, as JSON. */
  readonly payload: string;
  /** Condition code of each stream at the interval's end. */
  readonly codes: readonly number[];
  /** From here on it may be seen and fetched, ms since 1970. */
  readonly publishAtMs: number;
}

/** What the next seal starts from. Stored in the transaction that seals a batch. */
export interface ChannelProgress {
  readonly nextBatch: number;
  /** Interval in which the next reading falls, and how many batches of it are sealed. */
  readonly interval: number;
  readonly row: number;
  /** Where the next batch begins, ms since 1970: after a call that is within the interval. */
  readonly fromMs: number;
  readonly prev: string;
  /** State of the seed ratchet at `interval`, base64url. */
  readonly ratchet: string;
  /** Oldest epoch key that is still kept, base64url, and its epoch. */
  readonly epochKey: string;
  readonly epoch: number;
  /** Next sequence number of each tag. */
  readonly sequences: readonly number[];
  /** Snapshot of the clearing, which outlives a call batch and a restart. */
  readonly clearing: Json;
}

/** A batch without what opens it, see `SenderStore.opening`. */
export interface StoredBatch extends Omit<SealedBatch, 'seed' | 'payload'> {
  readonly ledgerState: LedgerState;
  readonly deliveryState: DeliveryState;
  readonly transactionId: string;
  readonly receipt: Envelope | undefined;
}

/** A ledger transaction that was prepared: its bytes are stored before they are submitted, and resubmitted as they are. */
export interface OutgoingTransaction {
  readonly transactionId: string;
  readonly bytes: Uint8Array;
}

const SCHEMA = `
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL) STRICT;
CREATE TABLE batches (
  n INTEGER PRIMARY KEY, interval INTEGER NOT NULL, through INTEGER NOT NULL, batch_row INTEGER NOT NULL,
  header_hash TEXT NOT NULL, header TEXT NOT NULL, delivery_hash TEXT NOT NULL, package TEXT NOT NULL,
  codes TEXT NOT NULL, publish_at INTEGER NOT NULL,
  ledger_state TEXT NOT NULL DEFAULT 'Sealed', delivery_state TEXT NOT NULL DEFAULT 'Waiting',
  transaction_id TEXT NOT NULL DEFAULT '', transaction_bytes BLOB, receipt TEXT,
  UNIQUE (interval, batch_row)
) STRICT;
-- Apart from the batches: what is read for the other side must cost the same however many readings there were.
CREATE TABLE openings (n INTEGER PRIMARY KEY REFERENCES batches, seed BLOB NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE INDEX by_ledger_state ON batches (ledger_state, n);
CREATE INDEX by_delivery_state ON batches (delivery_state, n);
CREATE TABLE epoch_records (
  k INTEGER PRIMARY KEY, proposal TEXT NOT NULL, countersigned TEXT, committed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** The owner's store of one channel. All methods are synchronous and durable on return. */
export class SenderStore {
  readonly #db: Database;

  constructor(file: string, channel: string) {
    this.#db = new Database(file, `sender ${channel}`, SCHEMA);
  }

  progress(): ChannelProgress | undefined {
    return this.#db.get('SELECT state FROM progress')?.json<ChannelProgress>('state');
  }

  /** Before the first seal. */
  begin(progress: ChannelProgress): void {
    this.#db.transaction(() => this.#setProgress(progress));
  }

  /** Batch and what follows from it, in one transaction. */
  seal(batch: SealedBatch, progress: ChannelProgress): void {
    this.#db.transaction(() => {
      this.#db.run(
        `INSERT INTO batches (n, interval, through, batch_row, header_hash, header, delivery_hash, package, codes, publish_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        batch.n,
        batch.interval,
        batch.through,
        batch.row,
        batch.headerHash,
        JSON.stringify(batch.header),
        batch.deliveryHash,
        JSON.stringify(batch.deliveryPackage),
        JSON.stringify(batch.codes),
        batch.publishAtMs,
      );
      this.#db.run('INSERT INTO openings (n, seed, payload) VALUES (?, ?, ?)', batch.n, batch.seed, batch.payload);
      this.#setProgress(progress);
    });
  }

  /** What opens a batch later: its seed and readings. Read for nobody but the owner's own disclosure. */
  opening(n: number): Pick<SealedBatch, 'seed' | 'payload'> | undefined {
    const row = this.#db.get('SELECT seed, payload FROM openings WHERE n = ?', n);
    return row === undefined ? undefined : { seed: new Uint8Array(row.bytes('seed')), payload: row.text('payload') };
  }

  batch(n: number): StoredBatch | undefined {
    const row = this.#db.get('SELECT * FROM batches WHERE n = ?', n);
    return row === undefined ? undefined : storedBatch(row);
  }

  batches(from: number, to: number): StoredBatch[] {
    return this.#db.all('SELECT * FROM batches WHERE n BETWEEN ? AND ? ORDER BY n', from, to).map(storedBatch);
  }

  /** Numbers of batches that the ledger has not settled yet, oldest first. */
  unanchored(): number[] {
    return this.#db.all(`SELECT n FROM batches WHERE ledger_state IN ('Sealed', 'Submitted') ORDER BY n`).map((row) => row.number('n'));
  }

  unreceipted(): number {
    return this.#db.get(`SELECT count(*) AS c FROM batches WHERE delivery_state IN ('Waiting', 'Delivered')`)?.number('c') ?? 0;
  }

  counts(): { sealed: number; anchored: number; receipted: number } {
    const count = (where: string) => this.#db.get(`SELECT count(*) AS c FROM batches ${where}`)?.number('c') ?? 0;
    return {
      sealed: count(''),
      anchored: count(`WHERE ledger_state = 'Anchored'`),
      receipted: count(`WHERE delivery_state = 'Receipted'`),
    };
  }

  outgoing(n: number): OutgoingTransaction | undefined {
    const row = this.#db.get('SELECT transaction_id, transaction_bytes FROM batches WHERE n = ? AND transaction_bytes IS NOT NULL', n);
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

  /** What the ledger said of a batch is final; the same once more does no harm. @throws RejectedError `NO_SUCH_BATCH` */
  setLedgerState(n: number, state: 'Anchored' | 'Failed'): void {
    const sql = `UPDATE batches SET ledger_state = ?, transaction_bytes = NULL WHERE ledger_state IN ('Sealed', 'Submitted', ?) AND n = ?`;
    this.#step(sql, n, state, state);
  }

  setDelivered(n: number): void {
    this.#db.run(`UPDATE batches SET delivery_state = 'Delivered' WHERE n = ? AND delivery_state = 'Waiting'`, n);
  }

  setReceipted(n: number, receipt: Envelope): void {
    this.#step(`UPDATE batches SET delivery_state = 'Receipted', receipt = ? WHERE n = ?`, n, JSON.stringify(receipt));
  }

  /** Highest number of a receipted batch, or -1. */
  lastReceipted(): number {
    const row = this.#db.get(`SELECT max(n) AS n FROM batches WHERE delivery_state = 'Receipted'`);
    return row?.has('n') === true ? row.number('n') : -1;
  }

  /** Batches without a receipt that precede this number, oldest first. */
  unreceiptedBefore(n: number): StoredBatch[] {
    return this.#db.all(`SELECT * FROM batches WHERE delivery_state <> 'Receipted' AND n < ? ORDER BY n`, n).map(storedBatch);
  }

  epochRecord(k: number): { proposal: Envelope; countersigned: Envelope | undefined; committed: boolean } | undefined {
    const row = this.#db.get('SELECT * FROM epoch_records WHERE k = ?', k);
    if (row === undefined) return undefined;
    return {
      proposal: row.json('proposal'),
      countersigned: row.has('countersigned') ? row.json('countersigned') : undefined,
      committed: row.number('committed') === 1,
    };
  }

  lastEpochRecord(): number {
    const row = this.#db.get('SELECT max(k) AS k FROM epoch_records');
    return row?.has('k') === true ? row.number('k') : -1;
  }

  proposeEpochRecord(k: number, proposal: Envelope): void {
    this.#db.run('INSERT INTO epoch_records (k, proposal) VALUES (?, ?)', k, JSON.stringify(proposal));
  }

  setCountersigned(k: number, envelope: Envelope): void {
    this.#db.run('UPDATE epoch_records SET countersigned = ? WHERE k = ?', JSON.stringify(envelope), k);
  }

  setEpochRecordCommitted(k: number): void {
    this.#db.run('UPDATE epoch_records SET committed = 1 WHERE k = ?', k);
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

  #setProgress(progress: ChannelProgress): void {
    this.#db.run('INSERT INTO progress VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET state = excluded.state', JSON.stringify(progress));
  }

  #step(sql: string, n: number, ...values: readonly (string | Uint8Array)[]): void {
    if (this.#db.run(sql, ...values, n) === 0) {
      throw new RejectedError<StoreErrorCode>('NO_SUCH_BATCH', `Batch ${n} is not in the store, or not in a state that allows this step.`);
    }
  }
}

function storedBatch(row: Row): StoredBatch {
  return {
    n: row.number('n'),
    interval: row.number('interval'),
    through: row.number('through'),
    row: row.number('batch_row'),
    headerHash: row.text('header_hash'),
    header: row.json('header'),
    deliveryHash: row.text('delivery_hash'),
    deliveryPackage: row.json('package'),
    codes: row.json('codes'),
    publishAtMs: row.number('publish_at'),
    ledgerState: row.text('ledger_state') as LedgerState,
    deliveryState: row.text('delivery_state') as DeliveryState,
    transactionId: row.text('transaction_id'),
    receipt: row.has('receipt') ? row.json('receipt') : undefined,
  };
}
