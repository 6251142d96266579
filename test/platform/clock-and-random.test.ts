import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/core/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';

test('the system clock gives whole milliseconds since 1970', () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(Number.isSafeInteger(now) && now >= before && now <= Date.now());
});

test('random bytes have the length asked for and do not repeat', () => {
  assert.deepEqual(
    [0, 1, 32, 100].map((length) => systemRandom.bytes(length).length),
    [0, 1, 32, 100],
  );
  assert.notEqual(toHex(systemRandom.bytes(32)), toHex(systemRandom.bytes(32)));
});
