import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelledHash, toHex, utf8 } from '../../src/core/index.ts';
import { policyCommitment } from '../../src/policy/index.ts';

test('the commitment is over nonce and bytes, under its label', () => {
  const nonce = new Uint8Array(32).fill(7);
  const bytes = utf8('{}');
  assert.deepEqual(policyCommitment(nonce, bytes), labelledHash('DCMB/0/commitment/policy', nonce, bytes));
  assert.equal(toHex(policyCommitment(nonce, bytes)), '3fac0ff7598bc724d0c6f569722da2415d9523056bdb391be9be8fbcf9be16f7');
  assert.notDeepEqual(policyCommitment(new Uint8Array(32), bytes), policyCommitment(nonce, bytes));
});
