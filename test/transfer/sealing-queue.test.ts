import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCode, intervalEnd, keyIdOf, RejectedError, sha256, toBase64Url } from '../../src/core/index.ts';
import { openHeader, verifyDelivery } from '../../src/evidence/index.ts';
import { systemArgon2 } from '../../src/platform/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { SealingQueue } from '../../src/transfer/index.ts';
import { count, OWNER, secretsFor, termsFor, TestSender, transferParams } from './fixture.ts';
import { STORE_KEY } from '../support/store-key.ts';

describe('the chain of headers', () => {
  test('begins with the hash of the channel id, and each names the one before it, calls included', async () => {
    const sender = new TestSender();
    sender.queue.add(sender.collecting.cutInterval(false));
    sender.collecting.requestCall();
    sender.queue.add(sender.collecting.cutCall(sender.collecting.open.fromMs + 100));
    sender.queue.add(sender.collecting.cutInterval(false));
    await sender.queue.idle();
    const headers = sender.store.batches(0, 9).map(({ header }) => openHeader(header, OWNER.publicKey));
    assert.deepEqual(
      headers.map(({ value }) => value.prev),
      [sha256(sender.terms.channelId), headers[0]!.hash, headers[1]!.hash].map(toBase64Url),
    );
    assert.deepEqual(
      headers.map(({ value: { n, interval, row } }) => [n, interval, row]),
      [
        [0, 0, 0],
        [1, 1, 1],
        [2, 1, 0],
      ],
    );
    assert.equal(sender.store.progress()?.prev, toBase64Url(headers[2]!.hash));
  });

  test('goes on where it was after a restart', async () => {
    const store = new SenderStore(':memory:', 'test', STORE_KEY);
    await new TestSender(termsFor(), store).seal(2);
    await new TestSender(termsFor(), store).seal(2);
    const headers = store.batches(0, 9).map(({ header }) => openHeader(header, OWNER.publicKey));
    assert.deepEqual(
      headers.slice(1).map(({ value }) => value.prev),
      headers.slice(0, -1).map(({ hash }) => toBase64Url(hash)),
    );
    assert.equal(headers.length, 4);
  });

  test('every sealed batch is what the receiver can verify after the one before', async () => {
    const sender = new TestSender();
    sender.collecting.accept(count(15));
    await sender.seal(2);
    sender.clock.timeMs += 10_000;
    while (sender.collecting.endMs <= sender.clock.now()) sender.queue.add(sender.missed());
    await sender.queue.idle();
    await sender.seal(1);
    const { terms } = sender;
    const { epochIntervals } = terms.params;
    const secrets = secretsFor(terms);
    for (const batch of sender.store.batches(0, 9)) {
      const previous = sender.store.batch(batch.n - 1);
      const verified = await verifyDelivery({
        params: terms.params,
        channel: toBase64Url(terms.channelId),
        codes: terms.codes,
        agreement: { version: 1, policy: toBase64Url(terms.policyCommitment), module: toBase64Url(terms.moduleDigest), rawReleased: [] },
        epochKeys: secrets.keysAt(batch.interval),
        argon2: systemArgon2,
        package: batch.deliveryPackage as never,
        ownerKey: terms.ownerKey,
        recipientKeyId: keyIdOf(terms.receiverKey),
        previous: previous === undefined ? undefined : openHeader(previous.header, OWNER.publicKey),
        tokenRoot: await secrets.tokenRoot(Math.floor(batch.interval / epochIntervals)),
      });
      assert.deepEqual([verified.header.n, verified.codes], [batch.n, batch.codes]);
    }
    assert.ok(sender.store.counts().sealed >= 6);
  });
});

describe('publication', () => {
  const { params } = termsFor();

  test('is due at the grid point plus the constant delay, for calls at theirs', async () => {
    const sender = new TestSender();
    await sender.seal(1);
    sender.collecting.requestCall();
    sender.queue.add(sender.collecting.cutCall(intervalEnd(params, 0) + 300));
    await sender.queue.idle();
    assert.deepEqual(
      sender.store.batches(0, 1).map(({ publishAtMs }) => publishAtMs - params.originMs - params.publishDelayMs),
      [1000, 1300],
    );
    assert.deepEqual(sender.late, []);
  });

  test('of what is not ready in time waits for the next grid point, and is told as late', async () => {
    const due = intervalEnd(params, 0) + params.publishDelayMs;
    for (const [now, expected] of [
      [due, due],
      [due + 1, due + 1000],
      [due + 999, due + 1000],
      [due + 1000, due + 2000],
    ] as const) {
      const sender = new TestSender();
      sender.clock.timeMs = now;
      sender.queue.add(sender.collecting.cutInterval(false));
      await sender.queue.idle();
      assert.equal(sender.store.batch(0)?.publishAtMs, expected, `sealed ${now - due} ms after it was due`);
      assert.deepEqual(sender.late, expected === due ? [] : [0]);
    }
  });
});

describe('the order of publications', () => {
  test('is that of the numbers, also where a batch is late and a call follows at once, and over a restart', async () => {
    const { params } = termsFor();
    const store = new SenderStore(':memory:', 'test', STORE_KEY);
    const sender = new TestSender(termsFor(), store);
    sender.clock.timeMs = intervalEnd(params, 0) + params.publishDelayMs + 1;
    sender.queue.add(sender.collecting.cutInterval(false));
    await sender.queue.idle();
    sender.collecting.requestCall();
    sender.queue.add(sender.collecting.cutCall(intervalEnd(params, 0) + params.callGridMs));
    await sender.queue.idle();
    const again = new TestSender(termsFor(), store);
    again.collecting.requestCall();
    again.queue.add(again.collecting.cutCall(intervalEnd(params, 0) + 2 * params.callGridMs));
    await again.queue.idle();
    const late = intervalEnd(params, 1) + params.publishDelayMs;
    assert.deepEqual(
      store.batches(0, 2).map(({ publishAtMs }) => publishAtMs),
      [late, late, late],
    );
    assert.deepEqual([sender.late, again.late], [[0], []]);
  });
});

describe('sealing', () => {
  test('that fails is told once, and nothing after it is sealed', async () => {
    const sender = new TestSender();
    await sender.seal(1);
    const broken = sender.collecting.cutInterval(false);
    broken.open.builder.close({
      conditions: broken.codes,
      slotKeys: sender.secrets.keysAt(1).slotKeys(1, 0),
      batchKey: sender.secrets.keysAt(1).batchKey(1, 0),
      refused: [0, 0],
    });
    sender.queue.add(broken);
    sender.queue.add(sender.collecting.cutInterval(false));
    await sender.queue.idle();
    assert.equal(sender.failures.length, 1);
    assert.ok(sender.failures[0] instanceof RejectedError);
    assert.equal(sender.store.counts().sealed, 1);
    assert.equal(sender.store.progress()?.nextBatch, 1);
  });

  test('needs a store with a beginning', () => {
    assert.throws(
      () => new SealingQueue({ store: new SenderStore(':memory:', 'test', STORE_KEY) } as never),
      (error) => hasCode(error, 'SEALING_FAILED'),
    );
  });

  test('after an outage of many epochs has the keys of every one of them, and erases them only then', async () => {
    const terms = termsFor(transferParams(), { disputeWindowEpochs: 1 });
    const sender = new TestSender(terms);
    await sender.seal(1);
    sender.clock.timeMs = intervalEnd(terms.params, 40);
    while (sender.collecting.endMs <= sender.clock.now()) sender.queue.add(sender.missed());
    await sender.queue.idle();
    assert.deepEqual(sender.failures, []);
    assert.equal(sender.store.batches(0, 99).at(-1)?.through, 40);
    const progress = sender.store.progress()!;
    assert.deepEqual([progress.interval, progress.epoch, sender.secrets.oldest.epoch], [41, 9, 9]);
    assert.equal(progress.epochKey, toBase64Url(secretsFor(terms).keysOf(9).bytes));
  });

  test('keeps the seed and the readings that a later disclosure needs', async () => {
    const sender = new TestSender();
    sender.collecting.accept(count(15, 77));
    const { seed } = sender.collecting.open;
    await sender.seal(1);
    const batch = sender.store.opening(0)!;
    assert.deepEqual(new Uint8Array(batch.seed), seed);
    const payload = JSON.parse(batch.payload) as { firstSequences: number[]; refused: number[]; kept: string };
    assert.deepEqual(
      [payload.firstSequences, payload.refused],
      [
        [0, 0],
        [0, 0],
      ],
    );
    assert.deepEqual(JSON.parse(payload.kept), { n: 0, readings: [[0, 'Int32:15', 0, 77, 77]] });
  });
});
