import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { query } from '../../src/contract/index.ts';
import { type Json, toBase64Url } from '../../src/core/index.ts';
import { type ConditionOpening, conditionOpeningHash, sealDeposit, singleOut } from '../../src/evidence/index.ts';
import { evidenceKey, TEST_MODULE, testBytes, testSigner } from '../support/ledger-network.ts';
import { ChannelBench, otherHash, type SealedBatch } from './fixture.ts';

async function refuses(bench: ChannelBench, body: unknown): Promise<void> {
  await bench.refuses('PROOF_DOES_NOT_HOLD', 'manufacturer', 'dispute', body);
}

async function holds(bench: ChannelBench, n: number, kind: string, body: unknown): Promise<void> {
  const event = await bench.run('manufacturer', 'dispute', body);
  assert.deepEqual({ ...event.body, evidence: '' }, { n, kind, against: 'owner', evidence: '' });
  const found = (await query(bench.state, 'disputes', { channel: bench.channel, n })) as Json[];
  assert.equal(found.length, 1);
  await bench.refuses('DISPUTE_EXISTS', 'manufacturer', 'dispute', body);
}

describe('dispute', () => {
  test('is the manufacturer’s to send, in a known form', async () => {
    const bench = await ChannelBench.open();
    const [a, b] = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 0, interval: 0, codes: [2, 2] })];
    const fork = { kind: 'fork', header: a.header, other: b.header };
    await bench.refuses('WRONG_CREATOR', 'stranger', 'dispute', fork);
    await bench.refuses('WRONG_CREATOR', 'owner', 'dispute', fork);
    await bench.refuses('BAD_SHAPE', 'manufacturer', 'dispute', { ...fork, kind: 'rumour' });
    await bench.refuses('BAD_SHAPE', 'manufacturer', 'dispute', { kind: 'fork', header: a.header });
  });
});

describe('dispute: fork', () => {
  test('two signed headers for one number convict, anchored or not, also after the key was revoked', async () => {
    const bench = await ChannelBench.open();
    const [a, b] = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 0, interval: 0, codes: [2, 2] })];
    await bench.run('owner', 'revokeKey', { key: toBase64Url(evidenceKey('owner').publicKey) });
    await holds(bench, 0, 'fork', { kind: 'fork', header: a.header, other: b.header });
  });

  test('does not hold for one header twice, two numbers, or a signature that is not the owner’s', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0 });
    const next = await bench.seal({ n: 1, interval: 1 });
    const forged = await bench.seal({
      n: 0,
      interval: 0,
      codes: [2, 2],
      signer: { ...testSigner('forger'), keyId: evidenceKey('owner').keyId },
    });
    const own = await bench.seal({ n: 0, interval: 0, codes: [2, 2], signer: evidenceKey('manufacturer') });
    await refuses(bench, { kind: 'fork', header: batch.header, other: batch.header });
    await refuses(bench, { kind: 'fork', header: batch.header, other: next.header });
    const fork = { kind: 'fork', header: batch.header };
    await bench.refuses('BAD_SIGNATURE', 'manufacturer', 'dispute', { ...fork, other: forged.header });
    await bench.refuses('KEY_NOT_IN_USE', 'manufacturer', 'dispute', { ...fork, other: own.header });
    const elsewhere = await bench.seal({ n: 0, interval: 0, header: { channel: otherHash(bench.channel) } });
    await refuses(bench, { ...fork, other: elsewhere.header });
  });
});

describe('dispute: delivery', () => {
  test('a signed delivery for another header than the anchored one convicts', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    const delivery = await bench.delivery({ n: 0, header: otherHash(batch.headerHash), conditions: otherHash(batch.headerHash) });
    await holds(bench, 0, 'delivery', { kind: 'delivery', delivery, opening: [] });
  });

  test('a signed opening that does not lead to the anchored root convicts, whatever its form', async () => {
    const other = async (bench: ChannelBench) => (await bench.seal({ n: 0, interval: 0, codes: [2, 2] })).conditions;
    const junk = () => Promise.resolve({ leaves: 'none' });
    for (const make of [other, junk]) {
      const bench = await ChannelBench.open();
      const batch = await bench.anchored({ n: 0, interval: 0 });
      const conditions = (await make(bench)) as ConditionOpening;
      const delivery = await bench.delivery({ n: 0, header: batch.headerHash, conditions: toBase64Url(conditionOpeningHash(conditions)) });
      await holds(bench, 0, 'delivery', { kind: 'delivery', delivery, opening: [{ header: batch.header, conditions }] });
    }
  });

  test('a sound delivery cannot be disputed, nor one whose opening is withheld or swapped', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    const { header, delivery, conditions } = batch;
    const other = (await bench.seal({ n: 0, interval: 0, codes: [2, 2] })).conditions;
    await refuses(bench, { kind: 'delivery', delivery, opening: [{ header, conditions }] });
    await refuses(bench, { kind: 'delivery', delivery, opening: [] });
    await refuses(bench, { kind: 'delivery', delivery, opening: [{ header, conditions: other }] });
    const otherHeader = (await bench.seal({ n: 0, interval: 0, codes: [2, 2] })).header;
    await bench.refuses('HEADER_MISMATCH', 'manufacturer', 'dispute', {
      kind: 'delivery',
      delivery,
      opening: [{ header: otherHeader, conditions }],
    });
  });

  test('the manufacturer cannot frame the owner with a delivery that it signed itself, or for another channel or open number', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    const lie = { n: 0, header: otherHash(batch.headerHash), conditions: otherHash(batch.headerHash) };
    const own = await bench.delivery(lie, evidenceKey('manufacturer'));
    await bench.refuses('KEY_NOT_IN_USE', 'manufacturer', 'dispute', { kind: 'delivery', delivery: own, opening: [] });
    const forged = await bench.delivery(lie, { ...evidenceKey('manufacturer'), keyId: evidenceKey('owner').keyId });
    await bench.refuses('BAD_SIGNATURE', 'manufacturer', 'dispute', { kind: 'delivery', delivery: forged, opening: [] });
    const open = await bench.delivery({ ...lie, n: 5 });
    await bench.refuses('NOT_ANCHORED', 'manufacturer', 'dispute', { kind: 'delivery', delivery: open, opening: [] });
  });
});

describe('dispute: token', () => {
  const proof = (bench: ChannelBench, batch: SealedBatch, place: number) => ({
    kind: 'token',
    header: batch.header,
    tokens: batch.tokens,
    opening: singleOut(bench.params, batch.conditions, place),
  });

  test('a token for another condition than the record’s convicts, with that one record opened', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0, codes: [1, 2], tokenCodes: [1, 0] });
    await refuses(bench, proof(bench, batch, 0));
    await holds(bench, 0, 'token', proof(bench, batch, 1));
  });

  test('does not hold for honest tokens, other records, other tokens, other publications, calls', async () => {
    const bench = await ChannelBench.open({ params: { publications: 2, streams: 1 } });
    const batch = await bench.anchored({ n: 0, interval: 0, codes: [1] });
    for (const place of [0, 1, 2, 3, 4]) await refuses(bench, proof(bench, batch, place));
    const other = await bench.seal({ n: 0, interval: 0, codes: [2] });
    await refuses(bench, { ...proof(bench, batch, 1), tokens: other.tokens });
    await refuses(bench, { ...proof(bench, batch, 1), opening: singleOut(bench.params, other.conditions, 1) });
    await bench.refuses('HEADER_MISMATCH', 'manufacturer', 'dispute', proof(bench, other, 1));
    const call = await bench.anchored({ n: 1, interval: 1, row: 1 });
    await refuses(bench, proof(bench, call, 1));
  });
});

describe('dispute: deposit', () => {
  /** Batches 0 to 3, the first deposited with what `content` gives. */
  async function deposited(content: (bench: ChannelBench, batch: SealedBatch) => Promise<Uint8Array> | Uint8Array) {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    for (const n of [1, 2, 3]) await bench.anchored({ n, interval: n });
    const box = toBase64Url(await content(bench, batch));
    await bench.run('owner', 'deposit', { channel: bench.channel, n: 0, box });
    const proof = {
      kind: 'deposit',
      header: batch.header,
      box,
      batchKey: toBase64Url(batch.kBatch),
      proof: bench.set(0).batchKeyProof(0, 0),
    };
    return { bench, batch, proof };
  }

  test('a box that the committed key does not open, or to something else, convicts', async () => {
    const random = (bench: ChannelBench, batch: SealedBatch) =>
      sealDeposit(bench.params, testBytes('another key'), { delivery: batch.delivery, conditions: batch.conditions });
    const otherConditions = async (bench: ChannelBench, batch: SealedBatch) =>
      sealDeposit(bench.params, batch.kBatch, {
        delivery: batch.delivery,
        conditions: (await bench.seal({ n: 0, interval: 0, codes: [2, 2] })).conditions,
      });
    const otherDelivery = async (bench: ChannelBench, batch: SealedBatch) =>
      sealDeposit(bench.params, batch.kBatch, {
        delivery: (await bench.seal({ n: 1, interval: 1 })).delivery,
        conditions: batch.conditions,
      });
    const unsigned = async (bench: ChannelBench, batch: SealedBatch) =>
      sealDeposit(bench.params, batch.kBatch, {
        delivery: await bench.delivery({ n: 0, header: batch.headerHash, conditions: batch.headerHash }, testSigner('nobody')),
        conditions: batch.conditions,
      });
    const misnamed = (changes: { n: number } | { channel: string }) => async (bench: ChannelBench, batch: SealedBatch) => {
      const conditions = toBase64Url(conditionOpeningHash(batch.conditions));
      const delivery = await bench.delivery({ n: 0, header: batch.headerHash, conditions, ...changes });
      return sealDeposit(bench.params, batch.kBatch, { delivery, conditions: batch.conditions });
    };
    const [otherNumber, otherChannel] = [misnamed({ n: 1 }), misnamed({ channel: TEST_MODULE })];
    for (const content of [random, otherConditions, otherDelivery, unsigned, otherNumber, otherChannel]) {
      const { bench, proof } = await deposited(content);
      await holds(bench, 0, 'deposit', proof);
    }
  });

  test('does not hold for a sound box, a wrong key, another box, or another header', async () => {
    const { bench, proof, batch } = await deposited((b, { kBatch, delivery, conditions }) =>
      sealDeposit(b.params, kBatch, { delivery, conditions }),
    );
    await refuses(bench, proof);
    await refuses(bench, { ...proof, batchKey: toBase64Url(testBytes('wrong')) });
    await refuses(bench, { ...proof, proof: proof.proof.slice(1) });
    await refuses(bench, { ...proof, box: toBase64Url(new Uint8Array(Buffer.from(proof.box, 'base64url').length)) });
    const next = await bench.seal({ n: 1, interval: 1 });
    await refuses(bench, { ...proof, header: next.header });
    const forged = (await bench.seal({ n: 0, interval: 0, header: { h: otherHash(batch.headerHash) } })).header;
    await bench.refuses('HEADER_MISMATCH', 'manufacturer', 'dispute', { ...proof, header: forged });
  });
});

describe('dispute: chain', () => {
  const after = (bench: ChannelBench, batch: SealedBatch, options: Partial<Parameters<ChannelBench['seal']>[0]> = {}) =>
    bench.seal({ n: 1, interval: 1, ...options, header: { prev: batch.headerHash, ...options.header } });

  test('a signed header that leaves out an interval, or names another one before it, convicts; anchored or not', async () => {
    for (const options of [{ interval: 2 }, { header: { prev: TEST_MODULE } }, { header: { fromMs: Date.UTC(2026, 0, 1) + 1100 } }]) {
      const bench = await ChannelBench.open();
      const first = await bench.seal({ n: 0, interval: 0 });
      await holds(bench, 1, 'chain', { kind: 'chain', header: (await after(bench, first, options)).header, before: [first.header] });
    }
  });

  test('a signed header off the grid convicts by itself', async () => {
    const bench = await ChannelBench.open();
    const early = await bench.seal({ n: 1, interval: 1, header: { fromMs: bench.params.originMs } });
    await holds(bench, 1, 'chain', { kind: 'chain', header: early.header, before: [] });
  });

  test('does not hold for headers in order, not in a row, on the grid, or not the owner’s', async () => {
    const bench = await ChannelBench.open();
    const first = await bench.seal({ n: 0, interval: 0 });
    const next = await after(bench, first);
    await refuses(bench, { kind: 'chain', header: next.header, before: [first.header] });
    await refuses(bench, { kind: 'chain', header: next.header, before: [] });
    const second = await bench.seal({ n: 2, interval: 2, header: { prev: next.headerHash } });
    await refuses(bench, { kind: 'chain', header: second.header, before: [first.header] });
    await refuses(bench, { kind: 'chain', header: first.header, before: [next.header] });
    const foreign = await bench.seal({ n: 0, interval: 0, header: { channel: otherHash(bench.channel) } });
    await refuses(bench, { kind: 'chain', header: next.header, before: [foreign.header] });
    const own = await after(bench, first, { interval: 2, signer: evidenceKey('manufacturer') });
    await bench.refuses('KEY_NOT_IN_USE', 'manufacturer', 'dispute', { kind: 'chain', header: own.header, before: [first.header] });
    await bench.refuses('KEY_NOT_IN_USE', 'manufacturer', 'dispute', { kind: 'chain', header: second.header, before: [own.header] });
  });
});
