import type { Json } from '../core/index.ts';
import type { Database } from './database.ts';
import { ReceiverLog } from './receiver-log.ts';
import type { Row } from './row.ts';
import type { Cell } from './row-cipher.ts';

/** Of a verified delivery of a grid point, what its condition was. */
export interface ReceivedCodes {
  readonly n: number;
  readonly interval: number;
  readonly codes: readonly number[];
  /** What the ledger's event of its anchor told; undefined where none is known. */
  readonly anchor: Json | undefined;
}

const INDEX = 'CREATE INDEX IF NOT EXISTS by_interval ON deliveries (interval, batch_row)';

/** The part of the manufacturer's store that tells what was received. */
export class ReceiverHistory extends ReceiverLog {
  readonly #db: Database;

  protected constructor(db: Database) {
    super(db);
    this.#db = db;
    db.run(INDEX);
  }

  /**
   * Deliveries of grid points whose interval lies in a range, both ends included, in order of their intervals; before them
   * the one that precedes, for it may stand for several intervals.
   */
  receivedCodes(fromInterval: number, toInterval: number, newestFirst: boolean, most: number): ReceivedCodes[] {
    const sql = `SELECT deliveries.n, interval, codes, event FROM deliveries LEFT JOIN anchors ON anchors.n = deliveries.n
      WHERE batch_row = 0 AND interval <= ?
        AND interval >= coalesce((SELECT max(interval) FROM deliveries WHERE interval <= ? AND batch_row = 0), ?)
      ORDER BY interval ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`;
    return this.#db.all(sql, toInterval, fromInterval, fromInterval, most).map((row) => this.#received(row));
  }

  #received(row: Row): ReceivedCodes {
    const n = row.number('n');
    return {
      n,
      interval: row.number('interval'),
      codes: this.#db.cipher.json(deliveryCell(n, 'codes'), row.bytes('codes')),
      anchor: row.has('event') ? row.json('event') : undefined,
    };
  }
}

export function deliveryCell(n: number, column: 'package' | 'codes'): Cell {
  return { table: 'deliveries', row: n, column };
}
