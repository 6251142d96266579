import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseProof, type ProofParts, type ProofReport, type ProofSupport, verifyProof, writeProof } from '../../src/audit/index.ts';
import { type Bytes, type Json, toBase64Url } from '../../src/core/index.ts';
import { sealDeposit } from '../../src/evidence/index.ts';
import { ChannelBench, type SealedBatch } from '../contract/fixture.ts';
import type { ForgedChain } from '../fabric-blocks/forged-chain.ts';
import { forgedLedger } from '../fabric-blocks/forged-ledger.ts';
import { evidenceKey, TEST_MODULE, testBytes, testChannel } from '../support/ledger-network.ts';
import { Scene } from './scene.ts';

describe('a proof that rests on the blocks of a Fabric channel', () => {
  async function deposited(box: (bench: ChannelBench, batch: SealedBatch) => Bytes) {
    const chain = forgedLedger();
    const bench = await ChannelBench.open({ genesis: chain.genesis });
    const { originMs } = bench.params;
    for (const organisation of ['owner', 'manufacturer'] as const) {
      const key = toBase64Url(evidenceKey(organisation).publicKey);
      await chain.commit(organisation, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' }, originMs);
    }
    await chain.commit('owner', 'openChannel', (await testChannel(chain.ledgerId, bench.params)).body, originMs);
    await chain.commit('owner', 'epochRecord', { record: await bench.record({ k: 0, opens: bench.opens(0, 1) }) }, originMs);
    const batch = await bench.seal({ n: 0, interval: 0 });
    await chain.commit('owner', 'anchor', batch.anchor, originMs + 1000);
    // A deposit waits until its recipient's time is over, by the batches that follow.
    await chain.commit('owner', 'anchor', (await bench.seal({ n: 1, interval: 3 })).anchor, originMs + 4000);
    const bytes = toBase64Url(box(bench, batch));
    await chain.commit('owner', 'deposit', { channel: bench.channel, n: 0, box: bytes }, originMs + 5000);
    const body = {
      kind: 'deposit' as const,
      header: batch.header,
      box: bytes,
      batchKey: toBase64Url(batch.kBatch),
      proof: bench.set(0).batchKeyProof(0, 0),
    };
    return { chain, bench, body };
  }

  async function judged(bench: ChannelBench, body: ProofParts['body'], support: Partial<ProofSupport>): Promise<ProofReport> {
    const channel = (await testChannel(bench.ledgerId, bench.params)).body.document;
    return verifyProof(parseProof(writeProof({ channel, body, support })));
  }

  const blocksOf = (chain: ForgedChain) => chain.blocks as unknown as Json[];
  const junk = (bench: ChannelBench, { delivery, conditions }: SealedBatch): Bytes =>
    sealDeposit(bench.params, testBytes('another key'), { delivery, conditions });

  test('convicts by a deposit of junk, which stands in the chain under its sender', async () => {
    const { chain, bench, body } = await deposited(junk);
    const report = await judged(bench, body, { blocks: blocksOf(chain) });
    assert.deepEqual([report.holds, report.convicted?.party, report.n], [true, 'owner', 0], report.fault);
    assert.ok(report.rests.some((text) => text.includes('blocks of the ledger')));
  });

  test('convicts nobody by a sound deposit, by blocks without it, or by blocks that do not verify', async () => {
    const sound = await deposited((bench, { kBatch, delivery, conditions }) => sealDeposit(bench.params, kBatch, { delivery, conditions }));
    assert.match((await judged(sound.bench, sound.body, { blocks: blocksOf(sound.chain) })).fault ?? '', /opens to the delivery/);
    const { chain, bench, body } = await deposited(junk);
    assert.match((await judged(bench, body, { blocks: blocksOf(chain).slice(0, -1) })).fault ?? '', /not the box/);
    const broken = chain.blocks.with(-1, { ...chain.blocks.at(-1)!, codes: [10] });
    assert.match((await judged(bench, body, { blocks: broken as unknown as Json[] })).fault ?? '', /does not verify/);
    assert.match((await judged(await ChannelBench.open(), body, { blocks: blocksOf(chain) })).fault ?? '', /No block holds the genesis/);
  });

  test('convicts by what the order shows: an anchor after its deadline, by the time of its transaction', async () => {
    const scene = await Scene.open({ chain: forgedLedger() });
    await scene.batches({ interval: 0 }, { interval: 1, anchoredAfterMs: 600 }, { interval: 2 });
    const { blocks } = scene.parts();
    const claim = (n: number) =>
      verifyProof(parseProof(writeProof({ channel: scene.document, body: { kind: 'late', n }, support: { blocks: [...blocks] } })));
    const late = await claim(1);
    assert.deepEqual([late.holds, late.convicted?.party], [true, 'owner'], late.fault);
    assert.ok(late.rests.some((text) => text.includes('orderers')));
    assert.match((await claim(0)).fault ?? '', /in time/);
  });
});
