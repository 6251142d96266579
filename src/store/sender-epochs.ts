import type { Envelope } from '../core/index.ts';
import type { Database } from './database.ts';

/** An epoch record on its way from the proposal to the ledger. */
export interface StoredEpochRecord {
  readonly proposal: Envelope;
  /** When this version of the proposal was made, ms since 1970. */
  readonly proposedAtMs: number;
  /** When the first version of it was made. */
  readonly firstProposedAtMs: number;
  readonly countersigned: Envelope | undefined;
  readonly committed: boolean;
}

export const EPOCHS_SCHEMA = `
CREATE TABLE epoch_records (
  k INTEGER PRIMARY KEY, proposal TEXT NOT NULL, first_proposed_at INTEGER NOT NULL, proposed_at INTEGER NOT NULL, countersigned TEXT, committed INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Versions that were replaced: the other side may have signed one of them before it could see the next.
CREATE TABLE former_proposals (k INTEGER NOT NULL, proposal TEXT NOT NULL) STRICT;
CREATE INDEX former_by_k ON former_proposals (k);
`;

/** The part of the owner's store that keeps the epoch records. All methods are synchronous and durable on return. */
export class SenderEpochs {
  protected readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  epochRecord(k: number): StoredEpochRecord | undefined {
    const row = this.db.get('SELECT * FROM epoch_records WHERE k = ?', k);
    if (row === undefined) return undefined;
    return {
      proposal: row.json('proposal'),
      proposedAtMs: row.number('proposed_at'),
      firstProposedAtMs: row.number('first_proposed_at'),
      countersigned: row.has('countersigned') ? row.json('countersigned') : undefined,
      committed: row.number('committed') === 1,
    };
  }

  /** Number of the newest record, or -1. */
  lastEpochRecord(): number {
    const row = this.db.get('SELECT max(k) AS k FROM epoch_records');
    return row?.has('k') === true ? row.number('k') : -1;
  }

  proposeEpochRecord(k: number, proposal: Envelope, atMs: number): void {
    const sql = 'INSERT INTO epoch_records (k, proposal, first_proposed_at, proposed_at) VALUES (?, ?, ?, ?)';
    this.db.run(sql, k, JSON.stringify(proposal), atMs, atMs);
  }

  /**
   * Puts another proposal in the place of one that nobody has countersigned; the same once more does no harm.
   * @returns false where somebody has
   */
  replaceProposal(k: number, proposal: Envelope, atMs: number): boolean {
    const text = JSON.stringify(proposal);
    const former = `INSERT INTO former_proposals (k, proposal)
                    SELECT k, proposal FROM epoch_records WHERE k = ? AND countersigned IS NULL AND proposal <> ?`;
    const replace = 'UPDATE epoch_records SET proposal = ?, proposed_at = ? WHERE k = ? AND countersigned IS NULL';
    return this.db.transaction(() => {
      this.db.run(former, k, text);
      return this.db.run(replace, text, atMs, k) === 1;
    });
  }

  /** Every proposal that was made under this number, while it is not on the ledger; the newest first. */
  proposals(k: number): Envelope[] {
    const sql = 'SELECT proposal FROM epoch_records WHERE k = ? UNION ALL SELECT proposal FROM former_proposals WHERE k = ?';
    return this.db.all(sql, k, k).map((row) => row.json<Envelope>('proposal'));
  }

  setCountersigned(k: number, envelope: Envelope): void {
    this.db.run('UPDATE epoch_records SET countersigned = ? WHERE k = ?', JSON.stringify(envelope), k);
  }

  setEpochRecordCommitted(k: number): void {
    this.db.transaction(() => {
      this.db.run('UPDATE epoch_records SET committed = 1 WHERE k = ?', k);
      this.db.run('DELETE FROM former_proposals WHERE k = ?', k);
    });
  }
}
