import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type DisputeFacts, keepDispute } from '../../src/app/receiver-disputes.ts';
import type { Json } from '../../src/core/index.ts';
import type { DisputeGrounds } from '../../src/transfer/index.ts';
import { temporaryFolder } from '../cli/program.ts';
import { ChannelBench } from '../contract/fixture.ts';
import { testChannel } from '../support/ledger-network.ts';

describe('a dispute about a deposit', () => {
  /** Keeps a dispute that rests on so many blocks of a megabyte each; they share their text. */
  async function kept(t: Parameters<typeof temporaryFolder>[0], count: number): Promise<{ claims: string[]; hasFile: boolean }> {
    const bench = await ChannelBench.open();
    const { header } = await bench.seal({ n: 0, interval: 0 });
    const claims: string[] = [];
    const store = { claim: () => undefined, fact: () => undefined, addClaim: ({ id }: { id: string }) => claims.push(id) };
    const file = join(temporaryFolder(t), 'store.db');
    const facts = {
      channel: (await testChannel(bench.ledgerId, bench.params)).body.document,
      terms: { params: bench.params },
      file,
      store,
    };
    const text = 'A'.repeat(1_000_000);
    const blocks: Json[] = Array.from({ length: count }, (_, number) => ({ v: 0, number, data: [text] }));
    const grounds = { body: { kind: 'deposit', header }, headers: [], deposit: { genesis: [], transactions: [], blocks } };
    keepDispute(facts as unknown as DisputeFacts, 0, grounds as unknown as DisputeGrounds);
    return { claims, hasFile: existsSync(join(`${file}.proofs`, '0-deposit.json')) };
  }

  test('has its proof beside the store', async (t) => {
    assert.deepEqual(await kept(t, 1), { claims: ['dispute:0:deposit'], hasFile: true });
  });

  test('goes to the ledger also where its proof would be too large for a file', async (t) => {
    assert.deepEqual(await kept(t, 501), { claims: ['dispute:0:deposit'], hasFile: false });
  });
});
