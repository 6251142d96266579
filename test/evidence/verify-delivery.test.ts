import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyDelivery } from '../../src/evidence/index.ts';
import { makeBatch, reading } from './fixture.ts';

describe('verifyDelivery', () => {
  test('accepts what a sender makes', async () => {
    const batch = await makeBatch({ readings: [[reading(5367)], Array.from({ length: 40 }, (_, i) => reading(i))], rawTags: [1] });
    const verified = await verifyDelivery(batch.check);
    assert.deepEqual(verified.codes, [1, 1, 1]);
    assert.equal(verified.raw[0]?.readings.length, 40);
    assert.deepEqual(batch.opener.root, batch.closed.root);
  });
  test('accepts a call batch, a batch without tokens and a missed one', async () => {
    await verifyDelivery((await makeBatch({ row: 1 })).check);
    assert.equal((await verifyDelivery((await makeBatch({ withTokens: false })).check)).noTokens, true);
    await verifyDelivery((await makeBatch({ through: 2, codes: [-3, -3, -3] })).check);
  });
});
