import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allBatches } from '../../src/app/audit-export.ts';

test('batches are read in pages of 500, over numbers that are not there', () => {
  const asked: [number, number][] = [];
  const store = {
    batches: (from: number, to: number) => {
      asked.push([from, to]);
      return [];
    },
  };
  assert.deepEqual(allBatches(store, 1001), []);
  assert.deepEqual(asked, [
    [0, 499],
    [500, 999],
    [1000, 1499],
  ]);
});
