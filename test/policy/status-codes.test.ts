import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityOf, statusCodeOf, withoutFlags } from '../../src/policy/index.ts';

test('status codes by name, by number, and by severity', () => {
  assert.equal(statusCodeOf('BadNoCommunication'), 0x80310000);
  assert.equal(statusCodeOf('0x80310000'), 0x80310000);
  assert.equal(statusCodeOf('0x80310001'), undefined);
  assert.equal(statusCodeOf('toString'), undefined);
  assert.equal(withoutFlags(0x803104ff), 0x80310000);
  assert.deepEqual([0, 0x40000000, 0x80000000, 0xffffffff].map(qualityOf), ['good', 'uncertain', 'bad', 'bad']);
});
