import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBase64Url, toBase64Url, UnavailableError } from '../../src/core/index.ts';
import {
  type DeliveryPackage,
  FIRST_DIGEST,
  openDelivery,
  openHeader,
  openReceipt,
  rollDigest,
  signDelivery,
  signHeader,
} from '../../src/evidence/index.ts';
import { type Inbox } from '../../src/transfer/index.ts';
import { testBytes, testSigner } from '../support/ledger-network.ts';
import { BLOCK, OWNER, RECEIVER } from './fixture.ts';
import { Scene } from './inbox-scene.ts';

describe('the inbox', () => {
  test('takes batch after batch: verified, stored, countersigned, acknowledged', async () => {
    const scene = await Scene.start();
    const inbox = scene.inbox();
    assert.equal(inbox.next, 0);
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 3);
    assert.deepEqual(
      scene.happened,
      [0, 1, 2].flatMap((n) => [`fetch ${n}`, `received ${n}`, `receipt ${n}`, `acknowledged ${n}`]),
    );
    assert.deepEqual(
      scene.conditions.map(({ n, row, codes }) => [n, row, codes]),
      [
        [0, 0, [1, -1]],
        [1, 1, [-1, -1]],
        [2, 0, [2, -1]],
      ],
    );
    assert.deepEqual(scene.store.counts(), { received: 3, acknowledged: 3, findings: 0 });
  });

  test('stores the actions that a batch causes together with it', async () => {
    const scene = await Scene.start();
    await scene.inbox().catchUp(scene.source, 0);
    assert.deepEqual(scene.store.waitingActions(), [{ key: 'act 1,-1:0', tries: 0 }]);
  });

  test('a receipt names header, delivery and the last block seen', async () => {
    const scene = await Scene.start();
    await scene.inbox().catchUp(scene.source, 0);
    const batch = scene.sender.store.batch(0)!;
    const { value } = openReceipt(scene.receipts[0], RECEIVER.publicKey);
    assert.deepEqual(value, {
      v: 0,
      channel: toBase64Url(scene.sender.terms.channelId),
      n: 0,
      header: batch.headerHash,
      delivery: batch.deliveryHash,
      lastBlock: BLOCK,
    });
  });

  test('waits where the module has no delivery yet, and goes on later', async () => {
    const scene = await Scene.start();
    const last = scene.deliveries.get(2)!;
    scene.deliveries.delete(2);
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 2);
    scene.deliveries.set(2, last);
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 3);
    assert.deepEqual(scene.findings, []);
  });

  test('fetches nothing beyond what it is told of, and nothing twice', async () => {
    const scene = await Scene.start();
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 1);
    await inbox.catchUp(scene.source, 1);
    await inbox.catchUp(scene.source, -1);
    assert.deepEqual(
      scene.happened.filter((each) => each.startsWith('fetch')),
      ['fetch 0', 'fetch 1'],
    );
  });

  test('hands over a receipt again that did not arrive, the same one, also after a restart', async () => {
    const scene = await Scene.start();
    scene.cut = true;
    await assert.rejects(scene.inbox().catchUp(scene.source, 0), UnavailableError);
    assert.deepEqual(scene.happened, ['fetch 0', 'received 0']);
    scene.cut = false;
    await scene.inbox().catchUp(scene.source, 0);
    assert.deepEqual(scene.happened.slice(2), ['receipt 0', 'acknowledged 0']);
    assert.deepEqual(scene.receipts, [scene.store.batch(0)?.receipt]);
    await scene.inbox().catchUp(scene.source, 0);
    assert.equal(scene.receipts.length, 1);
  });

  test('goes on after a restart with the next number, and still compares it with the header before', async () => {
    const scene = await Scene.start();
    await scene.inbox().catchUp(scene.source, 0);
    const restarted = scene.inbox();
    await restarted.catchUp(scene.source, 2);
    assert.equal(restarted.next, 3);
    assert.deepEqual(scene.findings, []);
  });

  test('does not store what it cannot sign', async () => {
    const scene = await Scene.start();
    scene.receiptKey = { ...RECEIVER, publicKey: RECEIVER.publicKey, sign: () => Promise.reject(new Error('the key is gone')) };
    await assert.rejects(scene.inbox().catchUp(scene.source, 0), /the key is gone/);
    assert.equal(scene.store.batch(0), undefined);
    assert.deepEqual(scene.store.waitingActions(), []);
    assert.deepEqual(scene.conditions, []);
  });
});

describe('a delivery that is wrong is a finding, gets no receipt and causes no action', () => {
  /** The wrong batch 0, then the right one: the finding stays, and the inbox goes on. */
  async function refused(change: (delivered: DeliveryPackage, scene: Scene) => unknown, code: string): Promise<void> {
    const scene = await Scene.start();
    const right = scene.deliveries.get(0)!;
    scene.forge(0, (delivered) => change(delivered, scene));
    const inbox = scene.inbox();
    for (let i = 0; i < 3; i++) await inbox.catchUp(scene.source, 2);
    assert.deepEqual(
      scene.findings.map((finding) => [finding.n, finding.code]),
      [[0, code]],
      'once, however often it is delivered',
    );
    assert.deepEqual(scene.store.findings(), scene.findings);
    assert.deepEqual([scene.receipts, scene.conditions, scene.store.waitingActions(), scene.store.counts().received], [[], [], [], 0]);
    assert.ok(!scene.happened.includes('fetch 1'), 'what follows is not fetched');
    scene.deliveries.set(0, right);
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 3);
  }

  const STRANGER = testSigner('stranger');
  const ZERO = toBase64Url(new Uint8Array(32));

  test('of another form', () => refused(() => ({ canary: 'x' }), 'BAD_SHAPE'));
  test('with an envelope that is none', () =>
    refused((delivered) => ({ ...delivered, header: { ...delivered.header, payload: '!' } }), 'BAD_SHAPE'));
  test('of another number', () => refused((_, { sender }) => sender.delivered(2), 'WRONG_NUMBER'));
  test("with a stranger's header", () =>
    refusedAsync(async (delivered) => {
      const { value } = openHeader(delivered.header, OWNER.publicKey);
      return { ...delivered, header: await signHeader({ ...value, key: STRANGER.keyId }, STRANGER) };
    }, 'BAD_ENVELOPE'));
  test('with another condition', () =>
    refused(
      (delivered) => ({ ...delivered, conditions: { ...delivered.conditions, dummies: delivered.conditions.dummies.map(() => ZERO) } }),
      'WRONG_OPENING',
    ));
  test('with tokens that the header does not sign', () =>
    refused(
      (delivered) => ({ ...delivered, tokens: { ...delivered.tokens, tokens: delivered.tokens.tokens.map(() => ZERO) } }),
      'WRONG_TOKENS_DIGEST',
    ));
  test('without its tokens', () =>
    refused((delivered) => ({ ...delivered, tokens: { tokens: [], positions: '', path: [] } }), 'TOKENS_ABSENT'));
  test('of an interval that is absurdly far ahead, before time is spent on it', () =>
    refusedAsync(async (delivered) => {
      const { value } = openHeader(delivered.header, OWNER.publicKey);
      return { ...delivered, header: await signHeader({ ...value, interval: 2 ** 50 }, OWNER) };
    }, 'TOO_FAR_AHEAD'));

  async function refusedAsync(change: (delivered: DeliveryPackage) => Promise<unknown>, code: string): Promise<void> {
    const scene = await Scene.start();
    const changed = await change(scene.sender.delivered(0));
    await refused(() => changed, code);
  }

  test('the findings name no value and no key', async () => {
    const scene = await Scene.start();
    scene.forge(0, () => ({ header: 'canary-value' }));
    await scene.inbox().catchUp(scene.source, 0);
    assert.doesNotMatch(JSON.stringify(scene.findings), /canary/);
  });
});

describe('a delivery and the ledger', () => {
  test('must be about the same header', async () => {
    const scene = await Scene.start();
    scene.anchored.set(0, toBase64Url(testBytes('another header')));
    await scene.inbox().catchUp(scene.source, 2);
    assert.deepEqual(
      scene.findings.map(({ n, code }) => [n, code]),
      [[0, 'ANCHOR_MISMATCH']],
    );
    assert.equal(scene.store.counts().received, 0);
  });

  test('that has the same header, or none yet, is well', async () => {
    const scene = await Scene.start();
    scene.anchored.set(1, scene.sender.store.batch(1)!.headerHash);
    const inbox = scene.inbox();
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 3);
  });
});

describe('the last block that a header names', () => {
  test('must not be another one than the ledger has', async () => {
    const scene = await Scene.start();
    scene.blocks.set(BLOCK.number, toBase64Url(testBytes('another block')));
    await scene.inbox().catchUp(scene.source, 2);
    assert.deepEqual(scene.found, [[0, 'BLOCK_NOT_SEEN']]);
    assert.deepEqual([scene.receipts, scene.conditions, scene.store.counts().received], [[], [], 0]);
  });

  test('may be one that is not here yet: no finding, and the batch is taken once it is', async () => {
    const scene = await Scene.start();
    scene.blocks.clear();
    const inbox = scene.inbox();
    await assert.rejects(inbox.catchUp(scene.source, 2), (error) => error instanceof UnavailableError && error.code === 'BLOCK_AHEAD');
    assert.deepEqual([scene.findings, scene.store.counts().received], [[], 0]);
    scene.blocks.set(BLOCK.number, BLOCK.hash);
    await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 3);
  });

  test('must be there once the header itself is anchored', async () => {
    const scene = await Scene.start();
    scene.blocks.clear();
    scene.anchor(0);
    await scene.inbox().catchUp(scene.source, 2);
    assert.deepEqual(scene.found, [[0, 'BLOCK_NOT_SEEN']]);
  });
});

describe('a delivery that never verifies does not end the receipts of what follows', () => {
  const spoilt = (delivered: DeliveryPackage): unknown => ({ ...delivered, tokens: { tokens: [], positions: '', path: [] } });

  async function stuckAt(n: number): Promise<{ scene: Scene; inbox: Inbox }> {
    const scene = await Scene.start();
    scene.forge(n, spoilt);
    return { scene, inbox: scene.inbox() };
  }

  test('once it is anchored and the next one too', async () => {
    const { scene, inbox } = await stuckAt(0);
    scene.anchor(0, 1);
    await inbox.catchUp(scene.source, 2);
    assert.deepEqual(scene.found, [
      [0, 'TOKENS_ABSENT'],
      [0, 'DISPUTED'],
    ]);
    assert.deepEqual(
      scene.receipts.map((receipt) => openReceipt(receipt, RECEIVER.publicKey).value.n),
      [1, 2],
    );
    assert.equal(scene.store.batch(0), undefined);
    assert.deepEqual(
      scene.store.exceptionsThrough(2).map(({ n, reason, headerHash }) => ({ n, reason, headerHash })),
      [{ n: 0, reason: 'disputed', headerHash: scene.anchored.get(0) }],
    );
  });

  test('once it is anchored and was offered unchanged three times in a row', async () => {
    const { scene, inbox } = await stuckAt(1);
    scene.anchor(1);
    await inbox.catchUp(scene.source, 2);
    await inbox.catchUp(scene.source, 2);
    scene.forge(1, () => ({ other: 'form' }));
    await inbox.catchUp(scene.source, 2);
    scene.forge(1, spoilt);
    for (const next of [1, 1, 3]) {
      await inbox.catchUp(scene.source, 2);
      assert.equal(inbox.next, next);
    }
  });

  test('but not while it can still be mended: unanchored, or anchored alone and offered but once', async () => {
    const { scene, inbox } = await stuckAt(0);
    for (let i = 0; i < 5; i++) await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 0);
    const other = await stuckAt(0);
    other.scene.anchor(0);
    await other.inbox.catchUp(other.scene.source, 2);
    assert.equal(other.inbox.next, 0);
    other.scene.deliveries.set(0, other.scene.sender.delivered(0));
    await other.inbox.catchUp(other.scene.source, 2);
    assert.equal(other.inbox.next, 3);
  });

  test('and is never held for final because of the clocks', async () => {
    const scene = await Scene.start();
    const { value } = openHeader((scene.sender.delivered(0) as DeliveryPackage).header, OWNER.publicKey);
    const header = await signHeader({ ...value, interval: 2 ** 50 }, OWNER);
    scene.forge(0, (delivered) => ({ ...delivered, header }));
    scene.anchor(0, 1);
    const inbox = scene.inbox();
    for (let i = 0; i < 4; i++) await inbox.catchUp(scene.source, 2);
    assert.equal(inbox.next, 0);
  });

  test('the rolling digest leaves it out, also after a restart', async () => {
    const { scene, inbox } = await stuckAt(1);
    scene.anchor(1, 2);
    await inbox.catchUp(scene.source, 1);
    assert.equal(inbox.next, 2);
    await scene.inbox().catchUp(scene.source, 2);
    const deliveries = [0, 2].map((n) => fromBase64Url(scene.sender.store.batch(n)!.deliveryHash));
    const digest = deliveries.reduce((rolled, hash) => rollDigest(rolled, hash), FIRST_DIGEST);
    assert.equal(scene.store.batch(2)?.digest, toBase64Url(digest));
  });

  test('the batch after it must follow the header that was anchored, and all of it where that was delivered', async () => {
    const { scene, inbox } = await stuckAt(0);
    const next = scene.sender.delivered(1) as DeliveryPackage;
    const { value } = openHeader(next.header, OWNER.publicKey);
    const another = toBase64Url(testBytes('another header'));
    for (const [changed, anchored] of [
      [{ ...value, prev: another }, scene.sender.store.batch(0)!.headerHash],
      [value, another],
    ] as const) {
      const from = new Scene();
      from.deliveries.set(0, scene.deliveries.get(0)!);
      from.anchored.set(0, anchored);
      const header = await signHeader(changed, OWNER);
      const hash = openHeader(header, OWNER.publicKey).hash;
      from.anchored.set(1, toBase64Url(hash));
      const { value: delivery } = openDelivery(next.delivery, OWNER.publicKey);
      const signed = await signDelivery({ ...delivery, header: toBase64Url(hash) }, OWNER);
      from.deliveries.set(1, { ...next, header, delivery: signed });
      await from.inbox().catchUp(from.source, 1);
      assert.deepEqual(from.found.at(-1), [1, 'BROKEN_CHAIN']);
      assert.equal(from.store.counts().received, 0);
    }
    assert.equal(inbox.next, 0);
  });
});
