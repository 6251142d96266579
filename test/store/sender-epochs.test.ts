import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type Envelope, hasCode } from '../../src/core/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { SOME_ENVELOPE } from './batches.ts';

function inMemory(t: TestContext): SenderStore {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  return store;
}

const version = (payloadType: string): Envelope => ({ ...SOME_ENVELOPE, payloadType });

describe('epoch records', () => {
  test('go from proposed by countersigned to committed', (t) => {
    const store = inMemory(t);
    assert.equal(store.lastEpochRecord(), -1);
    store.proposeEpochRecord(0, SOME_ENVELOPE, 1000);
    const proposed = { proposal: SOME_ENVELOPE, proposedAtMs: 1000, firstProposedAtMs: 1000, countersigned: undefined, committed: false };
    assert.deepEqual(store.epochRecord(0), proposed);
    store.setCountersigned(0, SOME_ENVELOPE);
    store.setEpochRecordCommitted(0);
    assert.deepEqual(store.epochRecord(0), { ...proposed, countersigned: SOME_ENVELOPE, committed: true });
    assert.equal(store.lastEpochRecord(), 0);
    assert.equal(store.epochRecord(1), undefined);
  });

  test('a number is not proposed twice by mistake', (t) => {
    const store = inMemory(t);
    store.proposeEpochRecord(0, SOME_ENVELOPE, 1000);
    assert.throws(
      () => store.proposeEpochRecord(0, version('other'), 2000),
      (error) => hasCode(error, 'STORE_CONFLICT'),
    );
    assert.deepEqual(store.epochRecord(0)?.proposal, SOME_ENVELOPE);
  });

  test('a proposal that nobody has countersigned is replaced; former versions are known until the record is committed', (t) => {
    const store = inMemory(t);
    store.proposeEpochRecord(0, version('first'), 1000);
    assert.equal(store.replaceProposal(0, version('second'), 2000), true);
    assert.equal(store.replaceProposal(0, version('third'), 3000), true);
    assert.equal(store.replaceProposal(1, version('other'), 3000), false);
    assert.deepEqual(store.epochRecord(0)?.proposal, version('third'));
    assert.deepEqual([store.epochRecord(0)?.proposedAtMs, store.epochRecord(0)?.firstProposedAtMs], [3000, 1000]);
    const types = (): string[] => store.proposals(0).map(({ payloadType }) => payloadType);
    assert.deepEqual(types(), ['third', 'first', 'second']);
    store.setEpochRecordCommitted(0);
    assert.deepEqual(types(), ['third']);
    assert.deepEqual(store.proposals(1), []);
  });

  test('one that is countersigned is not', (t) => {
    const store = inMemory(t);
    store.proposeEpochRecord(0, SOME_ENVELOPE, 1000);
    store.setCountersigned(0, SOME_ENVELOPE);
    assert.equal(store.replaceProposal(0, version('second'), 2000), false);
    assert.deepEqual([store.epochRecord(0)?.proposal, store.proposals(0).length], [SOME_ENVELOPE, 1]);
  });
});
