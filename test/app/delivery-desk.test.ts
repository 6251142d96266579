import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { DeliveryDesk } from '../../src/app/delivery-desk.ts';
import { hasCode, toBase64Url } from '../../src/core/index.ts';
import { signReceipt } from '../../src/evidence/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { ManualClock } from '../support/ledger-network.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, sealedBatch } from '../store/batches.ts';
import { BLOCK, RECEIVER, termsFor } from '../transfer/fixture.ts';

const PACKAGE = { tokens: 'tokens', delivery: 'delivery' };

/** A desk with batches 0 to 2, published a second apart; the clock stands at the publication of batch 1. */
function openDesk(t: TestContext) {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  store.begin(progressOf(0));
  for (const n of [0, 1, 2]) store.seal(sealedBatch(n, { deliveryPackage: PACKAGE }), progressOf(n + 1));
  const told: string[] = [];
  const changed: number[] = [];
  const forged: number[] = [];
  const desk = new DeliveryDesk({
    store,
    terms: termsFor(),
    clock: new ManualClock(1000),
    listener: ({ event }) => void told.push(event),
    trace: () => undefined,
    changed: (n) => void changed.push(n),
    forged: ({ n }) => void forged.push(n),
  });
  return { store, desk, told, changed, forged };
}

function receiptFor(n: number): Promise<unknown> {
  const { headerHash: header, deliveryHash: delivery } = sealedBatch(n);
  return signReceipt({ v: 0, channel: toBase64Url(termsFor().channelId), n, header, delivery, lastBlock: BLOCK }, RECEIVER);
}

const stateIn = (evidence: unknown): unknown => (evidence as { deliveryState?: string } | undefined)?.deliveryState;

describe('the desk', () => {
  test('gives a delivery from its publication on, and tells the first time', (t) => {
    const { desk, told } = openDesk(t);
    assert.deepEqual([desk.delivery(1), desk.delivery(1), desk.delivery(2), desk.delivery(7)], [PACKAGE, PACKAGE, undefined, undefined]);
    assert.deepEqual(told, ['delivered']);
    assert.equal(desk.evidence(2), undefined);
  });

  test('has no delivery of an expired batch, and says that it is expired, with its header', (t) => {
    const { desk, store, told } = openDesk(t);
    store.expire(1);
    assert.equal(desk.delivery(1), undefined);
    const { header, headerHash } = sealedBatch(1);
    assert.deepEqual(desk.evidence(1), { n: 1, header, headerHash, ledgerState: 'Sealed', deliveryState: 'Expired', transactionId: '' });
    assert.deepEqual(told, []);
  });

  test('takes a receipt whatever became of the delivery meanwhile: the receiver may have had it before', async (t) => {
    const { desk, store, told, changed } = openDesk(t);
    store.setDeposited(0);
    store.expire(1);
    for (const n of [0, 1, 1]) desk.acknowledge(await receiptFor(n));
    assert.deepEqual([stateIn(desk.evidence(0)), stateIn(desk.evidence(1))], ['Receipted', 'Receipted']);
    assert.deepEqual([told, changed], [['receipted', 'receipted'], [0, 1]]); // prettier-ignore
    assert.deepEqual([desk.delivery(0), desk.delivery(1)], [PACKAGE, undefined]);
  });

  test('refuses a receipt for a batch that is not published, or for something else than what was delivered', async (t) => {
    const { desk, forged } = openDesk(t);
    const { deliveryHash } = sealedBatch(0);
    const { headerHash: header } = sealedBatch(1);
    const channel = toBase64Url(termsFor().channelId);
    const other = await signReceipt({ v: 0, channel, n: 0, header, delivery: deliveryHash, lastBlock: BLOCK }, RECEIVER);
    for (const receipt of [await receiptFor(2), other])
      assert.throws(
        () => desk.acknowledge(receipt),
        (error) => hasCode(error, 'BAD_RECEIPT'),
      );
    assert.deepEqual(forged, [0], 'what is signed for a published batch is told');
  });
});
