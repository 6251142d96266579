import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { query } from '../../src/contract/index.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { depositSize, openDeposit, sealDeposit } from '../../src/evidence/index.ts';
import { evidenceKey, testBytes, testSigner } from '../support/ledger-network.ts';
import { ChannelBench, hashOf, otherHash, type SealedBatch } from './fixture.ts';

describe('receipt', () => {
  test('either party puts the manufacturer’s receipt on the ledger, once a batch', async () => {
    for (const creator of ['owner', 'manufacturer']) {
      const bench = await ChannelBench.open();
      const batch = await bench.anchored({ n: 0, interval: 0 });
      const receipt = await bench.receipt(batch);
      const { body } = await bench.run(creator, 'receipt', { receipt });
      assert.deepEqual(body, { n: 0, header: batch.headerHash, delivery: hashOf(batch.delivery) });
      const found = await query(bench.state, 'receipt', { channel: bench.channel, n: 0 });
      assert.deepEqual(found, { receipt: hashOf(receipt), header: batch.headerHash, delivery: hashOf(batch.delivery) });
      await bench.refuses('RECEIPT_EXISTS', 'owner', 'receipt', { receipt });
    }
  });

  test('refuses strangers, other signers, other headers and batches that are not anchored', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    const open = await bench.seal({ n: 1, interval: 1 });
    await bench.refuses('WRONG_CREATOR', 'stranger', 'receipt', { receipt: await bench.receipt(batch) });
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'receipt', { receipt: await bench.receipt(batch, {}, evidenceKey('owner')) });
    const forged = { ...testSigner('forger'), keyId: evidenceKey('manufacturer').keyId };
    await bench.refuses('BAD_SIGNATURE', 'owner', 'receipt', { receipt: await bench.receipt(batch, {}, forged) });
    await bench.refuses('HEADER_MISMATCH', 'owner', 'receipt', { receipt: await bench.receipt(batch, { header: open.headerHash }) });
    await bench.refuses('NOT_ANCHORED', 'owner', 'receipt', { receipt: await bench.receipt(open) });
    await bench.refuses('NO_CHANNEL', 'owner', 'receipt', { receipt: await bench.receipt(batch, { channel: otherHash(bench.channel) }) });
  });

  test('a later key of the manufacturer’s may sign for an earlier batch, an earlier one not for a later', async () => {
    const bench = await ChannelBench.open();
    const next = testSigner('next');
    await bench.register('manufacturer', next);
    await bench.run('manufacturer', 'useKey', { channel: bench.channel, key: toBase64Url(next.publicKey), from: 1 });
    const batches = [await bench.anchored({ n: 0, interval: 0 }), await bench.anchored({ n: 1, interval: 1 })];
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'receipt', { receipt: await bench.receipt(batches[1]!) });
    await bench.run('owner', 'receipt', { receipt: await bench.receipt(batches[0]!, {}, next) });
    await bench.run('owner', 'receipt', { receipt: await bench.receipt(batches[1]!, {}, next) });
  });
});

describe('deposit', () => {
  const boxOf = (bench: ChannelBench, batch: SealedBatch) =>
    toBase64Url(sealDeposit(bench.params, batch.kBatch, { delivery: batch.delivery, conditions: batch.conditions }));

  /** Batches 0 to 3 in intervals 0 to 3: with D = 3 the first can be deposited. */
  async function waited(sets: readonly number[] = [0, 1]): Promise<{ bench: ChannelBench; batches: SealedBatch[]; box: string }> {
    const bench = await ChannelBench.open({ sets });
    const batches: SealedBatch[] = [];
    for (const n of [0, 1, 2, 3]) {
      const batch = await bench.seal({ n, interval: n });
      await bench.run('owner', 'anchor', sets.includes(0) ? batch.anchor : batch.bare);
      batches.push(batch);
    }
    return { bench, batches, box: boxOf(bench, batches[0]!) };
  }

  test('gives the receiver the delivery by the event, and nobody without K_batch', async () => {
    const { bench, batches, box } = await waited();
    const { body } = await bench.run('owner', 'deposit', { channel: bench.channel, n: 0, box });
    assert.deepEqual(body, { n: 0, box });
    const opened = openDeposit(bench.params, batches[0]!.kBatch, new Uint8Array(Buffer.from(box, 'base64url')));
    assert.deepEqual(opened.delivery, batches[0]!.delivery);
    await bench.refuses('DEPOSIT_EXISTS', 'owner', 'deposit', { channel: bench.channel, n: 0, box });
  });

  test('is the owner’s, for an anchored batch, in exactly one size', async () => {
    const { bench, box } = await waited();
    const { channel, params } = bench;
    await bench.refuses('WRONG_CREATOR', 'manufacturer', 'deposit', { channel, n: 0, box });
    await bench.refuses('NO_CHANNEL', 'owner', 'deposit', { channel: otherHash(channel), n: 0, box });
    await bench.refuses('NOT_ANCHORED', 'owner', 'deposit', { channel, n: 4, box });
    for (const size of [0, depositSize(params) - 1, depositSize(params) + 1]) {
      await bench.refuses('BAD_BOX_SIZE', 'owner', 'deposit', { channel, n: 0, box: toBase64Url(new Uint8Array(size)) });
    }
  });

  test('has to wait until D intervals later are anchored', async () => {
    const { bench, batches } = await waited();
    const body = { channel: bench.channel, n: 1, box: boxOf(bench, batches[1]!) };
    await bench.refuses('DEPOSIT_TOO_EARLY', 'owner', 'deposit', body);
    await bench.anchored({ n: 4, interval: 4 });
    await bench.run('owner', 'deposit', body);
  });

  test('is refused after a receipt, single or cumulative; not for an exception of the latter', async () => {
    const single = await waited();
    await single.bench.run('owner', 'receipt', { receipt: await single.bench.receipt(single.batches[0]!) });
    await single.bench.refuses('ALREADY_RECEIPTED', 'owner', 'deposit', { channel: single.bench.channel, n: 0, box: single.box });
    for (const excepted of [false, true]) {
      const { bench, batches, box } = await waited();
      const exceptions = excepted ? [{ n: 0, reason: 'missing' as const }] : [];
      const receipt = [{ through: 2, header: batches[2]!.headerHash, digest: toBase64Url(testBytes('digest')), exceptions }];
      await bench.run('owner', 'epochRecord', { record: await bench.record({ k: 1, receipt }) });
      const body = { channel: bench.channel, n: 0, box };
      if (excepted) await bench.run('owner', 'deposit', body);
      else await bench.refuses('ALREADY_RECEIPTED', 'owner', 'deposit', body);
    }
  });

  test('needs a token set, for nothing else commits to its key', async () => {
    const { bench, box } = await waited([]);
    await bench.refuses('DEPOSIT_WITHOUT_SET', 'owner', 'deposit', { channel: bench.channel, n: 0, box });
  });
});
