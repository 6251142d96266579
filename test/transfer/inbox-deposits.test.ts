import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBase64Url, toBase64Url } from '../../src/core/index.ts';
import {
  type DeliveryPackage,
  type EpochKeys,
  openDelivery,
  openHeader,
  openReceipt,
  sealDeposit,
  signDelivery,
  signHeader,
  tokensDigest,
} from '../../src/evidence/index.ts';
import type { DepositedBox, DepositSupport } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { OWNER, RECEIVER, secretsFor } from './fixture.ts';
import { Scene } from './inbox-scene.ts';

const someSupport = (): Promise<DepositSupport> =>
  Promise.resolve({ transactions: [SOME_ENVELOPE], genesis: [{ name: 'test' }], blocks: [] });

const receiptsOf = (scene: Scene): number[] => scene.receipts.map((receipt) => openReceipt(receipt, RECEIVER.publicKey).value.n);

describe('a deposit on the ledger', () => {
  function deposit(scene: Scene, n: number, change: (box: Uint8Array) => Uint8Array = (box) => box): void {
    const { header, delivery, conditions } = scene.sender.delivered(n) as DeliveryPackage;
    const { interval, row } = openHeader(header, OWNER.publicKey).value;
    const { terms } = scene.sender;
    const keys: EpochKeys = secretsFor(terms).keysAt(interval);
    const box = sealDeposit(terms.params, keys.batchKey(interval, row), { delivery, conditions });
    scene.deposits.set(n, { box: toBase64Url(change(box)), support: someSupport } satisfies DepositedBox);
  }

  test('is taken as the delivery while the link is down, and receipted when it is back', async () => {
    const scene = await Scene.start();
    scene.anchor(0, 1, 2);
    for (const n of [0, 1]) deposit(scene, n);
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.deepEqual([inbox.next, scene.receipts, scene.findings], [2, [], []]);
    assert.deepEqual(
      scene.conditions.map(({ n, codes }) => [n, codes]),
      [
        [0, [1, -1]],
        [1, [-1, -1]],
      ],
    );
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual(receiptsOf(scene), [0, 1, 2]);
    const { value } = openReceipt(scene.receipts[0], RECEIVER.publicKey);
    assert.equal(value.delivery, scene.sender.store.batch(0)!.deliveryHash, 'the receipt is for the very delivery');
    assert.ok(!scene.happened.includes('fetch 0'));
  });

  test('is taken where the link gives nothing', async () => {
    const scene = await Scene.start();
    scene.anchor(1);
    deposit(scene, 1);
    scene.deliveries.delete(1);
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual([inbox.next, scene.findings], [3, []]);
  });

  test('of a batch that is not next waits; so does one whose anchor was not seen', async () => {
    const scene = await Scene.start();
    deposit(scene, 0);
    scene.anchor(1);
    deposit(scene, 1);
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.deepEqual([inbox.next, scene.findings], [0, []]);
  });

  test('is answered with the receipt that was given, however the batch came', async () => {
    const scene = await Scene.start();
    scene.anchor(0);
    deposit(scene, 0);
    const inbox = scene.inbox();
    assert.equal(await inbox.receiptForDeposit(0), undefined, 'it is still to be taken');
    await inbox.catchUp(scene.source, 0);
    assert.deepEqual(await inbox.receiptForDeposit(0), scene.store.batch(0)!.receipt);
  });

  test('of a batch that is an exception is answered too, and the exception stays', async () => {
    const scene = await Scene.start();
    scene.anchor(0, 1);
    scene.forge(0, () => ({ other: 'form' }));
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    assert.equal(scene.store.exception(0)?.reason, 'disputed');
    deposit(scene, 0);
    const { value } = openReceipt(await inbox.receiptForDeposit(0), RECEIVER.publicKey);
    const { headerHash, deliveryHash } = scene.sender.store.batch(0)!;
    assert.deepEqual([value.n, value.header, value.delivery], [0, headerHash, deliveryHash]);
    assert.deepEqual([scene.store.exception(0)?.reason, scene.store.batch(0)], ['disputed', undefined]);
    deposit(scene, 0, (box) => box.map((byte) => byte ^ 1));
    assert.equal(await inbox.receiptForDeposit(0), undefined);
    assert.deepEqual(scene.disputed, [[0, 'deposit']]);
  });

  test('is answered in time also where the owner gives nothing of what precedes it', async () => {
    const scene = await Scene.start();
    scene.anchor(0, 1, 2);
    deposit(scene, 2);
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.equal(await inbox.receiptForDeposit(2), undefined, 'what precedes it may still come');
    scene.clock.timeMs += scene.sender.terms.params.receiptWithinMs * 0.6;
    const { value } = openReceipt(await inbox.receiptForDeposit(2), RECEIVER.publicKey);
    const { headerHash, deliveryHash } = scene.sender.store.batch(2)!;
    assert.deepEqual([value.n, value.header, value.delivery], [2, headerHash, deliveryHash]);
    assert.equal(inbox.next, 0, 'it is not taken out of turn');
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual([inbox.next, scene.findings], [3, []]);
  });

  test('whose header names a block that the ledger does not have is an exception, and keeps nothing up', async () => {
    const scene = await Scene.start();
    scene.anchor(0, 1, 2);
    scene.blocks.clear();
    deposit(scene, 0);
    scene.deliveries.delete(0);
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.deepEqual(
      [inbox.next, scene.found],
      [
        1,
        [
          [0, 'BLOCK_NOT_SEEN'],
          [0, 'DISPUTED'],
        ],
      ],
    );
    assert.equal(openReceipt(await inbox.receiptForDeposit(0), RECEIVER.publicKey).value.n, 0);
  });

  test('that is no delivery is held against the owner, with the key that opens it and nothing else', async () => {
    const scene = await Scene.start();
    scene.anchor(0);
    deposit(scene, 0, (box) => box.map((byte) => byte ^ 1));
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.deepEqual([inbox.next, scene.found, scene.disputed], [0, [[0, 'BAD_DEPOSIT']], [[0, 'deposit']]]);
    const { grounds } = scene.disputes[0]!;
    assert.ok(grounds.body.kind === 'deposit');
    const { interval } = openHeader(scene.anchors.get(0)!.header, OWNER.publicKey).value;
    assert.equal(grounds.body.batchKey, toBase64Url(secretsFor(scene.sender.terms).keysAt(interval).batchKey(interval, 0)));
    assert.ok(grounds.body.proof.every((hash) => fromBase64Url(hash).length === 32) && grounds.deposit !== undefined);
    await inbox.catchUp(scene.source, 0);
    assert.equal(inbox.next, 1, 'the right delivery is taken all the same');
  });

  test('with a token of another condition than the record is held against the owner like a delivery', async () => {
    const scene = await Scene.start();
    const delivered = scene.sender.delivered(0) as DeliveryPackage;
    const tokens = { ...delivered.tokens, tokens: (scene.sender.delivered(2) as DeliveryPackage).tokens.tokens };
    const value = { ...openHeader(delivered.header, OWNER.publicKey).value, tokensDigest: toBase64Url(tokensDigest(tokens)) };
    const header = await signHeader(value, OWNER);
    const hash = toBase64Url(openHeader(header, OWNER.publicKey).hash);
    const delivery = await signDelivery({ ...openDelivery(delivered.delivery, OWNER.publicKey).value, header: hash }, OWNER);
    scene.anchored.set(0, hash);
    scene.anchors.set(0, { header, tokens });
    const { terms } = scene.sender;
    const key = secretsFor(terms).keysAt(value.interval).batchKey(value.interval, 0);
    const box = toBase64Url(sealDeposit(terms.params, key, { delivery, conditions: delivered.conditions }));
    scene.deposits.set(0, { box, support: someSupport } satisfies DepositedBox);
    const inbox = scene.inbox();
    await inbox.takeDeposits();
    assert.deepEqual([inbox.next, scene.found, scene.disputed], [0, [[0, 'BAD_DEPOSIT']], [[0, 'token']]]);
  });
});
