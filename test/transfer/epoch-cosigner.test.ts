import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type Envelope, openEnvelope, parseEnvelope, toBase64Url, UnavailableError } from '../../src/core/index.ts';
import { EPOCH_RECORD_TYPE, EpochRecordShape, openEpochRecord, proposeEpochRecord } from '../../src/evidence/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { countersignedRecord, EpochCosigner, type EpochRecordSource } from '../../src/transfer/index.ts';
import { receivedBatch } from '../store/batches.ts';
import { ManualClock } from '../support/ledger-network.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { OWNER, RECEIVER, secretsFor, termsFor } from './fixture.ts';

const TERMS = termsFor();

/** A proposal of record `k` for the first epoch. @param through last batch of its receipt, with one exception; -1 for none */
async function proposal(k: number, through = -1, reason: 'disputed' | 'expired' = 'expired'): Promise<Envelope> {
  const root = toBase64Url(await secretsFor(TERMS).tokenRoot(k));
  const header = through < 0 ? '' : receivedBatch(through).headerHash;
  const receipt = { through, header, digest: receivedBatch(through).digest, exceptions: [{ n: 0, reason }] };
  return proposeEpochRecord(
    {
      v: 0,
      channel: toBase64Url(TERMS.channelId),
      k,
      opens: [{ epoch: k, agreement: 1, root }],
      close: through < 0 ? [] : [{ n: through, header }],
      receipt: through < 0 ? [] : [receipt],
    },
    OWNER,
  );
}

/** The owner's module: it shows one proposal a number, and may be out of reach when it is to take one. */
class Owner implements EpochRecordSource {
  readonly shown = new Map<number, Envelope>();
  readonly taken: Envelope[] = [];
  isAway = false;

  async fetchEpochRecord(k: number): Promise<unknown> {
    return this.shown.get(k);
  }

  async countersignEpochRecord(envelope: Envelope): Promise<void> {
    if (this.isAway) throw new UnavailableError('LOST', 'The link is down.');
    this.taken.push(parseEnvelope(envelope));
  }
}

function bench(t: TestContext): { owner: Owner; store: ReceiverStore; cosigner: () => EpochCosigner } {
  const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
  t.after(() => store.close());
  const cosigner = (): EpochCosigner => new EpochCosigner(TERMS, secretsFor(TERMS), store, RECEIVER, new ManualClock());
  return { owner: new Owner(), store, cosigner };
}

describe('a proposal that is replaced by another of the same number', () => {
  test('is signed as it is shown last; the one that was signed before is not handed over', async (t) => {
    const { owner, store, cosigner } = bench(t);
    store.addException({ n: 0, reason: 'expired', headerHash: 'h', header: undefined });
    store.store(receivedBatch(1), []);
    owner.shown.set(0, await proposal(0, 1));
    owner.isAway = true;
    await assert.rejects(cosigner().serve(owner), UnavailableError);
    const replacement = await proposal(0);
    owner.shown.set(0, replacement);
    owner.isAway = false;
    assert.deepEqual(await cosigner().serve(owner), [0]);
    const { value } = openEpochRecord(owner.taken[0], OWNER.publicKey, RECEIVER.publicKey);
    assert.deepEqual(value, openEnvelope(replacement, EPOCH_RECORD_TYPE, EpochRecordShape, OWNER.publicKey));
    assert.deepEqual([value.close, value.receipt, owner.taken.length], [[], [], 1]);
  });

  test('is examined like the first one', async (t) => {
    const { owner, cosigner } = bench(t);
    owner.shown.set(0, await proposal(0));
    owner.isAway = true;
    await assert.rejects(cosigner().serve(owner), UnavailableError);
    owner.isAway = false;
    owner.shown.set(0, await proposal(0, 1));
    await assert.rejects(cosigner().serve(owner), /Epoch record 0 is not countersigned/);
    assert.deepEqual(owner.taken, []);
  });
});

describe('exceptions in the cumulative receipt', () => {
  for (const [own, proposed, isSigned] of [
    ['expired', 'expired', true],
    ['disputed', 'disputed', true],
    ['disputed', 'expired', false],
    ['expired', 'disputed', false],
  ] as const) {
    test(`${proposed} by the owner, ${own} here: ${isSigned ? 'signed' : 'not signed'}`, async (t) => {
      const { owner, store, cosigner } = bench(t);
      store.addException({ n: 0, reason: own, headerHash: 'h', header: undefined });
      store.store(receivedBatch(1), []);
      owner.shown.set(0, await proposal(0, 1, proposed));
      if (isSigned) assert.deepEqual(await cosigner().serve(owner), [0]);
      else await assert.rejects(cosigner().serve(owner), /differs from what was received/);
      assert.equal(owner.taken.length, isSigned ? 1 : 0);
    });
  }
});

test('the record that opened an epoch is found again, with both signatures', async (t) => {
  const { owner, store, cosigner } = bench(t);
  assert.equal(countersignedRecord(store, 0), undefined);
  for (const k of [0, 1]) owner.shown.set(k, await proposal(k));
  assert.deepEqual(await cosigner().serve(owner), [0, 1]);
  for (const k of [0, 1]) assert.deepEqual(countersignedRecord(store, k), owner.taken[k]);
  assert.equal(countersignedRecord(store, 2), undefined);
});
