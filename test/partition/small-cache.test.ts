import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Ended, INTERVAL_MS, PartitionedPlant, requireAllProven, requireNoSurprise } from './partitioned-plant.ts';

/** Ends with the test that starts it. */
async function partitioned(cache: Parameters<typeof PartitionedPlant.start>[0]['cache']): Promise<PartitionedPlant> {
  const plant = await PartitionedPlant.start({ cache });
  after(() => plant.close());
  return plant;
}

const OUTAGE_MS = 14_000;
const KEPT_MS = 5000;

for (const atLimit of ['dropOldest', 'dropNewest'] as const) {
  describe(`readings are kept for 5 s, with ${atLimit}`, () => {
    test(`the ${atLimit === 'dropOldest' ? 'last' : 'first'} 5 s of an outage can be opened after it, and every delivery arrives`, async () => {
      const plant = await partitioned({ maxAgeMs: KEPT_MS, atLimit });
      const { from, to, dropped } = await plant.cutFor(OUTAGE_MS);
      await plant.caughtUp();
      const ended = await plant.end();
      const { evidence, reports } = ended;
      const [first, last] = atLimit === 'dropOldest' ? [dropped.at(-1)! + 1, to] : [from, dropped[0]! - 1];
      // By their publication: what a busy machine publishes late comes several at a time.
      const keptMs = evidence.batches[last]!.publishAtMs - evidence.batches[first]!.publishAtMs;
      assert.ok(keptMs <= KEPT_MS + 4 * INTERVAL_MS, `${first} to ${last} of ${from} to ${to} are kept: ${keptMs} ms`);
      assert.ok(last - first + 1 >= KEPT_MS / INTERVAL_MS - 4, `${first} to ${last} of ${from} to ${to} are kept`);
      assert.ok(atLimit === 'dropOldest' ? dropped[0]! <= from : dropped.at(-1)! >= to - 1, `${dropped.join()} of ${from} to ${to}`);
      assert.ok(plant.ofOwner.of('cache-full').length > 0);
      assert.deepEqual([...plant.writes.statuses], []);
      assert.deepEqual(plant.ofOwner.of('cache-free').length, plant.ofOwner.of('cache-full').length);
      evidence.requireChain();
      evidence.requireSequences();
      requireAllProven(ended);
      evidence.requireGapsAreDrops(reports.owner, reports.manufacturer);
      requireNoSurprise(plant);
    });
  });
}

/** Room for some twenty deliveries. */
const TWENTY_DELIVERIES = 80_000;

for (const atLimit of ['dropOldest', 'dropNewest'] as const) {
  describe(`a cache that has no room for the deliveries alone, with ${atLimit}`, () => {
    let ended: Ended;
    let expired: number[];

    test('lets those at that end expire, and no others; the manufacturer gets the rest, and goes on', async () => {
      const plant = await partitioned({ maxBytes: TWENTY_DELIVERIES, atLimit });
      const { from, to } = await plant.cutFor(OUTAGE_MS);
      await plant.caughtUp();
      ended = await plant.end();
      expired = ended.evidence.dropped('delivery');
      assert.ok(expired.length >= 2 && expired.length < to, `${expired.join()} of ${from} to ${to}`);
      const states = ended.evidence.batches.map(({ deliveryState }) => deliveryState);
      assert.deepEqual(states.flatMap((state, n) => (state === 'Receipted' ? [] : [n])), expired); // prettier-ignore
      assert.ok(expired.every((n) => states[n] === 'Expired'));
      assert.ok(atLimit === 'dropOldest' ? expired[0]! <= from : expired[0]! > from + 10, `${expired.join()} of ${from} to ${to}`);
      const found = plant.ofManufacturer.of('finding').filter(({ code }) => code !== 'LATE_PUBLICATION');
      assert.deepEqual(found.map(({ n, code }) => [n, code]), expired.map((n) => [n, 'EXPIRED'])); // prettier-ignore
    });

    test('keeps headers, chain and sequence numbers without a gap', () => {
      ended.evidence.requireChain();
      ended.evidence.requireSequences();
    });

    test('both audits prove all the others, say of the expired ones that nobody has them any more, and find nothing', () => {
      for (const [side, report] of Object.entries(ended.reports)) {
        // What can't be verified is no finding against anybody, and yet no audit that passes.
        assert.deepEqual([report.findings, report.passed], [[], false], side);
        const unproven = report.channels[0]!.batches.filter(({ verdict }) => verdict !== 'PROVEN');
        assert.deepEqual(unproven.map(({ n, verdict }) => [n, verdict]), expired.map((n) => [n, 'UNVERIFIABLE']), side); // prettier-ignore
        assert.ok(
          unproven.every(({ lacking }) => lacking.some((what) => what.includes('expired'))),
          side,
        );
        assert.equal(report.channels[0]!.batches.length, ended.evidence.batches.length, side);
      }
      ended.evidence.requireGapsAreDrops(ended.reports.owner, ended.reports.manufacturer);
    });
  });
}
