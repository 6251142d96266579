import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closeAll } from '../../src/app/close-all.ts';
import { isPassingStoreFault, watchedStore } from '../../src/app/store-watch.ts';
import { FatalError, RejectedError, UnavailableError } from '../../src/core/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';

describe('a store that is watched', () => {
  test('does what the store does', () => {
    const told: unknown[] = [];
    const store = watchedStore(new SenderStore(':memory:', 'test', STORE_KEY), (error) => told.push(error));
    store.setFact('name', 'value');
    assert.equal(store.fact('name'), 'value');
    assert.throws(() => store.setLedgerState(7, 'Anchored'), { code: 'NO_SUCH_BATCH' });
    store.close();
    assert.deepEqual(told, [], 'a refusal is no fault');
  });

  for (const [error, isTold, isPassing] of [
    [new UnavailableError('STORE_FULL', 'Full.'), true, true],
    [new UnavailableError('STORE_READ_ONLY', 'Read-only.'), true, true],
    [new FatalError('STORE_DAMAGED', 'Damaged.'), true, false],
    [new Error('something that no store should throw'), true, false],
    [new RejectedError('NO_SUCH_BATCH', 'No.'), false, false],
    [new UnavailableError('LEDGER_UNAVAILABLE', 'Away.'), false, false],
  ] as const) {
    test(`tells of its faults and throws them on: ${error.message}`, () => {
      const told: unknown[] = [];
      const store = watchedStore(
        {
          fail(): never {
            throw error;
          },
        },
        (fault) => told.push(fault),
      );
      assert.throws(() => store.fail(), error);
      assert.deepEqual(told, isTold ? [error] : []);
      assert.equal(isPassingStoreFault(error), isPassing);
    });
  }
});

describe('closing', () => {
  test('does every step in its order, and throws the first error at the end', async () => {
    const done: string[] = [];
    const first = new Error('first');
    const steps = [
      async () => void done.push('a'),
      () => {
        done.push('b');
        throw first;
      },
      () => Promise.reject(new Error('second')),
      () => void done.push('c'),
    ];
    await assert.rejects(closeAll(...steps), first);
    assert.deepEqual(done, ['a', 'b', 'c']);
    await closeAll();
  });
});
