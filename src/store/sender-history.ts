import type { Database } from './database.ts';
import type { Row } from './row.ts';
import type { Cell } from './row-cipher.ts';
import type { DeliveryState, LedgerState } from './sender-batch.ts';
import { SenderCache } from './sender-cache.ts';

/** Of a batch of a grid point, what the manufacturer saw of it. */
export interface ShownBatch {
  readonly n: number;
  readonly interval: number;
  readonly through: number;
  /** Condition code of each stream at the interval's end. */
  readonly codes: readonly number[];
  /** Codes of the publications before that, as [publication][stream]; empty where the interval has one. */
  readonly within: readonly (readonly number[])[];
  /** When the batch was to be shown, ms since 1970. */
  readonly publishAtMs: number;
  readonly ledgerState: LedgerState;
  readonly deliveryState: DeliveryState;
  readonly transactionId: string;
}

export interface ShownRange {
  readonly fromInterval: number;
  readonly toInterval: number;
  /** Highest batch number. */
  readonly throughBatch: number;
  readonly newestFirst: boolean;
  readonly most: number;
}

/** Apart from the batches: most channels publish once an interval and have no such row. */
const TABLE = 'CREATE TABLE IF NOT EXISTS shown_within (n INTEGER PRIMARY KEY REFERENCES batches, codes BLOB NOT NULL) STRICT';

/** The part of the owner's store that tells what was shown. */
export class SenderHistory extends SenderCache {
  constructor(db: Database) {
    super(db);
    db.run(TABLE);
  }

  /**
   * Batches of grid points whose interval lies in a range, in order of their intervals. Costs the same however old they are.
   * One that stands for several intervals counts by all of them.
   */
  shownBatches({ fromInterval, toInterval, throughBatch, newestFirst, most }: ShownRange): ShownBatch[] {
    const sql = `SELECT batches.*, shown_within.codes AS within FROM batches LEFT JOIN shown_within ON shown_within.n = batches.n
      WHERE batch_row = 0 AND batches.n <= ? AND through >= ? AND interval <= ?
        AND interval >= coalesce((SELECT max(interval) FROM batches WHERE interval <= ? AND batch_row = 0), ?)
      ORDER BY interval ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    return this.db.all(sql, throughBatch, fromInterval, toInterval, fromInterval, fromInterval, most).map((row) => this.#shown(row));
  }

  /** In the transaction of a seal. */
  protected keepWithin(n: number, codes: readonly (readonly number[])[]): void {
    if (codes.length > 0) this.db.run('INSERT INTO shown_within VALUES (?, ?)', n, this.db.cipher.sealJson(withinCell(n), codes));
  }

  #shown(row: Row): ShownBatch {
    const n = row.number('n');
    return {
      n,
      interval: row.number('interval'),
      through: row.number('through'),
      codes: this.db.cipher.json(batchCell(n, 'codes'), row.bytes('codes')),
      within: row.has('within') ? this.db.cipher.json(withinCell(n), row.bytes('within')) : [],
      publishAtMs: row.number('publish_at'),
      ledgerState: row.text('ledger_state') as LedgerState,
      deliveryState: row.text('delivery_state') as DeliveryState,
      transactionId: row.text('transaction_id'),
    };
  }
}

export function batchCell(n: number, column: 'package' | 'codes'): Cell {
  return { table: 'batches', row: n, column };
}

function withinCell(n: number): Cell {
  return { table: 'shown_within', row: n, column: 'codes' };
}
