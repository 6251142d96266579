import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { type SealedBatch, SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, sealedBatch, SOME_ENVELOPE } from './batches.ts';

const EMPTY = { batches: 0, openable: 0, bytes: 0, oldestMs: undefined, oldestOpenableMs: undefined, newestOpenableMs: undefined };

function withBatches(t: TestContext, count: number, changes: Partial<SealedBatch> = {}): SenderStore {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  store.begin(progressOf(0));
  for (let n = 0; n < count; n++) seal(store, n, changes);
  return store;
}

function seal(store: SenderStore, n: number, changes: Partial<SealedBatch> = {}): void {
  store.seal(sealedBatch(n, { deliveryPackage: { tokens: n, delivery: 'x'.repeat(100) }, ...changes }), progressOf(n + 1));
}

const stateOf = (store: SenderStore, n: number): string | undefined => store.batch(n)?.deliveryState;

describe('the cache', () => {
  test('holds every sealed batch with its size and time until it has a receipt', (t) => {
    const store = withBatches(t, 0);
    assert.deepEqual(store.cacheFill(), EMPTY);
    seal(store, 0);
    const one = store.cacheFill();
    assert.ok(one.bytes > 100 + 32, 'delivery, seed and payload');
    seal(store, 1);
    seal(store, 2);
    assert.deepEqual(store.cacheFill(), {
      batches: 3,
      openable: 3,
      bytes: 3 * one.bytes,
      oldestMs: 0,
      oldestOpenableMs: 0,
      newestOpenableMs: 2000,
    });
    store.setReceipted(0, SOME_ENVELOPE);
    store.setReceipted(2, SOME_ENVELOPE);
    assert.deepEqual(store.cacheFill(), { ...one, oldestMs: 1000, oldestOpenableMs: 1000, newestOpenableMs: 1000 });
  });

  test('is left by a batch that is deposited, disputed or expired, each of which a receipt may follow', (t) => {
    const store = withBatches(t, 4);
    assert.deepEqual([store.setDeposited(0), store.setDisputed(1), store.expire(2)], [true, true, true]);
    assert.equal(store.cacheFill().batches, 1);
    assert.deepEqual(
      [0, 1, 2, 3].map((n) => stateOf(store, n)),
      ['Deposited', 'Disputed', 'Expired', 'Waiting'],
    );
    for (const n of [0, 1, 2]) store.setReceipted(n, SOME_ENVELOPE);
    assert.deepEqual(
      [0, 1, 2].map((n) => stateOf(store, n)),
      ['Receipted', 'Receipted', 'Receipted'],
    );
  });

  test('a batch that has a receipt is neither deposited, disputed, expired nor robbed of its readings', (t) => {
    const store = withBatches(t, 1);
    store.setReceipted(0, SOME_ENVELOPE);
    assert.deepEqual([store.setDeposited(0), store.setDisputed(0), store.expire(0), store.dropOpening(0)], [false, false, false, false]);
    assert.equal(stateOf(store, 0), 'Receipted');
    assert.ok(store.opening(0) !== undefined);
    assert.deepEqual(store.drops(), []);
  });

  test('what retention erased is no readings that could be dropped, and no drop', (t) => {
    const store = withBatches(t, 2);
    const day = 86_400_000;
    seal(store, 2, { publishAtMs: 3 * day });
    assert.equal(store.eraseExpired(3 * day, 1), 2);
    const { batches, openable, oldestMs, oldestOpenableMs } = store.cacheFill();
    assert.deepEqual(
      { batches, openable, oldestMs, oldestOpenableMs },
      { batches: 3, openable: 1, oldestMs: 0, oldestOpenableMs: 3 * day },
    );
    assert.deepEqual([store.nextToDrop('readings', 'oldest'), store.dropOpening(0), store.unsaidDrops()], [2, false, undefined]);
  });
});

describe('dropping', () => {
  test('readings takes what opens the batch, and leaves header and delivery; a second time it changes nothing', (t) => {
    const store = withBatches(t, 2);
    const { seed, payload, ...rest } = sealedBatch(0, { deliveryPackage: { tokens: 0, delivery: 'x'.repeat(100) } });
    const before = store.cacheFill().bytes;
    assert.equal(store.dropOpening(0), true);
    assert.equal(store.dropOpening(0), false);
    assert.equal(store.opening(0), undefined);
    const { ledgerState, deliveryState, transactionId, receipt, ...stored } = store.batch(0)!;
    assert.deepEqual(stored, rest);
    assert.deepEqual([ledgerState, deliveryState, transactionId, receipt], ['Sealed', 'Waiting', '', undefined]);
    assert.equal(store.cacheFill().bytes, before - seed.length - payload.length);
    assert.deepEqual(store.drops(), [{ n: 0, what: 'readings', saidIn: undefined }]);
    assert.equal(store.unreceipted(), 2);
  });

  test('a delivery takes the readings too, and leaves what the anchor needs', (t) => {
    const store = withBatches(t, 1);
    assert.equal(store.expire(0), true);
    assert.equal(store.expire(0), false);
    assert.deepEqual([stateOf(store, 0), store.batch(0)?.deliveryPackage, store.opening(0)], ['Expired', { tokens: 0 }, undefined]);
    assert.deepEqual(
      store.drops().map(({ n, what }) => [n, what]),
      [
        [0, 'readings'],
        [0, 'delivery'],
      ],
    );
    assert.deepEqual(store.unanchored(), [0]);
    assert.deepEqual(store.cacheFill(), EMPTY);
  });

  test('a batch that is not there is refused without a trace', (t) => {
    const store = withBatches(t, 1);
    assert.deepEqual([store.dropOpening(7), store.expire(7), store.setDeposited(7)], [false, false, false]);
    assert.deepEqual(store.drops(), []);
  });

  test('begins at either end, readings first, and spares deliveries below a receipt', (t) => {
    const store = withBatches(t, 5);
    assert.deepEqual([store.nextToDrop('readings', 'oldest'), store.nextToDrop('readings', 'newest')], [0, 4]);
    store.dropOpening(0);
    store.dropOpening(4);
    assert.deepEqual([store.nextToDrop('readings', 'oldest'), store.nextToDrop('readings', 'newest')], [1, 3]);
    store.setReceipted(2, SOME_ENVELOPE);
    assert.deepEqual([store.nextToDrop('delivery', 'oldest'), store.nextToDrop('delivery', 'newest')], [3, 4]);
    for (const n of [3, 4]) store.setReceipted(n, SOME_ENVELOPE);
    assert.deepEqual([store.nextToDrop('delivery', 'oldest'), store.nextToDrop('readings', 'oldest')], [undefined, 1]);
  });

  test('is to be said until a batch whose gap record names it is sealed, also after a restart', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const open = (): SenderStore => new SenderStore(join(folder, 'store.db'), 'channel', STORE_KEY);
    const first = open();
    first.begin(progressOf(0));
    for (let n = 0; n < 5; n++) seal(first, n);
    assert.equal(first.unsaidDrops(), undefined);
    first.dropOpening(1);
    first.dropOpening(3);
    first.close();
    const again = open();
    t.after(() => again.close());
    assert.deepEqual(again.unsaidDrops(), { fromBatch: 1, toBatch: 3 });
    again.dropOpening(4);
    seal(again, 5, { drops: { fromBatch: 1, toBatch: 3 } });
    assert.deepEqual(again.unsaidDrops(), { fromBatch: 4, toBatch: 4 });
    seal(again, 6);
    assert.deepEqual(again.unsaidDrops(), { fromBatch: 4, toBatch: 4 }, 'a batch that does not name it does not settle it');
    seal(again, 7, { drops: { fromBatch: 4, toBatch: 4 } });
    assert.equal(again.unsaidDrops(), undefined);
    assert.deepEqual(
      again.drops().map(({ n, saidIn }) => [n, saidIn]),
      [
        [1, 5],
        [3, 5],
        [4, 7],
      ],
    );
  });

  test('is said again where the batch that said it expires: nobody may have read it', (t) => {
    const store = withBatches(t, 3);
    store.dropOpening(0);
    seal(store, 3, { drops: { fromBatch: 0, toBatch: 0 } });
    assert.equal(store.unsaidDrops(), undefined);
    store.expire(3);
    assert.deepEqual(store.unsaidDrops(), { fromBatch: 0, toBatch: 3 });
  });

  test('counts as owed a receipt until a later batch has one: expiry alone ends no suspension', (t) => {
    const store = withBatches(t, 4);
    for (const n of [0, 1, 2]) store.expire(n);
    assert.equal(store.unreceipted(), 4);
    store.setReceipted(1, SOME_ENVELOPE);
    assert.equal(store.unreceipted(), 2);
    store.setReceipted(3, SOME_ENVELOPE);
    assert.equal(store.unreceipted(), 0);
  });
});

describe('what may be deposited', () => {
  test('are anchored batches without a receipt, oldest first', (t) => {
    const store = withBatches(t, 5);
    for (const n of [0, 1, 3, 4]) store.setLedgerState(n, 'Anchored');
    store.setReceipted(0, SOME_ENVELOPE);
    store.setDelivered(1);
    store.expire(3);
    const numbers = (from: number, limit: number): number[] => store.awaitingReceipt(from, limit).map(({ n }) => n);
    assert.deepEqual([numbers(0, 9), numbers(0, 1), numbers(2, 9)], [[1, 4], [1], [4]]);
  });

  test('an interval is anchored with the batch of its grid point, or with one that spans it', (t) => {
    const store = withBatches(t, 2);
    seal(store, 2, { interval: 2, through: 5 });
    seal(store, 3, { interval: 6, through: 6, row: 1 });
    for (const n of [0, 2, 3]) store.setLedgerState(n, 'Anchored');
    assert.deepEqual(
      [0, 1, 2, 4, 5, 6].map((interval) => store.isIntervalAnchored(interval)),
      [true, false, true, true, true, false],
    );
  });
});
