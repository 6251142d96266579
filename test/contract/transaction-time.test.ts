import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MOST_AGE_MS, MOST_CLOCK_SKEW_MS, query, TRANSACTION_KINDS } from '../../src/contract/index.ts';
import { type Json, toBase64Url } from '../../src/core/index.ts';
import { TEST_MODULE, testSigner } from '../support/ledger-network.ts';
import { ContractBench } from './fixture.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const body = { key: toBase64Url(testSigner('a').publicKey), module: TEST_MODULE, attestation: 'none' };

/** A bench whose ledger has another time than the transactions that it gets. */
function benchAt(ageMs: number): ContractBench {
  const bench = new ContractBench();
  bench.nowMs = NOW_MS;
  bench.timeMs = NOW_MS - ageMs;
  return bench;
}

const anyKind = fc.constantFrom(...TRANSACTION_KINDS);
const anyBody = fc.oneof(
  fc.constant(body as Json),
  fc.json({ noUnicodeString: false }).map((text) => JSON.parse(text) as Json),
);

describe("a transaction's time", () => {
  test('may be five minutes back and five seconds ahead of the ledger, and no more', async () => {
    await benchAt(MOST_AGE_MS).run('owner', 'registerKey', body);
    await benchAt(-MOST_CLOCK_SKEW_MS).run('owner', 'registerKey', body);
    await benchAt(MOST_AGE_MS + 1).refuses('DATED_BACK', 'owner', 'registerKey', body);
    await benchAt(-MOST_CLOCK_SKEW_MS - 1).refuses('DATED_AHEAD', 'owner', 'registerKey', body);
  });

  test('is checked before all else: no kind and no body whatever is taken, or even read for, outside the window', async () => {
    const years = fc.integer({ min: 1, max: 10 * 365 * 86_400_000 });
    await fc.assert(
      fc.asyncProperty(anyKind, anyBody, years, fc.boolean(), fc.string(), async (kind, anything, ms, ahead, creator) => {
        const bench = benchAt(ahead ? -MOST_CLOCK_SKEW_MS - ms : MOST_AGE_MS + ms);
        await bench.refuses(ahead ? 'DATED_AHEAD' : 'DATED_BACK', creator, kind, anything);
        assert.deepEqual(bench.foreignReads, []);
      }),
    );
  });

  test("changes nothing within the window: the ledger's time is in no event and in no state", async () => {
    const results = await Promise.all(
      [-MOST_CLOCK_SKEW_MS, 0, MOST_AGE_MS].map(async (ageMs) => {
        const bench = benchAt(0);
        bench.nowMs = NOW_MS + ageMs;
        const event = await bench.run('owner', 'registerKey', body);
        return { event, entry: await query(bench.state, 'key', { organisation: 'owner', keyId: testSigner('a').keyId }) };
      }),
    );
    for (const result of results) assert.deepEqual(result, results[0]);
  });
});
