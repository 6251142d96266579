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

test('a batch whose delivery expired stands in the export by its number alone', () => {
  const store = { batches: () => [{ n: 3, deliveryPackage: { tokens: {} }, receipt: undefined }] };
  assert.deepEqual(allBatches(store, 1), [{ n: 3, package: undefined, receipt: undefined }]);
});

test('a package of any other form is a damaged store', () => {
  for (const deliveryPackage of [null, 'text', { delivery: {} }])
    assert.throws(() => allBatches({ batches: () => [{ n: 0, deliveryPackage, receipt: undefined }] }, 1), /delivery package/);
});
