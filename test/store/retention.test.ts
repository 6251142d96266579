import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, sealedBatch } from './batches.ts';
import { temporaryFolder } from './folders.ts';

const DAY_MS = 86_400_000;

/** A store with one batch at noon of each of five days. */
function fiveDays(t: TestContext): { file: string; store: SenderStore } {
  const file = join(temporaryFolder(t), 'store.db');
  const store = new SenderStore(file, 'channel', STORE_KEY);
  t.after(() => store.close());
  store.begin(progressOf(0));
  for (let n = 0; n < 5; n++) store.seal(sealedBatch(n, { publishAtMs: (n + 0.5) * DAY_MS }), progressOf(n + 1));
  return { file, store };
}

const openable = (store: SenderStore): number[] => [0, 1, 2, 3, 4].filter((n) => store.opening(n) !== undefined);
const keys = (file: string): string[] => readdirSync(`${file}.periods`).toSorted();

describe('the retention of payload and seeds', () => {
  test('each day has a key file of its own, for its owner alone', (t) => {
    const { file } = fiveDays(t);
    assert.deepEqual(keys(file), ['0', '1', '2', '3', '4']);
    assert.equal(statSync(`${file}.periods`).mode & 0o777, 0o700);
    for (const day of keys(file)) assert.equal(statSync(join(`${file}.periods`, day)).mode & 0o777, 0o600);
  });

  test('nothing goes before its day has ended retentionDays ago, and all of the day then', (t) => {
    const { file, store } = fiveDays(t);
    assert.equal(store.eraseExpired(3 * DAY_MS - 1, 2), 0);
    assert.deepEqual(openable(store), [0, 1, 2, 3, 4]);
    assert.equal(store.eraseExpired(3 * DAY_MS, 2), 1);
    assert.deepEqual(
      [openable(store), keys(file)],
      [
        [1, 2, 3, 4],
        ['1', '2', '3', '4'],
      ],
    );
    assert.equal(store.eraseExpired(3 * DAY_MS, 2), 0);
    assert.equal(store.eraseExpired(100 * DAY_MS, 2), 4);
    assert.deepEqual([openable(store), keys(file)], [[], []]);
  });

  test('what proves a batch stays', (t) => {
    const { store } = fiveDays(t);
    const before = store.batches(0, 4);
    store.eraseExpired(100 * DAY_MS, 2);
    assert.deepEqual(store.batches(0, 4), before);
  });

  test('a copy of the store from before opens nothing of that day any more', (t) => {
    const { file, store } = fiveDays(t);
    store.close();
    const copy = join(file, '..', 'copy.db');
    copyFileSync(file, copy);
    const owner = new SenderStore(file, 'channel', STORE_KEY);
    owner.eraseExpired(3 * DAY_MS, 2);
    owner.close();
    cpSync(`${file}.periods`, `${copy}.periods`, { recursive: true });
    const old = new SenderStore(copy, 'channel', STORE_KEY);
    t.after(() => old.close());
    assert.deepEqual(openable(old), [1, 2, 3, 4]);
    assert.equal(old.batches(0, 4).length, 5);
  });

  test('a crash between the key and the rows is made good by the next call', (t) => {
    const { file, store } = fiveDays(t);
    rmSync(join(`${file}.periods`, '0'));
    store.close();
    const again = new SenderStore(file, 'channel', STORE_KEY);
    t.after(() => again.close());
    assert.deepEqual(openable(again), [1, 2, 3, 4]);
    assert.equal(again.eraseExpired(3 * DAY_MS, 2), 1);
  });

  test('a batch that is sealed for a day whose key was destroyed gets a new one, and only that opens', (t) => {
    const { file, store } = fiveDays(t);
    store.eraseExpired(3 * DAY_MS, 2);
    store.seal(sealedBatch(5, { publishAtMs: 0.6 * DAY_MS }), progressOf(6));
    assert.ok(existsSync(join(`${file}.periods`, '0')));
    assert.equal(store.opening(0), undefined);
    assert.equal(store.opening(5)?.payload, 'payload 5');
  });
});
