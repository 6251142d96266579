import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Envelope, RejectedError } from '../../src/core/index.ts';
import { answerProposal } from '../../src/transfer/index.ts';
import { ChannelBench, hashOf } from '../contract/fixture.ts';

describe('the answer to a proposal that stands on the ledger', () => {
  const asked = async (sign: (proposal: Envelope) => Promise<Envelope>) => {
    const bench = await ChannelBench.open({ sets: [] });
    const proposal = await bench.record({ opens: bench.opens(0) });
    return { bench, proposal, answer: await answerProposal(bench.channel, 0, proposal, sign) };
  };

  test('is the record with both signatures', async () => {
    const { proposal, answer } = await asked((shown) => Promise.resolve(shown));
    assert.deepEqual(answer, { kind: 'epochRecord', body: { record: proposal } });
  });

  test('is an objection to this very proposal where it can’t be signed', async () => {
    const { bench, proposal, answer } = await asked(() => Promise.reject(new RejectedError('BAD_EPOCH_RECORD', 'It does not fit.')));
    assert.deepEqual(answer, { kind: 'epochObjection', body: { channel: bench.channel, k: 0, proposal: hashOf(proposal) } });
  });

  test('is none where this side fails by itself', async () => {
    await assert.rejects(
      asked(() => Promise.reject(new Error('disk'))),
      /disk/,
    );
  });
});
