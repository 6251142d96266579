import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { LEDGER_POSITION, ReceiverStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';

function inMemory(t: TestContext): ReceiverStore {
  const store = new ReceiverStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  return store;
}

const keysOf = (entries: readonly { readonly key: string }[]): string[] => entries.map(({ key }) => key);

describe("a receiver's actions in its store", () => {
  test('the same one never stands twice, and one that is settled does not wait again', (t) => {
    const store = inMemory(t);
    assert.equal(store.addAction('act:0', 5), true);
    assert.equal(store.addAction('act:0', 6), false);
    store.endAction('act:0', { state: 'done', error: '' });
    assert.equal(store.addAction('act:0', 7), false);
    store.endAction('act:0', { state: 'waiting', error: 'late', dueAtMs: 0 });
    assert.deepEqual([store.waitingActions(), store.dueActions(1e15)], [[], []]);
    assert.deepEqual(store.actions(), [{ key: 'act:0', state: 'done', tries: 0, error: '', causedAtMs: 5, triedAtMs: 0, dueAtMs: 0 }]);
  });

  test('a try counts from its begin; one that failed is due after its rest', (t) => {
    const store = inMemory(t);
    for (const key of ['act:0', 'act:1']) store.addAction(key, 1);
    store.beginAction('act:0', 10);
    assert.deepEqual(store.waitingActions(), [
      { key: 'act:0', tries: 1 },
      { key: 'act:1', tries: 0 },
    ]);
    store.endAction('act:0', { state: 'waiting', error: 'no answer', dueAtMs: 50 });
    assert.deepEqual([keysOf(store.dueActions(49)), keysOf(store.dueActions(50))], [['act:1'], ['act:0', 'act:1']]);
    assert.deepEqual(store.actions()[0], {
      key: 'act:0',
      state: 'waiting',
      tries: 1,
      error: 'no answer',
      causedAtMs: 1,
      triedAtMs: 10,
      dueAtMs: 50,
    });
  });

  test('only a dead letter is repeated: with the same key and all its tries', (t) => {
    const store = inMemory(t);
    for (const key of ['waits:0', 'done:0', 'dead:0']) store.addAction(key);
    store.beginAction('dead:0', 1);
    store.endAction('done:0', { state: 'done', error: '' });
    store.endAction('dead:0', { state: 'failed', error: 'gone' });
    assert.deepEqual(
      ['waits:0', 'done:0', 'dead:0', 'dead:0', 'strange'].map((key) => store.repeatAction(key)),
      [false, false, true, false, false],
    );
    assert.deepEqual(store.waitingActions(), [
      { key: 'waits:0', tries: 0 },
      { key: 'dead:0', tries: 0 },
    ]);
    assert.equal(store.actions()[2]?.error, 'gone', 'why it had failed stays readable until it is tried again');
  });

  test('a store from before actions had times gets the columns, and loses nothing', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'store.db');
    const first = new ReceiverStore(file, 'channel', STORE_KEY);
    first.addAction('act:0');
    first.close();
    const db = new DatabaseSync(file);
    db.exec('DROP INDEX waiting_actions');
    for (const column of ['error', 'caused_at', 'tried_at', 'due_at']) db.exec(`ALTER TABLE actions DROP COLUMN ${column}`);
    db.close();
    const again = new ReceiverStore(file, 'channel', STORE_KEY);
    t.after(() => again.close());
    assert.deepEqual(keysOf(again.dueActions(0)), ['act:0']);
  });
});

describe('what a receiver saw on the ledger', () => {
  test('stands by number, the first sighting for good', (t) => {
    const store = inMemory(t);
    const [first, second, third] = [3, 1, 2].map((n) => ({ n, block: 10 + n, event: { header: `header ${n}` } }));
    for (const each of [first!, second!, third!]) store.addAnchor(each);
    store.addAnchor({ ...first!, block: 99 });
    assert.deepEqual([store.anchor(3), store.anchor(4), store.lastAnchor()], [first, undefined, first]);
    assert.deepEqual(store.anchorsFrom(2), [third, first]);
    store.addDeposit(second!);
    store.addDeposit({ ...second!, block: 99 });
    assert.deepEqual([store.deposit(1), store.deposit(2)], [second, undefined]);
  });
});

describe('how far the events of the ledger are taken', () => {
  const sighting = { n: 1, block: 7, event: { header: 'header 1' } };

  test('is stored with what the event told: both stand there, or neither', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'store.db');
    const store = new ReceiverStore(file, 'channel', STORE_KEY);
    store.addAnchor({ ...sighting, n: 0 }, 'first');
    const raw = new DatabaseSync(file);
    raw.exec(`CREATE TRIGGER full BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'no room'); END`);
    for (const add of [() => store.addAnchor(sighting, 'second'), () => store.addDeposit(sighting, 'second')]) assert.throws(add);
    raw.exec('DROP TRIGGER full');
    raw.close();
    store.close();
    const again = new ReceiverStore(file, 'channel', STORE_KEY);
    t.after(() => again.close());
    assert.deepEqual(
      [again.anchor(0)?.n, again.anchor(1), again.deposit(1), again.fact(LEDGER_POSITION)],
      [0, undefined, undefined, 'first'],
    );
    again.addDeposit(sighting, 'second');
    assert.deepEqual([again.deposit(1), again.fact(LEDGER_POSITION)], [sighting, 'second']);
  });
});

describe('a deposit', () => {
  test('is unanswered until a receipt or a dispute about it is claimed', (t) => {
    const store = inMemory(t);
    for (const n of [3, 1, 2]) store.addDeposit({ n, block: n, event: {} });
    assert.deepEqual(store.unansweredDeposits(), [1, 2, 3]);
    store.addClaim({ id: 'receipt:2', kind: 'receipt', n: 2, body: {} });
    store.addClaim({ id: 'dispute:3:fork', kind: 'dispute', n: 3, body: {} });
    assert.deepEqual(store.unansweredDeposits(), [1, 3]);
    store.addClaim({ id: 'dispute:3:deposit', kind: 'dispute', n: 3, body: {} });
    assert.deepEqual(store.unansweredDeposits(), [1]);
  });
});

describe('what a receiver claims on the ledger', () => {
  test('stands once, keeps the bytes while they may be under way, and is settled for good', (t) => {
    const store = inMemory(t);
    const claim = { id: 'fork:3', kind: 'dispute', n: 3, body: { kind: 'fork' } } as const;
    assert.equal(store.addClaim(claim), true);
    assert.equal(store.addClaim({ ...claim, body: {} }), false);
    const due = { ...claim, state: 'due', transactionId: '', transaction: undefined };
    assert.deepEqual(store.openClaims(), [due]);
    store.setClaimSubmitted('fork:3', 'tx', new Uint8Array([1, 2]));
    assert.deepEqual(store.claim('fork:3'), { ...due, state: 'submitted', transactionId: 'tx', transaction: new Uint8Array([1, 2]) });
    store.settleClaim('fork:3', 'due');
    assert.deepEqual(store.openClaims(), [{ ...due, transactionId: 'tx' }]);
    store.settleClaim('fork:3', 'done');
    assert.deepEqual([store.openClaims(), store.claim('fork:3')?.state], [[], 'done']);
    assert.equal(store.claim('other'), undefined);
  });
});
