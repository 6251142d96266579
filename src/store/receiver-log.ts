import type { Json } from '../core/index.ts';
import type { Database } from './database.ts';
import type { Row } from './row.ts';

/** Why an action stands where it stands. Times are ms since 1970. */
export interface ActionEntry {
  /** `<name of the action>:<batch number>`; the idempotency key ends with it. */
  readonly key: string;
  /** `failed` is a dead letter: it stays until somebody repeats it. */
  readonly state: 'waiting' | 'done' | 'failed';
  /** Tries that have begun. */
  readonly tries: number;
  /** Why the last try failed, or an empty text. */
  readonly error: string;
  readonly causedAtMs: number;
  /** Begin of the last try, 0 before the first. */
  readonly triedAtMs: number;
  /** The next try begins then at the earliest. */
  readonly dueAtMs: number;
}

/** How a try ended. */
export type ActionEnd =
  | { readonly state: 'done' | 'failed'; readonly error: string }
  | { readonly state: 'waiting'; readonly error: string; readonly dueAtMs: number };

/** An anchor or a deposit that an event of the ledger told of. */
export interface LedgerSighting {
  readonly n: number;
  readonly block: number;
  readonly event: Json;
}

/** Something that the module sends to the ledger by itself, once. */
export interface Claim {
  /** Names what is claimed: it stands once. */
  readonly id: string;
  readonly kind: 'dispute' | 'overdue' | 'receipt' | 'epochRecord' | 'epochObjection';
  /** Batch number, or interval where it is about one. */
  readonly n: number;
  /** The transaction's. */
  readonly body: Json;
  readonly state: 'due' | 'submitted' | 'done' | 'refused';
  readonly transactionId: string;
  /** The prepared transaction's bytes once it may have been sent. */
  readonly transaction: Uint8Array | undefined;
}

const ACTION_COLUMNS = {
  error: `TEXT NOT NULL DEFAULT ''`,
  caused_at: 'INTEGER NOT NULL DEFAULT 0',
  tried_at: 'INTEGER NOT NULL DEFAULT 0',
  due_at: 'INTEGER NOT NULL DEFAULT 0',
} as const;

const TABLES = [
  `CREATE TABLE IF NOT EXISTS actions (key TEXT PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0) STRICT`,
  `CREATE TABLE IF NOT EXISTS anchors (n INTEGER PRIMARY KEY, block INTEGER NOT NULL, event TEXT NOT NULL) STRICT`,
  `CREATE TABLE IF NOT EXISTS deposits (n INTEGER PRIMARY KEY, block INTEGER NOT NULL, event TEXT NOT NULL) STRICT`,
  `CREATE TABLE IF NOT EXISTS claims (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'due',
    tx_id TEXT NOT NULL DEFAULT '', tx BLOB
  ) STRICT`,
];

/** What a receiver has still to do, and what it saw on the ledger. Nothing in it is secret. */
export class ReceiverLog {
  readonly #db: Database;

  protected constructor(db: Database) {
    this.#db = db;
    for (const sql of TABLES) db.run(sql);
    const known = new Set(db.all(`SELECT name FROM pragma_table_info('actions')`).map((row) => row.text('name')));
    // Stores that were made before actions had times.
    for (const [name, type] of Object.entries(ACTION_COLUMNS))
      if (!known.has(name)) db.run(`ALTER TABLE actions ADD COLUMN ${name} ${type}`);
    db.run(`CREATE INDEX IF NOT EXISTS waiting_actions ON actions (due_at) WHERE state = 'waiting'`);
    db.run(`CREATE INDEX IF NOT EXISTS open_actions ON actions (state) WHERE state <> 'done'`);
  }

  /** True where the action is new; the same key never stands twice. */
  addAction(key: string, atMs = 0): boolean {
    const sql = `INSERT INTO actions (key, state, caused_at) VALUES (?, 'waiting', ?) ON CONFLICT (key) DO NOTHING`;
    return this.#db.run(sql, key, atMs) === 1;
  }

  waitingActions(): { key: string; tries: number }[] {
    return this.#db
      .all(`SELECT key, tries FROM actions WHERE state = 'waiting' ORDER BY rowid`)
      .map((row) => ({ key: row.text('key'), tries: row.number('tries') }));
  }

  /** Those whose next try may begin, oldest first. */
  dueActions(nowMs: number): ActionEntry[] {
    return this.#db.all(`SELECT * FROM actions WHERE state = 'waiting' AND due_at <= ? ORDER BY rowid`, nowMs).map(actionEntry);
  }

  /** When the next one that rests may begin; infinite where none waits. */
  nextActionDue(): number {
    const row = this.#db.get(`SELECT min(due_at) AS due FROM actions WHERE state = 'waiting' AND due_at > 0`);
    return row?.has('due') === true ? row.number('due') : Infinity;
  }

  /** All of them, oldest first. */
  actions(): ActionEntry[] {
    return this.#db.all('SELECT * FROM actions ORDER BY rowid').map(actionEntry);
  }

  /** How many wait for a try, and how many have failed for good. */
  actionCounts(): { readonly waiting: number; readonly failed: number } {
    const sql = `SELECT state, count(*) AS c FROM actions WHERE state <> 'done' GROUP BY state`;
    const counts = new Map(this.#db.all(sql).map((row) => [row.text('state'), row.number('c')]));
    return { waiting: counts.get('waiting') ?? 0, failed: counts.get('failed') ?? 0 };
  }

  /** A try begins: it counts, even if nobody lives to see its end. */
  beginAction(key: string, atMs: number): void {
    this.#db.run('UPDATE actions SET tries = tries + 1, tried_at = ? WHERE key = ?', atMs, key);
  }

  /** Of an action that waits: one that is done stays done. */
  endAction(key: string, end: ActionEnd): void {
    const dueAtMs = end.state === 'waiting' ? end.dueAtMs : 0;
    const sql = `UPDATE actions SET state = ?, error = ?, due_at = ? WHERE key = ? AND state = 'waiting'`;
    this.#db.run(sql, end.state, end.error, dueAtMs, key);
  }

  /** Lets a dead letter begin anew, with all its tries and the same key. @returns false where the key names none */
  repeatAction(key: string): boolean {
    return this.#db.run(`UPDATE actions SET state = 'waiting', tries = 0, due_at = 0 WHERE key = ? AND state = 'failed'`, key) === 1;
  }

  addAnchor({ n, block, event }: LedgerSighting): void {
    this.#db.run('INSERT INTO anchors VALUES (?, ?, ?) ON CONFLICT (n) DO NOTHING', n, block, JSON.stringify(event));
  }

  anchor(n: number): LedgerSighting | undefined {
    return this.#db.all('SELECT * FROM anchors WHERE n = ?', n).map(sighting)[0];
  }

  /** Anchors from a number on, ascending. */
  anchorsFrom(n: number): LedgerSighting[] {
    return this.#db.all('SELECT * FROM anchors WHERE n >= ? ORDER BY n', n).map(sighting);
  }

  lastAnchor(): LedgerSighting | undefined {
    return this.#db.all('SELECT * FROM anchors ORDER BY n DESC LIMIT 1').map(sighting)[0];
  }

  addDeposit({ n, block, event }: LedgerSighting): void {
    this.#db.run('INSERT INTO deposits VALUES (?, ?, ?) ON CONFLICT (n) DO NOTHING', n, block, JSON.stringify(event));
  }

  deposit(n: number): LedgerSighting | undefined {
    return this.#db.all('SELECT * FROM deposits WHERE n = ?', n).map(sighting)[0];
  }

  /** Numbers of deposits that neither a receipt nor a dispute has answered on the ledger, ascending. */
  unansweredDeposits(): number[] {
    const sql = `SELECT n FROM deposits WHERE NOT EXISTS (
      SELECT 1 FROM claims WHERE id IN ('receipt:' || deposits.n, 'dispute:' || deposits.n || ':deposit')) ORDER BY n`;
    return this.#db.all(sql).map((row) => row.number('n'));
  }

  /** True where nothing of this id was claimed before. */
  addClaim({ id, kind, n, body }: Pick<Claim, 'id' | 'kind' | 'n' | 'body'>): boolean {
    const sql = 'INSERT INTO claims (id, kind, n, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING';
    return this.#db.run(sql, id, kind, n, JSON.stringify(body)) === 1;
  }

  claim(id: string): Claim | undefined {
    return this.#db.all('SELECT * FROM claims WHERE id = ?', id).map(claimOf)[0];
  }

  /** Those that are not settled, oldest first. */
  openClaims(): Claim[] {
    return this.#db.all(`SELECT * FROM claims WHERE state IN ('due', 'submitted') ORDER BY rowid`).map(claimOf);
  }

  /** Before a claim is sent: the same bytes are sent again after a crash. */
  setClaimSubmitted(id: string, transactionId: string, transaction: Uint8Array): void {
    this.#db.run(`UPDATE claims SET state = 'submitted', tx_id = ?, tx = ? WHERE id = ?`, transactionId, transaction, id);
  }

  /** `due` where the ledger refuses it for now: another transaction will be prepared. */
  settleClaim(id: string, state: 'due' | 'done' | 'refused'): void {
    this.#db.run('UPDATE claims SET state = ?, tx = NULL WHERE id = ?', state, id);
  }
}

function actionEntry(row: Row): ActionEntry {
  return {
    key: row.text('key'),
    state: row.text('state') as ActionEntry['state'],
    tries: row.number('tries'),
    error: row.text('error'),
    causedAtMs: row.number('caused_at'),
    triedAtMs: row.number('tried_at'),
    dueAtMs: row.number('due_at'),
  };
}

function sighting(row: Row): LedgerSighting {
  return { n: row.number('n'), block: row.number('block'), event: row.json('event') };
}

function claimOf(row: Row): Claim {
  return {
    id: row.text('id'),
    kind: row.text('kind') as Claim['kind'],
    n: row.number('n'),
    body: row.json('body'),
    state: row.text('state') as Claim['state'],
    transactionId: row.text('tx_id'),
    transaction: row.has('tx') ? row.bytes('tx') : undefined,
  };
}
