import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignOnLedger } from '../../src/app/store-age.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { progressOf, sealedBatch } from '../store/batches.ts';
import { STORE_KEY } from '../support/store-key.ts';

/** A store of three batches, of which the first is anchored, beside a ledger with these headers. */
function scene(headers: Readonly<Record<number, string>>): Promise<number | undefined> {
  const store = new SenderStore(':memory:', 'test', STORE_KEY);
  store.begin(progressOf(0));
  for (const n of [0, 1, 2]) store.seal(sealedBatch(n), progressOf(n + 1));
  store.setLedgerState(0, 'Anchored', 'transaction');
  const query: Ledger['query'] = async (_name, argument) => {
    const header = headers[(argument as { n: number }).n];
    return header === undefined ? undefined : { header };
  };
  return foreignOnLedger({ query } as Ledger, 'test', store);
}

const own = (n: number): string => sealedBatch(n).headerHash;

test('a ledger that has the same headers, or fewer, tells of no other store', async () => {
  assert.equal(await scene({ 0: own(0) }), undefined);
  assert.equal(await scene({ 0: own(0), 1: own(1), 2: own(2) }), undefined);
});

test('one that has the next number, or another header for one that waits, does', async () => {
  assert.equal(await scene({ 0: own(0), 1: own(1), 2: own(2), 3: 'other' }), 3);
  assert.equal(await scene({ 0: own(0), 1: 'other', 2: 'other' }), 1);
  assert.equal(await scene({ 0: own(0), 1: own(1), 2: 'other' }), 2);
});

test('a store before its first batch is of no age', async () => {
  const query: Ledger['query'] = () => assert.fail('nothing to ask');
  assert.equal(await foreignOnLedger({ query } as unknown as Ledger, 'test', new SenderStore(':memory:', 'test', STORE_KEY)), undefined);
});
