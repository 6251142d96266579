import type { BatchRange, SealedBatch } from './sender-batch.ts';
import { SenderEpochs } from './sender-epochs.ts';

/** What a drop takes of a batch: what opens it later (readings and seed), or what the manufacturer fetches. */
export type DroppedPart = 'readings' | 'delivery';

/** What the cache holds: all batches that are neither receipted, deposited, disputed nor expired. */
export interface CacheFill {
  readonly batches: number;
  /** Those of them whose readings and seed are still kept. */
  readonly openable: number;
  /** Of readings, seeds and deliveries together, as text before encryption. */
  readonly bytes: number;
  /** Publication time of the oldest one, ms since 1970; undefined where the cache is empty. */
  readonly oldestMs: number | undefined;
  /** The same of the oldest and the newest one whose readings are still kept. */
  readonly oldestOpenableMs: number | undefined;
  readonly newestOpenableMs: number | undefined;
}

/** One part of one batch that was given up. */
export interface Drop {
  readonly n: number;
  readonly what: DroppedPart;
  /** Number of the batch whose gap record says so; undefined until one does. */
  readonly saidIn: number | undefined;
}

export const CACHE_SCHEMA = `
-- The batches in the cache alone, a few bytes each, so that its fill is known at every grid point.
CREATE TABLE cache (
  n INTEGER PRIMARY KEY REFERENCES batches, at INTEGER NOT NULL, opening_bytes INTEGER NOT NULL, delivery_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE drops (n INTEGER NOT NULL REFERENCES batches, what TEXT NOT NULL, said_in INTEGER, PRIMARY KEY (n, what)) STRICT;
CREATE INDEX unsaid_drops ON drops (n) WHERE said_in IS NULL;
CREATE INDEX drops_by_saying ON drops (said_in);
`;

/**
 * The part of the owner's store that knows which batches are in the cache, how large they are, what was dropped of them, and
 * whether a gap record has said so. All methods are synchronous and durable on return.
 */
export class SenderCache extends SenderEpochs {
  cacheFill(): CacheFill {
    const row = this.db.get(
      `SELECT count(*) AS batches, count(CASE WHEN opening_bytes > 0 THEN 1 END) AS openable,
         coalesce(sum(opening_bytes + delivery_bytes), 0) AS bytes, min(at) AS oldest,
         min(CASE WHEN opening_bytes > 0 THEN at END) AS oldest_openable, max(CASE WHEN opening_bytes > 0 THEN at END) AS newest_openable
       FROM cache`,
    );
    const time = (column: string): number | undefined => (row?.has(column) === true ? row.number(column) : undefined);
    return {
      batches: row?.number('batches') ?? 0,
      openable: row?.number('openable') ?? 0,
      bytes: row?.number('bytes') ?? 0,
      oldestMs: time('oldest'),
      oldestOpenableMs: time('oldest_openable'),
      newestOpenableMs: time('newest_openable'),
    };
  }

  /**
   * The next batch of which this part may be dropped. A delivery may be while no later batch has a receipt: below that the
   * manufacturer has settled what became of it.
   */
  nextToDrop(what: DroppedPart, end: 'oldest' | 'newest'): number | undefined {
    const order = end === 'oldest' ? 'ASC' : 'DESC';
    const row =
      what === 'readings'
        ? this.db.get(`SELECT n FROM cache WHERE opening_bytes > 0 ORDER BY n ${order} LIMIT 1`)
        : this.db.get(`SELECT n FROM cache WHERE n > ? ORDER BY n ${order} LIMIT 1`, this.lastReceipted());
    return row?.number('n');
  }

  /** Highest number of a receipted batch, or -1. */
  lastReceipted(): number {
    const row = this.db.get(`SELECT max(n) AS n FROM batches WHERE delivery_state = 'Receipted'`);
    return row?.has('n') === true ? row.number('n') : -1;
  }

  /**
   * Gives up what opens a batch later, for good. Its header and delivery stay.
   * @returns false where there is nothing to drop any more, or the batch is not in the cache
   */
  dropOpening(n: number): boolean {
    return this.db.transaction(() => {
      if (this.db.run('UPDATE cache SET opening_bytes = 0 WHERE n = ? AND opening_bytes > 0', n) === 0) return false;
      if (this.db.run('DELETE FROM openings WHERE n = ?', n) > 0) this.#noteDrop(n, 'readings');
      return true;
    });
  }

  /** @returns false where the batch waits for no receipt any more */
  setDeposited(n: number): boolean {
    return this.settle(n, 'Deposited');
  }

  /** Both parties have signed that it gets no receipt. @returns as `setDeposited` does */
  setDisputed(n: number): boolean {
    return this.settle(n, 'Disputed');
  }

  /** Batches that the ledger has not settled, and the publication time of the oldest one, ms since 1970. */
  ledgerBacklog(): { readonly batches: number; readonly oldestMs: number | undefined } {
    const row = this.db.get(`SELECT count(*) AS c, min(publish_at) AS oldest FROM batches WHERE ledger_state IN ('Sealed', 'Submitted')`);
    return { batches: row?.number('c') ?? 0, oldestMs: row?.has('oldest') === true ? row.number('oldest') : undefined };
  }

  /** True where the batch of the interval's grid point is anchored. */
  isIntervalAnchored(interval: number): boolean {
    const sql = 'SELECT through, ledger_state FROM batches WHERE batch_row = 0 AND interval <= ? ORDER BY interval DESC LIMIT 1';
    const row = this.db.get(sql, interval);
    return row !== undefined && row.number('through') >= interval && row.text('ledger_state') === 'Anchored';
  }

  /** The span of all drops that no gap record has said yet. */
  unsaidDrops(): BatchRange | undefined {
    const row = this.db.get('SELECT min(n) AS low, max(n) AS high FROM drops WHERE said_in IS NULL');
    return row?.has('low') === true ? { fromBatch: row.number('low'), toBatch: row.number('high') } : undefined;
  }

  /** All drops, by batch number. */
  drops(): Drop[] {
    return this.db.all('SELECT n, what, said_in FROM drops ORDER BY n, what DESC').map((row) => ({
      n: row.number('n'),
      what: row.text('what') as DroppedPart,
      saidIn: row.has('said_in') ? row.number('said_in') : undefined,
    }));
  }

  /** Within the transaction that seals the batch. */
  protected addToCache({ n, publishAtMs, seed, payload, deliveryPackage }: SealedBatch): void {
    const sql = 'INSERT INTO cache (n, at, opening_bytes, delivery_bytes) VALUES (?, ?, ?, ?)';
    this.db.run(sql, n, publishAtMs, seed.length + payload.length, JSON.stringify(deliveryPackage).length);
  }

  /** Takes a batch that waits for a receipt out of the cache, with what goes with it, in one transaction. */
  protected settle(n: number, state: 'Deposited' | 'Disputed' | 'Expired', also: () => void = () => undefined): boolean {
    return this.db.transaction(() => {
      const sql = `UPDATE batches SET delivery_state = ? WHERE n = ? AND delivery_state IN ('Waiting', 'Delivered')`;
      if (this.db.run(sql, state, n) === 0) return false;
      also();
      this.leaveCache(n);
      return true;
    });
  }

  /** Where retention has erased what opens a batch, there is nothing left to drop. */
  protected forgetErased(): void {
    this.db.run('UPDATE cache SET opening_bytes = 0 WHERE opening_bytes > 0 AND n NOT IN (SELECT n FROM openings)');
  }

  /** Within the transaction that settles the batch. */
  protected leaveCache(n: number): void {
    this.db.run('DELETE FROM cache WHERE n = ?', n);
  }

  /** Within the transaction that expires the batch. What its own gap record said nobody may ever read: it is to be said again. */
  protected noteExpired(n: number): void {
    if (this.db.run('DELETE FROM openings WHERE n = ?', n) > 0) this.#noteDrop(n, 'readings');
    this.#noteDrop(n, 'delivery');
    this.db.run('UPDATE drops SET said_in = NULL WHERE said_in = ?', n);
  }

  /** Within the transaction that seals batch `n`, whose gap record names the range. */
  protected markSaid({ fromBatch, toBatch }: BatchRange, n: number): void {
    this.db.run('UPDATE drops SET said_in = ? WHERE said_in IS NULL AND n BETWEEN ? AND ?', n, fromBatch, toBatch);
  }

  #noteDrop(n: number, what: DroppedPart): void {
    this.db.run('INSERT INTO drops (n, what) VALUES (?, ?) ON CONFLICT DO NOTHING', n, what);
  }
}
