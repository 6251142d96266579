import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { bytes, progressOf, sealedBatch, SOME_ENVELOPE } from './batches.ts';
import { STORE_KEY } from '../support/store-key.ts';

function inMemory(t: TestContext): SenderStore {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  return store;
}

/** A store with batches 0 to `count - 1`. */
function withBatches(t: TestContext, count: number): SenderStore {
  const store = inMemory(t);
  store.begin(progressOf(0));
  for (let n = 0; n < count; n++) store.seal(sealedBatch(n), progressOf(n + 1));
  return store;
}

const refusedStep = (error: unknown): boolean => hasCode(error, 'NO_SUCH_BATCH');

describe('sealing', () => {
  test('stores batch and progress, which a later start finds again, byte for byte', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const first = new SenderStore(join(folder, 'store.db'), 'channel', STORE_KEY);
    assert.equal(first.progress(), undefined);
    first.begin(progressOf(0));
    assert.deepEqual(first.progress(), progressOf(0));
    first.seal(sealedBatch(0), progressOf(1));
    first.setFact('name', 'value');
    first.close();
    const again = new SenderStore(join(folder, 'store.db'), 'channel', STORE_KEY);
    t.after(() => again.close());
    assert.deepEqual(again.progress(), progressOf(1));
    assert.equal(again.fact('name'), 'value');
    const { ledgerState, deliveryState, transactionId, receipt, ...sealed } = again.batch(0)!;
    assert.deepEqual({ ...sealed, ...again.opening(0) }, sealedBatch(0));
    assert.deepEqual(
      { ledgerState, deliveryState, transactionId, receipt },
      {
        ledgerState: 'Sealed',
        deliveryState: 'Waiting',
        transactionId: '',
        receipt: undefined,
      },
    );
  });

  test('a number twice is a conflict, and the progress stays where it was', (t) => {
    const store = withBatches(t, 2);
    assert.throws(
      () => store.seal(sealedBatch(1, { interval: 9 }), progressOf(5)),
      (error) => hasCode(error, 'STORE_CONFLICT'),
    );
    assert.deepEqual(store.progress(), progressOf(2));
    assert.equal(store.batch(1)?.interval, 1);
  });

  test('an interval and row twice is a conflict; calls have rows of their own', (t) => {
    const store = withBatches(t, 2);
    assert.throws(
      () => store.seal(sealedBatch(2, { interval: 1 }), progressOf(3)),
      (error) => hasCode(error, 'STORE_CONFLICT'),
    );
    assert.equal(store.batch(2), undefined);
    store.seal(sealedBatch(2, { interval: 1, row: 1 }), progressOf(3));
    assert.deepEqual(store.progress(), progressOf(3));
  });

  test('where the progress cannot be written, the batch is not either', (t) => {
    const store = withBatches(t, 1);
    const cyclic: { held: unknown[] } = { held: [] };
    cyclic.held.push(cyclic);
    assert.throws(() => store.seal(sealedBatch(1), { ...progressOf(2), clearing: cyclic as never }), TypeError);
    assert.equal(store.batch(1), undefined);
    assert.deepEqual(store.progress(), progressOf(1));
    store.seal(sealedBatch(1), progressOf(2));
    assert.deepEqual(store.counts(), { sealed: 2, anchored: 0, receipted: 0 });
  });

  test('keeps a batch of missed intervals with its span', (t) => {
    const store = inMemory(t);
    store.seal(sealedBatch(0, { interval: 3, through: 7 }), progressOf(1));
    assert.deepEqual([store.batch(0)?.interval, store.batch(0)?.through], [3, 7]);
  });
});

describe('states towards the ledger', () => {
  test('go from Sealed by Submitted to Anchored; the bytes are kept until then, as they are', (t) => {
    const store = withBatches(t, 1);
    assert.equal(store.outgoing(0), undefined);
    store.setSubmitted(0, { transactionId: 'tx', bytes: bytes('transaction') });
    assert.equal(store.batch(0)?.ledgerState, 'Submitted');
    assert.deepEqual(new Uint8Array(store.outgoing(0)!.bytes), bytes('transaction'));
    assert.deepEqual(store.unanchored(), [0]);
    store.setLedgerState(0, 'Anchored');
    assert.equal(store.batch(0)?.ledgerState, 'Anchored');
    assert.equal(store.batch(0)?.transactionId, 'tx');
    assert.equal(store.outgoing(0), undefined);
    assert.deepEqual(store.unanchored(), []);
  });

  test('the same step again does no harm', (t) => {
    const store = withBatches(t, 2);
    for (let i = 0; i < 2; i++) store.setSubmitted(0, { transactionId: 'tx', bytes: bytes('transaction') });
    for (let i = 0; i < 2; i++) store.setLedgerState(0, 'Anchored');
    for (let i = 0; i < 2; i++) store.setLedgerState(1, 'Failed');
    assert.deepEqual(
      store.batches(0, 1).map(({ ledgerState }) => ledgerState),
      ['Anchored', 'Failed'],
    );
  });

  test('what the ledger has decided is never taken back', (t) => {
    const store = withBatches(t, 2);
    store.setLedgerState(0, 'Anchored');
    store.setLedgerState(1, 'Failed');
    assert.throws(() => store.setLedgerState(0, 'Failed'), refusedStep);
    assert.throws(() => store.setLedgerState(1, 'Anchored'), refusedStep);
    assert.throws(() => store.setSubmitted(0, { transactionId: 'tx', bytes: bytes('transaction') }), refusedStep);
    assert.equal(store.batch(0)?.ledgerState, 'Anchored');
    assert.equal(store.outgoing(0), undefined);
  });

  test('a step of a batch that is not there is refused', (t) => {
    const store = withBatches(t, 1);
    assert.throws(() => store.setLedgerState(7, 'Anchored'), refusedStep);
    assert.throws(() => store.setReceipted(7, SOME_ENVELOPE), refusedStep);
    store.setDelivered(7);
    assert.equal(store.batch(7), undefined);
  });

  test('unanchored batches come oldest first, without those that failed', (t) => {
    const store = withBatches(t, 4);
    store.setLedgerState(1, 'Anchored');
    store.setLedgerState(2, 'Failed');
    assert.deepEqual(store.unanchored(), [0, 3]);
  });
});

describe('states towards the receiver', () => {
  test('go from Waiting by Delivered to Receipted, whatever the ledger says', (t) => {
    const store = withBatches(t, 1);
    store.setLedgerState(0, 'Failed');
    store.setDelivered(0);
    assert.equal(store.batch(0)?.deliveryState, 'Delivered');
    store.setReceipted(0, SOME_ENVELOPE);
    store.setReceipted(0, SOME_ENVELOPE);
    assert.equal(store.batch(0)?.deliveryState, 'Receipted');
    assert.deepEqual(store.batch(0)?.receipt, SOME_ENVELOPE);
    store.setDelivered(0);
    assert.equal(store.batch(0)?.deliveryState, 'Receipted');
  });

  test('are counted, and known with the gaps before the last one', (t) => {
    const store = withBatches(t, 5);
    const gaps = (): number[] => store.unreceiptedBefore(store.lastReceipted()).map(({ n }) => n);
    assert.deepEqual([store.lastReceipted(), gaps()], [-1, []]);
    for (const n of [0, 1, 3]) store.setReceipted(n, SOME_ENVELOPE);
    store.setLedgerState(0, 'Anchored');
    assert.deepEqual([store.lastReceipted(), gaps()], [3, [2]]);
    assert.equal(store.unreceipted(), 2);
    assert.deepEqual(store.counts(), { sealed: 5, anchored: 1, receipted: 3 });
    store.setReceipted(2, SOME_ENVELOPE);
    assert.deepEqual([store.lastReceipted(), gaps()], [3, []]);
  });
});
