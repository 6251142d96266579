import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { DcmbError } from '../../src/core/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import { progressOf, sealedBatch } from './batches.ts';
import { STORE_KEY } from '../support/store-key.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function refusal(code: string, work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof DcmbError, String(error));
    assert.equal(error.code, code, error.message);
    return error.message;
  }
  throw new assert.AssertionError({ message: `It was let through, expected ${code}.` });
}

describe('a store file', () => {
  test('can be read by its owner alone, and so can the files that SQLite puts beside it', (t) => {
    const path = folder(t);
    const before = process.umask(0o022);
    t.after(() => void process.umask(before));
    const store = new SenderStore(join(path, 'data', 'store.db'), 'channel', STORE_KEY);
    t.after(() => store.close());
    store.begin(progressOf(0));
    const files = readdirSync(join(path, 'data'));
    assert.ok(files.includes('store.db-wal'), files.join());
    for (const file of files) assert.equal(statSync(join(path, 'data', file)).mode & 0o777, 0o600, file);
    assert.equal(statSync(join(path, 'data')).mode & 0o777, 0o700);
  });

  test('of one channel is refused to another, and that of a sender to a receiver', (t) => {
    const file = join(folder(t), 'store.db');
    new SenderStore(file, 'one', STORE_KEY).close();
    assert.match(
      refusal('OTHER_STORE', () => new SenderStore(file, 'two', STORE_KEY)),
      /store\.db was made for "sender one", not for "sender two"/,
    );
    refusal('OTHER_STORE', () => new ReceiverStore(file, 'one', STORE_KEY));
    new SenderStore(file, 'one', STORE_KEY).close();
  });

  test('that something else made is refused and left as it is', (t) => {
    const file = join(folder(t), 'other.db');
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE theirs (x TEXT); INSERT INTO theirs VALUES (1)');
    other.close();
    const before = readFileSync(file);
    refusal('OTHER_STORE', () => new SenderStore(file, 'channel', STORE_KEY));
    assert.deepEqual(readFileSync(file), before);
  });

  test('that is no database is refused with its name, and left as it is', (t) => {
    const file = join(folder(t), 'notes.txt');
    writeFileSync(file, 'Not a database, but long enough to look like one. '.repeat(100));
    const before = readFileSync(file);
    assert.match(
      refusal('STORE_UNREADABLE', () => new SenderStore(file, 'channel', STORE_KEY)),
      /notes\.txt can't be opened as a store/,
    );
    assert.deepEqual(readFileSync(file), before);
  });

  test('in a place where nothing can be made is refused with its name', (t) => {
    const file = join(folder(t), 'file');
    writeFileSync(file, '');
    assert.match(
      refusal('STORE_UNREADABLE', () => new SenderStore(join(file, 'store.db'), 'channel', STORE_KEY)),
      /file\/store\.db can't be opened as a store/,
    );
  });

  test('with a column of another form is told as damaged, without its content', (t) => {
    const file = join(folder(t), 'store.db');
    const store = new SenderStore(file, 'channel', STORE_KEY);
    store.begin(progressOf(0));
    store.seal(sealedBatch(0), progressOf(1));
    store.close();
    const damage = new DatabaseSync(file);
    damage.exec(`UPDATE progress SET state = CAST('{"canary' AS BLOB); UPDATE batches SET header = 'canary'`);
    damage.close();
    const damaged = new SenderStore(file, 'channel', STORE_KEY);
    t.after(() => damaged.close());
    for (const look of [() => damaged.progress(), () => damaged.batch(0)]) {
      const message = refusal('STORE_DAMAGED', look);
      assert.doesNotMatch(message, /canary/);
      assert.match(message, /restore a backup/);
    }
  });

  test('whose tables are not those that were made is damaged', (t) => {
    const file = join(folder(t), 'store.db');
    new SenderStore(file, 'channel', STORE_KEY).close();
    const damage = new DatabaseSync(file);
    damage.exec('ALTER TABLE facts RENAME COLUMN value TO other');
    damage.close();
    const damaged = new SenderStore(file, 'channel', STORE_KEY);
    t.after(() => damaged.close());
    assert.match(
      refusal('STORE_DAMAGED', () => damaged.fact('name')),
      /the layout of .*store\.db is not the one that it was made with/,
    );
  });

  test('that another process holds in a transaction is told as busy, once waiting was in vain', (t) => {
    const file = join(folder(t), 'store.db');
    new SenderStore(file, 'channel', STORE_KEY).close();
    const other = new DatabaseSync(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (x)');
    t.after(() => other.close());
    refusal('STORE_BUSY', () => new SenderStore(file, 'channel', STORE_KEY));
  });
});
