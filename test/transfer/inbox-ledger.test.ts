import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Json, RejectedError, toBase64Url } from '../../src/core/index.ts';
import {
  conditionOpeningHash,
  type DeliveryPackage,
  openDelivery,
  openHeader,
  openReceipt,
  signDelivery,
  signHeader,
} from '../../src/evidence/index.ts';
import type { DeliverySource, Inbox } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { testBytes } from '../support/ledger-network.ts';
import { BLOCK, OWNER, RECEIVER } from './fixture.ts';
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

describe('what is no answer at all', () => {
  const nested = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) as Json;

  test('nested without end, it is refused like any other junk, and what follows is taken', async () => {
    for (const junk of [nested, { ...((await Scene.start()).sender.delivered(1) as object), raw: nested }]) {
      const scene = await Scene.start();
      scene.anchor(0, 1, 2);
      scene.deliveries.set(1, junk);
      const inbox = scene.inbox();
      await inbox.catchUp(scene.source, 2);
      assert.deepEqual(
        [inbox.next, scene.found],
        [
          3,
          [
            [1, 'BAD_SHAPE'],
            [1, 'DISPUTED'],
          ],
        ],
      );
    }
  });

  for (const code of ['BAD_ANSWER', 'CALL_REFUSED'])
    test(`${code} for one batch counts as no delivery, and in the end what follows is taken`, async () => {
      const scene = await Scene.start();
      scene.anchor(0, 1, 2);
      const refused = new RejectedError(code, 'Not this one.');
      const source: DeliverySource = {
        ...scene.source,
        fetchDelivery: (n) => (n === 1 ? Promise.reject(refused) : scene.source.fetchDelivery(n)),
        getEvidence: () => Promise.reject(refused),
      };
      const inbox = scene.inbox();
      for (let tries = 0; tries < 2; tries++) {
        await inbox.catchUp(source, 2);
        assert.deepEqual([inbox.next, scene.findings], [1, []]);
        scene.clock.timeMs += scene.sender.terms.params.receiptWithinMs;
      }
      await inbox.catchUp(source, 2);
      assert.deepEqual([inbox.next, scene.found[0]], [3, [1, 'MISSING_DELIVERY']]);
    });

  test("a user that may do nothing is its operator's to mend: nothing is given up", async () => {
    const scene = await Scene.start();
    scene.anchor(0, 1, 2);
    const denied = new RejectedError('DENIED', 'This user may not.');
    await assert.rejects(scene.inbox().catchUp({ ...scene.source, fetchDelivery: () => Promise.reject(denied) }, 2), denied);
    assert.deepEqual(scene.findings, []);
  });
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
