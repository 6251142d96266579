import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBase64Url, type Json, toBase64Url } from '../../src/core/index.ts';
import {
  conditionOpeningHash,
  type DeliveryPackage,
  type EpochKeys,
  openDelivery,
  openHeader,
  openReceipt,
  sealDeposit,
  signDelivery,
  signHeader,
} from '../../src/evidence/index.ts';
import type { DepositedBox, Inbox } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { testBytes } from '../support/ledger-network.ts';
import { BLOCK, OWNER, RECEIVER, secretsFor } from './fixture.ts';
import { Scene } from './inbox-scene.ts';

const receiptsOf = (scene: Scene): number[] => scene.receipts.map((receipt) => openReceipt(receipt, RECEIVER.publicKey).value.n);

describe('while the ledger is away', () => {
  async function away(): Promise<{ scene: Scene; inbox: Inbox }> {
    const scene = await Scene.start();
    scene.isLedgerAway = true;
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    return { scene, inbox };
  }

  test('batches are verified, stored and receipted all the same', async () => {
    const { scene, inbox } = await away();
    assert.deepEqual([inbox.next, receiptsOf(scene), scene.findings], [3, [0, 1, 2], []]);
  });

  test('one that does not verify is a finding, but not final: nobody knows what is anchored', async () => {
    const scene = await Scene.start();
    scene.isLedgerAway = true;
    scene.forge(0, (delivered) => ({ ...delivered, tokens: { tokens: [], positions: '', path: [] } }));
    const inbox = scene.inbox();
    for (let i = 0; i < 5; i++) await inbox.catchUp(scene.source, 2);
    assert.deepEqual([inbox.next, scene.found], [0, [[0, 'TOKENS_ABSENT']]]);
  });

  test('what was taken is compared once the ledger answers, also after a restart, and is well', async () => {
    const { scene, inbox } = await away();
    await inbox.compareLater();
    scene.isLedgerAway = false;
    scene.anchor(0, 1, 2);
    await scene.inbox().compareLater();
    assert.deepEqual([scene.findings, scene.store.fact('uncompared-from')], [[], '']);
  });

  test('another header on the ledger is then found, and the two headers are held against the owner', async () => {
    const { scene, inbox } = await away();
    scene.isLedgerAway = false;
    scene.anchor(0, 2);
    await scene.anchorOther(1);
    await inbox.compareLater();
    assert.deepEqual(scene.found, [
      [1, 'FORK'],
      [1, 'ANCHOR_MISMATCH'],
    ]);
    assert.deepEqual(scene.disputed, [
      [1, 'fork'],
      [1, 'delivery'],
    ]);
    assert.match(scene.findings[1]!.message, /Batch 1 .* another header .*keep this store/s);
    await inbox.compareLater();
    assert.equal(scene.disputes.length, 2, 'compared once');
  });

  test('another block than the one it names is then found', async () => {
    const { scene, inbox } = await away();
    scene.isLedgerAway = false;
    scene.blocks.set(BLOCK.number, toBase64Url(testBytes('another block')));
    await inbox.compareLater();
    assert.deepEqual(
      scene.found,
      [0, 1, 2].map((n) => [n, 'BLOCK_NOT_SEEN']),
    );
  });

  test('a comparison that the ledger breaks off goes on where it stood', async () => {
    const { scene, inbox } = await away();
    scene.isLedgerAway = false;
    scene.anchor(0, 1);
    scene.blocks.clear();
    // Batch 0 and 1 are anchored and name a block that is not there; batch 2 may only be ahead of this view.
    await inbox.compareLater();
    assert.deepEqual([scene.found.map(([n]) => n), scene.store.fact('uncompared-from')], [[0, 1], '2']);
    scene.blocks.set(BLOCK.number, BLOCK.hash);
    await inbox.compareLater();
    assert.deepEqual([scene.findings.length, scene.store.fact('uncompared-from')], [2, '']);
  });
});

describe('an anchor that comes after the delivery', () => {
  test('of the same header is well; of another one it is a fork', async () => {
    const scene = await Scene.start();
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    await inbox.anchorSeen(0, scene.sender.store.batch(0)!.headerHash);
    await inbox.anchorSeen(9, toBase64Url(testBytes('not delivered yet')));
    assert.deepEqual(scene.findings, []);
    await scene.anchorOther(2);
    await inbox.anchorSeen(2, scene.anchored.get(2)!);
    assert.deepEqual(scene.found, [
      [2, 'FORK'],
      [2, 'ANCHOR_MISMATCH'],
    ]);
    const [fork] = scene.disputes;
    assert.ok(fork?.grounds.body.kind === 'fork');
    assert.deepEqual(fork.grounds.body.header, scene.anchors.get(2)!.header);
    assert.deepEqual(fork.grounds.body.other, scene.sender.delivered(2)['header']);
  });
});

describe('a refused delivery', () => {
  test('for another header than the anchored one is held against the owner, even if the right one follows', async () => {
    const scene = await Scene.start();
    scene.anchor(0);
    const right = scene.deliveries.get(0)!;
    await forgeHeader(scene, 0, { toMs: 1 });
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 0);
    scene.deliveries.set(0, right);
    await inbox.catchUp(scene.source, 0);
    assert.deepEqual(scene.disputed, [
      [0, 'fork'],
      [0, 'chain'],
      [0, 'delivery'],
    ]);
    assert.deepEqual(scene.disputes[2]!.grounds.headers, [scene.anchors.get(0)!.header], 'the proof needs the anchored header');
    assert.equal(inbox.next, 1);
  });

  test('whose opening does not lead to the anchored root: delivery, with the opening', async () => {
    const scene = await Scene.start();
    scene.anchor(0);
    const delivered = scene.sender.delivered(0) as DeliveryPackage;
    const conditions = { ...delivered.conditions, dummies: delivered.conditions.dummies.map(() => toBase64Url(testBytes('other'))) };
    const { value } = openDelivery(delivered.delivery, OWNER.publicKey);
    const delivery = await signDelivery({ ...value, conditions: toBase64Url(conditionOpeningHash(conditions)) }, OWNER);
    scene.deliveries.set(0, { ...delivered, conditions, delivery });
    await scene.inbox().catchUp(scene.source, 0);
    assert.deepEqual([scene.found, scene.disputed], [[[0, 'WRONG_ROOT']], [[0, 'delivery']]]);
  });

  test('with a token of another condition than the record: token, once it is anchored', async () => {
    const scene = await Scene.start();
    const delivered = scene.sender.delivered(0) as DeliveryPackage;
    const other = scene.sender.delivered(2) as DeliveryPackage;
    const tokens = { ...delivered.tokens, tokens: other.tokens.tokens };
    const { tokensDigest } = await import('../../src/evidence/index.ts');
    const header = await signHeader(
      { ...openHeader(delivered.header, OWNER.publicKey).value, tokensDigest: toBase64Url(tokensDigest(tokens)) },
      OWNER,
    );
    const { value } = openDelivery(delivered.delivery, OWNER.publicKey);
    const hash = toBase64Url(openHeader(header, OWNER.publicKey).hash);
    const delivery = await signDelivery({ ...value, header: hash }, OWNER);
    scene.deliveries.set(0, { ...delivered, header, tokens, delivery });
    await scene.inbox().catchUp(scene.source, 0);
    assert.deepEqual([scene.found, scene.disputed], [[[0, 'TOKEN_MISMATCH']], []]);
    scene.anchored.set(0, hash);
    scene.anchors.set(0, { header, tokens });
    await scene.inbox().catchUp(scene.source, 0);
    assert.deepEqual(scene.disputed, [[0, 'token']]);
  });

  test('that nobody has signed gives no ground for a dispute', async () => {
    for (const forged of [{ canary: 1 }, null, { header: SOME_ENVELOPE, delivery: SOME_ENVELOPE }, { header: {}, delivery: 3 }]) {
      const scene = await Scene.start();
      scene.anchor(0, 1);
      scene.deliveries.set(0, forged as unknown as Json);
      await scene.inbox().catchUp(scene.source, 0);
      assert.deepEqual([scene.disputes, scene.found.at(-1)], [[], [0, 'DISPUTED']]);
    }
  });

  test('that breaks the chain: the owner is asked for the header before, and two of one number are a fork', async () => {
    const scene = await Scene.start();
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 1);
    await forgeHeader(scene, 2, { prev: toBase64Url(testBytes('another header')) });
    const held = openHeader(scene.sender.delivered(1)['header'], OWNER.publicKey).value;
    scene.evidence.set(1, { header: await signHeader({ ...held, root: toBase64Url(testBytes('root')) }, OWNER) });
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual(scene.found, [
      [1, 'FORK'],
      [2, 'BROKEN_CHAIN'],
    ]);
    assert.deepEqual(scene.disputed, [
      [2, 'chain'],
      [1, 'fork'],
    ]);
  });

  /** Delivers batch `n` under another header, signed by the owner like the delivery for it. */
  async function forgeHeader(scene: Scene, n: number, change: object): Promise<void> {
    const delivered = scene.sender.delivered(n) as DeliveryPackage;
    const header = await signHeader({ ...openHeader(delivered.header, OWNER.publicKey).value, ...change }, OWNER);
    const { value } = openDelivery(delivered.delivery, OWNER.publicKey);
    const delivery = await signDelivery({ ...value, header: toBase64Url(openHeader(header, OWNER.publicKey).hash) }, OWNER);
    scene.deliveries.set(n, { ...delivered, header, delivery });
  }
});

describe('a batch that is not delivered', () => {
  async function without(n: number): Promise<{ scene: Scene; inbox: Inbox }> {
    const scene = await Scene.start();
    scene.deliveries.delete(n);
    return { scene, inbox: scene.inbox() };
  }

  test('is an exception at once where the owner says that it has expired, and what follows is taken', async () => {
    const { scene, inbox } = await without(1);
    const { header } = scene.sender.delivered(1) as DeliveryPackage;
    scene.evidence.set(1, { deliveryState: 'Expired', header });
    await inbox.catchUp(scene.source, 2);
    const { headerHash } = scene.sender.store.batch(1)!;
    assert.deepEqual(scene.store.exceptionsThrough(2), [{ n: 1, reason: 'expired', headerHash, header }]);
    assert.deepEqual([scene.found, receiptsOf(scene)], [[[1, 'EXPIRED']], [0, 2]]);
  });

  test('has not expired by a header that the owner did not sign for it', async () => {
    const { scene, inbox } = await without(1);
    for (const header of [SOME_ENVELOPE, (scene.sender.delivered(0) as DeliveryPackage).header, undefined]) {
      scene.evidence.set(1, { deliveryState: 'Expired', header } as unknown as Json);
      await inbox.catchUp(scene.source, 2);
    }
    assert.deepEqual([inbox.next, scene.findings], [1, []]);
  });

  test('that expired under another header than the anchored one is a fork', async () => {
    const { scene, inbox } = await without(1);
    const { header } = scene.sender.delivered(1) as DeliveryPackage;
    scene.evidence.set(1, { deliveryState: 'Expired', header });
    await scene.anchorOther(1);
    await inbox.catchUp(scene.source, 1);
    assert.deepEqual(scene.found, [
      [1, 'EXPIRED'],
      [1, 'FORK'],
      [1, 'ANCHOR_MISMATCH'],
    ]);
  });

  test('is missing only when it was asked for in vain for the time of a receipt', async () => {
    const { scene, inbox } = await without(1);
    for (let i = 0; i < 9; i++) await inbox.catchUp(scene.source, 2);
    assert.deepEqual(scene.findings, []);
    scene.clock.timeMs += scene.sender.terms.params.receiptWithinMs + 1;
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual([scene.found, inbox.next], [[[1, 'MISSING_DELIVERY']], 1], 'it is not anchored: it may still come');
    scene.anchor(1);
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual([scene.found.at(-1), inbox.next], [[1, 'DISPUTED'], 3]);
    assert.deepEqual(
      scene.store.exceptionsThrough(2).map(({ n, reason, headerHash }) => ({ n, reason, headerHash })),
      [{ n: 1, reason: 'disputed', headerHash: scene.anchored.get(1) }],
    );
  });

  test('is waited for anew after a restart: the other module may have just begun', async () => {
    const { scene } = await without(1);
    for (let i = 0; i < 5; i++) {
      await scene.inbox().catchUp(scene.source, 2);
      scene.clock.timeMs += 1e6;
    }
    assert.deepEqual(scene.findings, []);
  });
});

describe('a deposit on the ledger', () => {
  function deposit(scene: Scene, n: number, change: (box: Uint8Array) => Uint8Array = (box) => box): void {
    const { header, delivery, conditions } = scene.sender.delivered(n) as DeliveryPackage;
    const { interval, row } = openHeader(header, OWNER.publicKey).value;
    const { terms } = scene.sender;
    const keys: EpochKeys = secretsFor(terms).keysAt(interval);
    const box = sealDeposit(terms.params, keys.batchKey(interval, row), { delivery, conditions });
    scene.deposits.set(n, { box: toBase64Url(change(box)), transaction: SOME_ENVELOPE, genesis: { name: 'test' } } satisfies DepositedBox);
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
});
