import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { receivedBatch, SOME_ENVELOPE } from './batches.ts';
import { STORE_KEY } from '../support/store-key.ts';

function inMemory(t: TestContext): ReceiverStore {
  const store = new ReceiverStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  return store;
}

describe("a receiver's store", () => {
  test('finds batches again after a restart, byte for byte, with what is not acknowledged', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const first = new ReceiverStore(join(folder, 'store.db'), 'channel', STORE_KEY);
    for (const n of [0, 1, 2]) first.store(receivedBatch(n), [`act:${n}`]);
    first.setAcknowledged(1);
    first.endAction('act:1', { state: 'done', error: '' });
    first.close();
    const again = new ReceiverStore(join(folder, 'store.db'), 'channel', STORE_KEY);
    t.after(() => again.close());
    assert.deepEqual(again.batches(0, 2), [receivedBatch(0), receivedBatch(1), receivedBatch(2)]);
    assert.deepEqual(again.batches(1, 1), [receivedBatch(1)]);
    assert.deepEqual(again.last(), receivedBatch(2));
    assert.deepEqual(
      again.unacknowledged().map(({ n }) => n),
      [0, 2],
    );
    assert.deepEqual(again.waitingActions(), [
      { key: 'act:0', tries: 0 },
      { key: 'act:2', tries: 0 },
    ]);
    assert.deepEqual(again.counts(), { received: 3, acknowledged: 1, findings: 0 });
  });

  test('counts what came since it was asked last, whatever is acknowledged meanwhile and refused', (t) => {
    const store = inMemory(t);
    assert.deepEqual(store.counts(), { received: 0, acknowledged: 0, findings: 0 });
    for (const n of [0, 1]) store.store(receivedBatch(n), []);
    store.setAcknowledged(1);
    for (const _ of [1, 2]) assert.deepEqual(store.counts(), { received: 2, acknowledged: 1, findings: 0 });
    assert.throws(() => store.store(receivedBatch(2), [undefined as never]));
    assert.equal(store.counts().received, 2);
    for (const n of [2, 4]) store.store(receivedBatch(n), []);
    store.setAcknowledged(0);
    assert.deepEqual(store.counts(), { received: 4, acknowledged: 2, findings: 0 });
  });

  test('stores a batch together with its actions or not at all', (t) => {
    const store = inMemory(t);
    store.store(receivedBatch(0), ['act:0']);
    assert.throws(
      () => store.store(receivedBatch(0), ['act:other']),
      (error) => hasCode(error, 'STORE_CONFLICT'),
    );
    assert.throws(() => store.store(receivedBatch(1), ['act:1', undefined as never]));
    assert.equal(store.batch(1), undefined);
    assert.deepEqual(
      store.waitingActions().map(({ key }) => key),
      ['act:0'],
    );
  });

  test('settles a batch as an exception beside the deliveries, once', (t) => {
    const store = inMemory(t);
    assert.deepEqual([store.lastNumber(), store.digestThrough(9)], [-1, undefined]);
    const exception = { n: 0, reason: 'disputed', headerHash: 'hash', header: SOME_ENVELOPE } as const;
    store.addException(exception);
    assert.deepEqual([store.lastNumber(), store.digestThrough(0)], [0, undefined]);
    store.store(receivedBatch(1), []);
    store.addException({ ...exception, n: 2, header: undefined });
    assert.deepEqual([store.lastNumber(), store.digestThrough(2)], [2, receivedBatch(1).digest]);
    assert.deepEqual([store.exception(0), store.exception(1)?.n, store.exception(2)?.header], [exception, undefined, undefined]);
    assert.deepEqual(
      [1, 2].map((n) => store.exceptionsThrough(n).map((each) => each.n)),
      [[0], [0, 2]],
    );
    store.addException(exception);
    assert.throws(
      () => store.addException({ ...exception, reason: 'expired' }),
      (error) => hasCode(error, 'STORE_CONFLICT'),
    );
  });

  test('keeps a finding once, however often it is made', (t) => {
    const store = inMemory(t);
    const finding = { atMs: 5, n: 3, code: 'WRONG', message: 'It does not fit.' };
    assert.equal(store.addFinding(finding), true);
    assert.equal(store.addFinding({ ...finding, atMs: 6 }), false);
    assert.equal(store.addFinding({ ...finding, n: 4 }), true);
    assert.deepEqual(store.findings(), [finding, { ...finding, n: 4 }]);
    assert.equal(store.counts().findings, 2);
  });

  test('the last codes are those of a grid point, not of a call', (t) => {
    const store = inMemory(t);
    assert.equal(store.lastCodes(), undefined);
    store.store(receivedBatch(0, { row: 1, codes: [-1, -1] }), []);
    assert.equal(store.lastCodes(), undefined);
    store.store(receivedBatch(1, { codes: [4, 5] }), []);
    store.store(receivedBatch(2, { row: 1, codes: [-1, -1] }), []);
    assert.deepEqual(store.lastCodes(), [4, 5]);
  });

  test('a fact is replaced by a later one', (t) => {
    const store = inMemory(t);
    assert.equal(store.fact('a'), undefined);
    store.setFact('a', '1');
    store.setFact('a', '2');
    assert.equal(store.fact('a'), '2');
  });
});
