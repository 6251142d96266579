import { closeSync, copyFileSync, existsSync, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import * as sqlite from 'node:sqlite';
import { dirname } from 'node:path';
import { type Bytes, RejectedError } from '../core/index.ts';
import { Database, type StoreForm } from './database.ts';
import { syncFile, syncFolder } from './durable-files.ts';
import type { StoreErrorCode } from './errors.ts';
import { storeFault } from './faults.ts';
import { periodFolder } from './period-keys.ts';
import { receiverForm, ReceiverStore } from './receiver-store.ts';
import { senderForm } from './sender-form.ts';
import { SenderStore } from './sender-store.ts';

/** A store as its operator names it. */
export interface StorePlace {
  readonly side: 'sender' | 'receiver';
  readonly file: string;
  readonly channel: string;
  /** Store key, 32 bytes. */
  readonly key: Bytes;
}

/** Sizes in bytes. */
export interface StoreSizes {
  /** The database itself, and what SQLite keeps beside it. */
  readonly store: number;
  readonly writeAhead: number;
  /** Of the database, what a compaction gives back. */
  readonly free: number;
  readonly journal: number;
  readonly periods: { readonly keys: number; readonly oldest: string; readonly newest: string };
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[];
}

/** Columns whose bytes make up nearly all of a table. */
const LARGE: Readonly<Record<StorePlace['side'], Readonly<Record<string, readonly string[]>>>> = {
  sender: {
    batches: ['header', 'package', 'codes', 'receipt', 'transaction_bytes'],
    openings: ['seed', 'payload'],
    epoch_records: ['proposal', 'countersigned'],
    facts: ['value'],
  },
  receiver: {
    deliveries: ['package', 'receipt', 'codes'],
    exceptions: ['header'],
    findings: ['message'],
    actions: ['key', 'error'],
    anchors: ['event'],
    deposits: ['event'],
    claims: ['body', 'tx'],
    facts: ['value'],
  },
};

/** Works beside a running module. @throws as opening a store does; RejectedError `STORE_UNREADABLE` where there is none */
export function storeSizes(place: StorePlace): StoreSizes {
  return withDatabase(formOf(place), (db) => {
    const pragma = (name: string): number => db.get(`PRAGMA ${name}`)?.number(name) ?? 0;
    const tables = Object.entries(LARGE[place.side]).map(([name, columns]) => {
      const bytes = columns.map((column) => `coalesce(sum(length(CAST(${column} AS BLOB))), 0)`).join(' + ');
      const row = db.get(`SELECT count(*) AS c, ${bytes} AS b FROM ${name}`);
      return { name, rows: row?.number('c') ?? 0, bytes: row?.number('b') ?? 0 };
    });
    return {
      store: sizeOf(place.file),
      writeAhead: sizeOf(`${place.file}-wal`),
      free: pragma('freelist_count') * pragma('page_size'),
      journal: sizeOf(`${place.file}.journal`) + sizeOf(`${place.file}.journal-wal`),
      periods: periodsOf(place.file),
      tables,
    };
  });
}

/** Gives back the space of what was erased. The module must not run. @throws UnavailableError `STORE_BUSY` where it does */
export function compactStore(place: StorePlace): { readonly before: number; readonly after: number } {
  const before = sizeOf(place.file) + sizeOf(`${place.file}-wal`);
  withDatabase({ ...formOf(place), exclusive: true }, (db) => {
    db.exec('VACUUM');
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  });
  return { before, after: sizeOf(place.file) + sizeOf(`${place.file}-wal`) };
}

/** What SQLite itself finds wrong with the file's structure; empty where it is sound. Works beside a running module. */
export function structureFaults(place: StorePlace): string[] {
  return withDatabase(formOf(place), (db) => {
    const faults = db
      .all('PRAGMA integrity_check')
      .map((row) => row.text('integrity_check'))
      .filter((line) => line !== 'ok');
    const foreign = db.all('PRAGMA foreign_key_check').map((row) => `a row of table ${row.text('table')} belongs to nothing`);
    return [...faults, ...foreign];
  });
}

/**
 * Copies a store into a new file, also while its module runs. The copy has no period keys, and a sender's not the ratchet
 * that seeds of later batches come from: it serves proofs only. It keeps the epoch keys of the dispute window, which those need.
 * @throws RejectedError `STORE_UNREADABLE` where the target is there already
 */
export async function backUpStore(place: StorePlace, target: string): Promise<void> {
  if (existsSync(target)) throw unusable(`${target} is there already. Give a new name: a backup never overwrites another.`);
  const unfinished = `${target}.part`;
  try {
    rmSync(unfinished, { force: true });
    closeSync(openSync(unfinished, 'wx', 0o600));
    const source = new Database({ ...formOf(place), mustExist: true });
    try {
      await copyPages(source.raw, unfinished);
    } finally {
      source.close();
    }
    retireCopy({ ...place, file: unfinished });
    linkSync(unfinished, target);
    syncFolder(dirname(target));
  } catch (error) {
    throw storeFault(error, target);
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${unfinished}${suffix}`, { force: true });
  }
}

/**
 * Puts a backup in a store's place; what was there is kept beside it. The module must not run.
 * @returns where the store that was there stands now; `undefined` where there was none
 * @throws RejectedError where the backup is not one of this store, or is damaged; UnavailableError `STORE_BUSY`
 */
export function restoreStore(place: StorePlace, backupFile: string, nowMs: number): string | undefined {
  const unfinished = `${place.file}.restoring`;
  try {
    rmSync(unfinished, { force: true });
    if (!existsSync(backupFile)) throw unusable(`${backupFile} is not there. Give the path of a backup.`);
    copyFileSync(backupFile, unfinished);
    const [fault] = structureFaults({ ...place, file: unfinished });
    if (fault !== undefined) throw unusable(`${backupFile} is damaged (${fault}). Take an older backup.`);
    retireCopy({ ...place, file: unfinished });
    const aside = setAside(place, nowMs);
    renameSync(unfinished, place.file);
    syncFolder(dirname(place.file));
    return aside;
  } catch (error) {
    throw storeFault(error, place.file);
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${unfinished}${suffix}`, { force: true });
  }
}

/** In one step, so that no write of a running module makes it begin again. */
async function copyPages(source: sqlite.DatabaseSync, target: string): Promise<void> {
  // Newer than the rest of what is used here: Node has it since 22.16.
  const { backup } = sqlite as Partial<typeof sqlite>;
  if (backup === undefined) throw unusable('A backup needs Node 22.16 or newer. Install a newer Node.');
  await backup(source, target, { rate: 2 ** 31 - 1 });
}

/** What a backup must not be able to do, it is made unable to do, remnants in free pages included. */
function retireCopy({ side, file, channel, key }: StorePlace): void {
  const store = side === 'sender' ? new SenderStore(file, channel, key) : new ReceiverStore(file, channel, key);
  try {
    if (store instanceof SenderStore) store.retire();
    else store.setUndecided();
  } finally {
    store.close();
  }
  withDatabase({ ...formOf({ side, file, channel, key }), exclusive: true }, (db) => {
    db.exec('VACUUM');
    // One file with everything in it: what is copied or moved must not lack its write-ahead log.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  });
  syncFile(file);
}

/** Nothing is ever overwritten by a restore: the damaged store may still be wanted for an inquiry. */
function setAside(place: StorePlace, nowMs: number): string | undefined {
  if (!existsSync(place.file)) return undefined;
  requireStopped(place);
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '');
  const aside = `${place.file}.before-${stamp}`;
  for (const suffix of ['', '-wal', '-shm', '.journal', '.journal-wal', '.journal-shm']) {
    if (existsSync(place.file + suffix)) renameSync(place.file + suffix, aside + suffix);
  }
  return aside;
}

/** A store that is too damaged to be opened is in nobody's use either. */
function requireStopped(place: StorePlace): void {
  try {
    new Database({ ...formOf(place), exclusive: true }).close();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'STORE_BUSY') throw error;
  }
}

function formOf({ side, file, channel, key }: StorePlace): StoreForm {
  const form = side === 'sender' ? senderForm(file, channel, key) : receiverForm(file, channel, key);
  return { ...form, mustExist: true };
}

function withDatabase<Result>(form: StoreForm, work: (db: Database) => Result): Result {
  const db = new Database(form);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

function periodsOf(file: string): StoreSizes['periods'] {
  const folder = periodFolder(file);
  const days = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^\d+$/.test(name))
        .map((name) => new Date(Number(name) * 86_400_000).toISOString().slice(0, 10))
        .toSorted()
    : [];
  return { keys: days.length, oldest: days[0] ?? '', newest: days.at(-1) ?? '' };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function unusable(message: string): RejectedError<StoreErrorCode> {
  return new RejectedError('STORE_UNREADABLE', message);
}
