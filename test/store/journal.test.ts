import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { Journal, type JournalEntry } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { fault, temporaryFolder } from './folders.ts';

interface Place {
  readonly file: string;
  readonly purpose: string;
  readonly key: Uint8Array;
}

function place(t: TestContext): Place {
  return { file: join(temporaryFolder(t), 'store.db.journal'), purpose: 'channel', key: STORE_KEY };
}

async function opened(t: TestContext, at: Place): Promise<Journal> {
  const journal = await Journal.open(at);
  t.after(() => journal.close());
  return journal;
}

function entries(n: number, from: number, to: number): JournalEntry[] {
  return Array.from({ length: to - from }, (_, i) => ({ n, text: `entry ${from + i} of batch ${n}` }));
}

async function appendAll(journal: Journal, list: readonly JournalEntry[]): Promise<void> {
  await Promise.all(list.map(({ n, text }) => journal.append(n, text)));
}

describe('a journal', () => {
  test('holds its entries in the order of the calls, over a restart too', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    const all = [...entries(4, 0, 300), ...entries(5, 0, 1), ...entries(4, 300, 400)];
    await appendAll(journal, all);
    assert.deepEqual(await journal.entries(), all);
    await journal.close();
    const again = await opened(t, at);
    assert.deepEqual(await again.entries(), all);
    await again.append(5, 'last');
    assert.deepEqual((await again.entries()).at(-1), { n: 5, text: 'last' });
  });

  test('has on the disk what it resolved, while it is open', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    const before = statSync(`${at.file}-wal`).size;
    await journal.append(0, 'x'.repeat(10_000));
    assert.ok(statSync(`${at.file}-wal`).size >= before + 10_000);
  });

  test('writes what comes at the same time with few syncs', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    await appendAll(journal, entries(0, 0, 1000));
    await journal.close();
    const file = new DatabaseSync(at.file);
    const chunks = Number(file.prepare('SELECT count(*) AS c FROM chunks').get()?.['c']);
    file.close();
    assert.ok(chunks <= 3, `${chunks} chunks for 1000 entries of one turn`);
  });

  test('erases the batches below a number, again without harm, and tells the bytes that are left', async (t) => {
    const journal = await opened(t, place(t));
    await appendAll(journal, [...entries(1, 0, 50), ...entries(2, 0, 50), ...entries(3, 0, 50)]);
    const full = journal.bytes();
    assert.ok(full > 150 * 20);
    for (const _ of [1, 2]) {
      await journal.erase(3);
      assert.deepEqual(await journal.entries(), entries(3, 0, 50));
    }
    assert.ok(journal.bytes() < full / 2);
    await journal.erase(4);
    assert.equal(journal.bytes(), 0);
    assert.deepEqual(await journal.entries(), []);
  });

  test('writes what waits before it closes, and takes nothing after', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    const waiting = appendAll(journal, entries(0, 0, 100));
    await Promise.all([journal.close(), journal.close()]);
    await waiting;
    const late = await fault('STORE_FAILED', () => journal.append(0, 'late'));
    assert.match(late.message, /is closed/);
    await fault('STORE_FAILED', () => journal.entries());
    await fault('STORE_FAILED', () => journal.erase(1));
    assert.equal((await (await opened(t, at)).entries()).length, 100);
  });

  test('is opened once: a second module on the same store is refused', { timeout: 30_000 }, async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    await journal.append(0, 'mine');
    const busy = await fault('STORE_BUSY', () => Journal.open(at));
    assert.equal(busy.kind, 'Unavailable');
    assert.match(busy.message, /in use by another process/);
    await journal.append(0, 'still mine');
  });

  test('holds nothing in the clear, and opens under its own key and for its own channel alone', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    await journal.append(0, 'canary of a reading');
    for (const suffix of ['', '-wal']) assert.ok(!readFileSync(at.file + suffix).includes('canary'), suffix);
    await journal.close();
    assert.ok(!readFileSync(at.file).includes('canary'));
    await fault('STORE_KEY_WRONG', () => Journal.open({ ...at, key: new Uint8Array(32) }));
    await fault('OTHER_STORE', () => Journal.open({ ...at, purpose: 'other' }));
  });

  test('with one changed byte of a chunk is damaged, and so is one whose chunk says another batch', async (t) => {
    const at = place(t);
    const journal = await opened(t, at);
    await journal.append(7, 'a reading');
    await journal.close();
    const change = (sql: string, ...values: (number | Uint8Array)[]): void => {
      const file = new DatabaseSync(at.file);
      file.prepare(sql).run(...values);
      file.close();
    };
    const kept = chunkOf(at.file);
    const changed = Uint8Array.from(kept);
    changed[30]! ^= 1;
    change('UPDATE chunks SET entries = ?', changed);
    const damaged = await fault('STORE_DAMAGED', () => read(at));
    assert.equal(damaged.kind, 'Fatal');
    assert.match(damaged.message, /chunks\.entries .* does not decrypt.*dcmb store check/);
    change('UPDATE chunks SET entries = ?, n = ?', kept, 8);
    await fault('STORE_DAMAGED', () => read(at));
    change('UPDATE chunks SET n = ?', 7);
    assert.deepEqual(await read(at), [{ n: 7, text: 'a reading' }]);
  });

  test('that can not be opened says why, and leaves no thread behind', async (t) => {
    const at = place(t);
    writeFileSync(at.file, 'Not a database, but long enough to look like one. '.repeat(100));
    await fault('STORE_UNREADABLE', () => Journal.open(at));
    await fault('STORE_UNREADABLE', () => Journal.open({ ...at, file: join(at.file, 'journal') }));
    await fault('STORE_FAILED', () => Journal.open({ ...at, key: new Uint8Array(5) }));
  });
});

/** Opens, reads, closes. */
async function read(at: Place): Promise<readonly JournalEntry[]> {
  const journal = await Journal.open(at);
  return journal.entries().finally(() => journal.close());
}

function chunkOf(path: string): Uint8Array {
  const file = new DatabaseSync(path);
  const chunk = file.prepare('SELECT entries FROM chunks').get()?.['entries'];
  file.close();
  assert.ok(chunk instanceof Uint8Array);
  return chunk;
}
