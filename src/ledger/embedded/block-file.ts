import { open } from 'node:fs/promises';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Bytes, canonicalJson, fromUtf8, type Json, parseCanonical, RejectedError } from '../../core/index.ts';
import {
  blockHash,
  type EmbeddedBlock,
  type Genesis,
  genesisBlock,
  genesisWrites,
  parseBlock,
  parseEmbeddedGenesis,
  parseGenesisBlock,
  type StateReader,
} from '../../contract/index.ts';
import type { BlockInfo, LedgerErrorCode } from '../port.ts';
import { corrupt, createDatabase, openDatabase, translate, tryBegin } from './schema.ts';

/** The ledger's file: blocks, an index of transactions, and the state that they lead to. All calls are synchronous. */
export class BlockFile implements StateReader {
  readonly file: string;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<
    Record<'value' | 'putValue' | 'block' | 'last' | 'putBlock' | 'transaction' | 'putTransaction', StatementSync>
  >;

  constructor(file: string) {
    this.file = file;
    this.#database = openDatabase(file);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#statements = {
      value: prepare('SELECT value FROM state WHERE key = ?'),
      putValue: prepare('INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'),
      block: prepare('SELECT hash, bytes FROM blocks WHERE number = ?'),
      last: prepare('SELECT max(number) AS number FROM blocks'),
      putBlock: prepare('INSERT INTO blocks (number, hash, bytes) VALUES (?, ?, ?)'),
      transaction: prepare('SELECT block, place FROM transactions WHERE tx_id = ?'),
      putTransaction: prepare('INSERT INTO transactions (tx_id, block, place) VALUES (?, ?, ?)'),
    };
  }

  get(key: string): Promise<Json | undefined> {
    const value = this.#guard(() => this.#statements.value.get(key)?.['value']);
    return Promise.resolve(typeof value === 'string' ? (JSON.parse(value) as Json) : undefined);
  }

  /** No certification contract runs beside the embedded ledger yet: every module is without a status. */
  foreign(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  genesis(): Genesis {
    return parseGenesisBlock(this.#bytes(0));
  }

  lastNumber(): number {
    return Number(this.#guard(() => this.#statements.last.get()?.['number']));
  }

  /** A block as parsed JSON; its stored hash is checked. @throws RejectedError `LEDGER_CORRUPT` */
  json(number: number): Json {
    return this.#bytes(number);
  }

  block(number: number): EmbeddedBlock {
    try {
      return parseBlock(this.#bytes(number));
    } catch (error) {
      throw this.#damaged(number, error);
    }
  }

  info(number: number): BlockInfo {
    if (number === 0) return { number, hash: blockHash(genesisBlock(this.genesis())), timeMs: 0 };
    const block = this.block(number);
    return { number, hash: blockHash(block), timeMs: block.timeMs };
  }

  /** Block and place of a committed transaction. */
  find(txId: string): { block: number; place: number } | undefined {
    const row = this.#guard(() => this.#statements.transaction.get(txId));
    return row === undefined ? undefined : { block: Number(row['block']), place: Number(row['place']) };
  }

  /** Takes the write lock; false where another connection has it. */
  tryBegin(): boolean {
    return this.#guard(() => tryBegin(this.#database));
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  /** Writes a block with its effects. Nothing is committed yet. */
  append(block: EmbeddedBlock, writes: Iterable<readonly [string, Json]>): void {
    this.#guard(() => {
      this.#statements.putBlock.run(block.number, blockHash(block), canonicalJson(block));
      block.transactions.forEach(({ txId }, place) => this.#statements.putTransaction.run(txId, block.number, place));
      for (const [key, value] of writes) this.#statements.putValue.run(key, fromUtf8(canonicalJson(value)));
    });
  }

  commit(): void {
    this.#guard(() => this.#database.exec('COMMIT'));
  }

  close(): void {
    this.#database.close();
  }

  #bytes(number: number): Json {
    const row = this.#guard(() => this.#statements.block.get(number));
    if (!(row?.['bytes'] instanceof Uint8Array)) throw corrupt(this.file, `block ${number} is missing`);
    const value = this.#parse(number, row['bytes']);
    if (blockHash(value as unknown as EmbeddedBlock) !== row['hash'])
      throw corrupt(this.file, `block ${number} does not have its stored hash`);
    return value;
  }

  #parse(number: number, bytes: Bytes): Json {
    try {
      return parseCanonical(new Uint8Array(bytes));
    } catch (error) {
      throw this.#damaged(number, error);
    }
  }

  #damaged(number: number, error: unknown): unknown {
    return error instanceof RejectedError ? corrupt(this.file, `block ${number} cannot be read`, error) : error;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translate(this.file, error);
    }
  }
}

/**
 * Makes the file of a new embedded ledger with its genesis as block 0.
 * @throws RejectedError `LEDGER_EXISTS`, `BAD_SHAPE`, `BAD_GENESIS`, `BAD_KEY`
 */
export async function createEmbeddedLedger({ file, genesis }: { readonly file: string; readonly genesis: Genesis }): Promise<void> {
  const block = genesisBlock(parseEmbeddedGenesis(genesis));
  await claim(file);
  createDatabase(file, (database) => {
    database.prepare('INSERT INTO blocks (number, hash, bytes) VALUES (0, ?, ?)').run(blockHash(block), canonicalJson(block));
    const put = database.prepare('INSERT INTO state (key, value) VALUES (?, ?)');
    for (const [key, value] of genesisWrites(genesis)) put.run(key, fromUtf8(canonicalJson(value)));
  });
}

/** Two programs that create the same ledger at once: one of them is told. */
async function claim(file: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.close();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new RejectedError<LedgerErrorCode>(
      'LEDGER_EXISTS',
      `${file} exists already. Give another path, or use the ledger that is there.`,
      { cause },
    );
  }
}
