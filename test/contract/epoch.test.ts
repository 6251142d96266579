import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { query } from '../../src/contract/index.ts';
import { type Signer, toBase64Url } from '../../src/core/index.ts';
import { type CumulativeReceipt, type EpochRecord, proposeEpochRecord, signSeedCommitment } from '../../src/evidence/index.ts';
import { evidenceKey, testBytes, testSigner } from '../support/ledger-network.ts';
import { ChannelBench, hashOf, otherHash, type SealedBatch } from './fixture.ts';

const DIGEST = toBase64Url(testBytes('digest'));

function cumulative(batch: SealedBatch, exceptions: CumulativeReceipt['exceptions'] = []): CumulativeReceipt {
  return { through: batch.n, header: batch.headerHash, digest: DIGEST, exceptions };
}

describe('seedCommitment', () => {
  const commit = async (channel: string, epoch: number, signer: Signer = evidenceKey('owner')) => ({
    commitment: await signSeedCommitment({ v: 0, channel, epoch, root: toBase64Url(testBytes(`seeds ${epoch}`)) }, signer),
  });

  test('commits the owner by its own signature alone, once an epoch', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const body = await commit(bench.channel, 3);
    const event = await bench.run('owner', 'seedCommitment', body);
    const root = toBase64Url(testBytes('seeds 3'));
    assert.deepEqual(event, { kind: 'seedCommitment', channel: bench.channel, body: { epoch: 3, root } });
    assert.deepEqual(await query(bench.state, 'seedCommitment', { channel: bench.channel, epoch: 3 }), { root });
    await bench.refuses('SEEDS_COMMITTED', 'owner', 'seedCommitment', body);
  });

  test('refuses another sender, another signer, another channel and a revoked key', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const body = await commit(bench.channel, 0);
    await bench.refuses('WRONG_CREATOR', 'manufacturer', 'seedCommitment', body);
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'seedCommitment', await commit(bench.channel, 0, evidenceKey('manufacturer')));
    await bench.refuses('NO_CHANNEL', 'owner', 'seedCommitment', await commit(otherHash(bench.channel), 0));
    const forged = { ...testSigner('forger'), keyId: evidenceKey('owner').keyId };
    await bench.refuses('BAD_SIGNATURE', 'owner', 'seedCommitment', await commit(bench.channel, 0, forged));
    await bench.run('owner', 'revokeKey', { key: toBase64Url(evidenceKey('owner').publicKey) });
    await bench.refuses('KEY_REVOKED', 'owner', 'seedCommitment', body);
  });
});

describe('epochRecord', () => {
  test('either party sends what both have signed; it opens token sets', async () => {
    for (const creator of ['owner', 'manufacturer']) {
      const bench = await ChannelBench.open({ sets: [] });
      const opens = bench.opens(0, 1, 2, 3);
      const event = await bench.run(creator, 'epochRecord', { record: await bench.record({ opens }) });
      assert.deepEqual(event.body, { k: 0, opens, close: [], receipt: [] });
      const { root } = opens[2]!;
      assert.deepEqual(await query(bench.state, 'tokenSet', { channel: bench.channel, epoch: 2, agreement: 1 }), { root, k: 0 });
    }
  });

  test('refuses strangers and whatever both parties have not signed in their order', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const [owner, manufacturer, stranger] = [evidenceKey('owner'), evidenceKey('manufacturer'), evidenceKey('stranger')];
    const opens = bench.opens(0);
    const send = async (...signers: [Signer, Signer]) => ({ record: await bench.record({ opens }, signers) });
    await bench.refuses('WRONG_CREATOR', 'stranger', 'epochRecord', await send(owner, manufacturer));
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'epochRecord', await send(manufacturer, owner));
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'epochRecord', await send(owner, stranger));
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'epochRecord', await send(owner, owner));
    const alone = await proposeEpochRecord({ v: 0, channel: bench.channel, k: 0, opens, close: [], receipt: [] }, owner);
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'epochRecord', { record: alone });
    const forged = { ...stranger, keyId: manufacturer.keyId };
    await bench.refuses('BAD_SIGNATURE', 'owner', 'epochRecord', await send(owner, forged));
  });

  test('records are numbered without gaps, and record 0 closes nothing', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const batch = await bench.seal({ n: 0, interval: 0 });
    await bench.run('owner', 'anchor', batch.bare);
    const close = [{ n: 0, header: batch.headerHash }];
    await bench.refuses('RECORD_GAP', 'owner', 'epochRecord', { record: await bench.record({ k: 1 }) });
    await bench.refuses('FIRST_RECORD_CLOSES', 'owner', 'epochRecord', { record: await bench.record({ close }) });
    await bench.refuses('FIRST_RECORD_CLOSES', 'owner', 'epochRecord', { record: await bench.record({ receipt: [cumulative(batch)] }) });
    await bench.run('owner', 'epochRecord', { record: await bench.record({}) });
    await bench.refuses('RECORD_EXISTS', 'owner', 'epochRecord', { record: await bench.record({ opens: bench.opens(1) }) });
    await bench.run('owner', 'epochRecord', { record: await bench.record({ k: 1, close, receipt: [cumulative(batch)] }) });
  });

  test('no record replaces a token set, nor opens one twice, nor for an agreement that is not in force', async () => {
    const bench = await ChannelBench.open({ sets: [0, 1] });
    const [first] = bench.opens(2);
    await bench.refuses('TOKEN_SET_EXISTS', 'owner', 'epochRecord', { record: await bench.record({ k: 1, opens: bench.opens(2, 1) }) });
    await bench.refuses('TOKEN_SET_EXISTS', 'owner', 'epochRecord', { record: await bench.record({ k: 1, opens: bench.opens(2, 2) }) });
    const amended = await bench.record({ k: 1, opens: [{ ...first!, agreement: 2 }] });
    await bench.refuses('UNKNOWN_AGREEMENT', 'owner', 'epochRecord', { record: amended });
  });

  test('what it closes with must be anchored, with the header that it names', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    const later = await bench.seal({ n: 1, interval: 1 });
    const send = async (record: Parameters<typeof bench.record>[0]) => ({ record: await bench.record({ k: 1, ...record }) });
    await bench.refuses('NOT_ANCHORED', 'owner', 'epochRecord', await send({ close: [{ n: 1, header: later.headerHash }] }));
    await bench.refuses('NOT_ANCHORED', 'owner', 'epochRecord', await send({ receipt: [cumulative(later)] }));
    await bench.refuses('CLOSE_MISMATCH', 'owner', 'epochRecord', await send({ close: [{ n: 0, header: later.headerHash }] }));
    await bench.refuses(
      'CLOSE_MISMATCH',
      'owner',
      'epochRecord',
      await send({ receipt: [cumulative({ ...batch, headerHash: later.headerHash })] }),
    );
  });

  test('a cumulative receipt does not go back, and its exceptions ascend within it', async () => {
    const bench = await ChannelBench.open();
    const batches = [await bench.anchored({ n: 0, interval: 0 }), await bench.anchored({ n: 1, interval: 1 })];
    const send = async (k: number, ...receipt: CumulativeReceipt[]) => ({ record: await bench.record({ k, receipt }) });
    const missing = (n: number) => ({ n, reason: 'missing' as const });
    for (const exceptions of [[missing(2)], [missing(1), missing(0)], [missing(0), missing(0)]]) {
      await bench.refuses('BAD_EXCEPTIONS', 'owner', 'epochRecord', await send(1, cumulative(batches[1]!, exceptions)));
    }
    await bench.run('owner', 'epochRecord', await send(1, cumulative(batches[1]!, [missing(0)])));
    assert.deepEqual(await query(bench.state, 'cumulativeReceipt', { channel: bench.channel }), { k: 1, through: 1, exceptions: [0] });
    await bench.refuses('RECEIPT_BACKWARDS', 'owner', 'epochRecord', await send(2, cumulative(batches[0]!)));
    await bench.run('owner', 'epochRecord', await send(2, cumulative(batches[1]!)));
  });
});

describe('epochProposal', () => {
  const proposed = async (bench: ChannelBench, changes: Partial<EpochRecord> = {}, signer: Signer = evidenceKey('owner')) => {
    const whole = { v: 0 as const, channel: bench.channel, k: 0, opens: bench.opens(0), close: [], receipt: [], ...changes };
    const record = await proposeEpochRecord(whole, signer);
    return { record, proposal: hashOf(record) };
  };

  test('shows what the owner alone has signed, opens nothing, and stands once', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const { record, proposal } = await proposed(bench);
    const event = await bench.run('owner', 'epochProposal', { record });
    assert.deepEqual(event, { kind: 'epochProposal', channel: bench.channel, body: { k: 0, proposal } });
    assert.notEqual(await query(bench.state, 'epochProposal', { channel: bench.channel, k: 0, proposal }), undefined);
    assert.equal(await query(bench.state, 'tokenSet', { channel: bench.channel, epoch: 0, agreement: 1 }), undefined);
    await bench.refuses('PROPOSAL_EXISTS', 'owner', 'epochProposal', { record });
    await bench.run('manufacturer', 'epochRecord', { record: await bench.record({ opens: bench.opens(0) }) });
    await bench.refuses('RECORD_EXISTS', 'owner', 'epochProposal', { record: (await proposed(bench, { opens: bench.opens(1) })).record });
  });

  test('is refused where no such record could follow, from anybody else, and with another signature', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const { record } = await proposed(bench);
    await bench.refuses('WRONG_CREATOR', 'manufacturer', 'epochProposal', { record });
    await bench.refuses('KEY_NOT_IN_USE', 'owner', 'epochProposal', {
      record: (await proposed(bench, {}, evidenceKey('manufacturer'))).record,
    });
    await bench.refuses('RECORD_GAP', 'owner', 'epochProposal', { record: (await proposed(bench, { k: 1 })).record });
    await bench.refuses('BAD_ENVELOPE', 'owner', 'epochProposal', { record: await bench.record({ opens: bench.opens(0) }) });
    await bench.refuses('NO_CHANNEL', 'owner', 'epochProposal', {
      record: (await proposed(bench, { channel: otherHash(bench.channel) })).record,
    });
    const close = [{ n: 0, header: otherHash(bench.channel) }];
    await bench.refuses('FIRST_RECORD_CLOSES', 'owner', 'epochProposal', { record: (await proposed(bench, { close })).record });
  });

  test('is objected to by the manufacturer, once, while nobody has signed', async () => {
    const bench = await ChannelBench.open({ sets: [] });
    const { record, proposal } = await proposed(bench);
    const objection = { channel: bench.channel, k: 0, proposal };
    await bench.refuses('NO_PROPOSAL', 'manufacturer', 'epochObjection', objection);
    await bench.run('owner', 'epochProposal', { record });
    await bench.refuses('WRONG_CREATOR', 'owner', 'epochObjection', objection);
    await bench.refuses('NO_PROPOSAL', 'manufacturer', 'epochObjection', { ...objection, proposal: otherHash(proposal) });
    const event = await bench.run('manufacturer', 'epochObjection', objection);
    assert.deepEqual(event, { kind: 'epochObjection', channel: bench.channel, body: { k: 0, proposal } });
    assert.notEqual(await query(bench.state, 'epochObjection', objection), undefined);
    await bench.refuses('OBJECTION_EXISTS', 'manufacturer', 'epochObjection', objection);
    const other = await proposed(bench, { opens: bench.opens(0, 1) });
    await bench.run('owner', 'epochProposal', { record: other.record });
    await bench.run('owner', 'epochRecord', { record: await bench.record({ opens: bench.opens(0) }) });
    await bench.refuses('RECORD_EXISTS', 'manufacturer', 'epochObjection', { ...objection, proposal: other.proposal });
  });
});
