import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Ended, type Outage, PartitionedPlant, requireAllProven, requireNoSurprise } from './partitioned-plant.ts';

/** So many batches of half a second fit: an outage of 10 s is less, one of 30 s more. */
const MAX_BATCHES = 44;
const SHORT_MS = 10_000;
const LONG_MS = 30_000;

for (const atLimit of ['stop', 'dropOldest', 'dropNewest'] as const) {
  describe(`with ${atLimit}`, () => {
    let plant: PartitionedPlant;
    let ended: Ended;
    let long: Outage = { from: 0, to: 0, dropped: [] };

    before(async () => {
      plant = await PartitionedPlant.start({ cache: { maxBatches: MAX_BATCHES, atLimit } });
    });
    after(() => plant.close());

    test('a partition of 10 s is nothing: no value is refused, nothing dropped, and all is receipted after it', async () => {
      const { from, to } = await plant.cutFor(SHORT_MS);
      assert.ok(to - from >= 15, `${to - from} batches`);
      await plant.caughtUp();
      assert.deepEqual([[...plant.writes.statuses], plant.ofOwner.of('dropped'), plant.ofOwner.of('cache-full')], [[], [], []]);
    });

    test('of one that is longer than the cache it tells when the cache is full, and when it is free again', async () => {
      long = await plant.cutFor(LONG_MS);
      assert.ok(long.to - long.from > MAX_BATCHES, `${long.to - long.from} batches`);
      await plant.caughtUp();
      assert.deepEqual(plant.ofOwner.of('cache-full'), [{ event: 'cache-full', because: 'batches', atLimit }]);
      assert.deepEqual(plant.ofOwner.of('cache-free').length, 1);
      requireNoSurprise(plant);
      const { refused, statuses } = plant.writes;
      if (atLimit === 'stop') assert.deepEqual([refused > 0, [...statuses]], [true, ['BadResourceUnavailable']]);
      else assert.equal(refused, 0);
    });

    test('after the heal the chain of headers and the sequence numbers have no gap', async () => {
      ended = await plant.end();
      ended.evidence.requireChain();
      ended.evidence.requireSequences();
      assert.equal(ended.evidence.taken, plant.writes.accepted);
    });

    test(atLimit === 'stop' ? 'every reading that was taken can be opened' : 'the readings at that end are gone, and no others', () => {
      const { evidence } = ended;
      const dropped = evidence.dropped('readings');
      const all = evidence.batches.map(({ n }) => n);
      assert.deepEqual([...evidence.openable.keys()], all.filter((n) => !dropped.includes(n))); // prettier-ignore
      assert.deepEqual(evidence.dropped('delivery'), []);
      if (atLimit === 'stop') {
        assert.deepEqual(dropped, []);
        const counts = [...evidence.openable.values()].map(({ count }) => count);
        assert.equal(counts.reduce((sum, count) => sum + count, 0), plant.writes.accepted); // prettier-ignore
        assert.ok(
          counts.slice(long.from + MAX_BATCHES + 1, long.to).every((count) => count === 0),
          'none while it was full',
        );
        return;
      }
      const over = long.to - long.from + 1 - MAX_BATCHES;
      assert.ok(Math.abs(long.dropped.length - over) <= 3, `${long.dropped.length} dropped, ${over} over the limit`);
      assert.deepEqual([...long.dropped], run(long.dropped), 'one run');
      // The batches at the edges of the cut may have been receipted, or not, when it came.
      const first = long.dropped[0]! - long.from;
      const edge = atLimit === 'dropOldest' ? first : first - MAX_BATCHES;
      assert.ok(Math.abs(edge) <= 3, `begins at ${long.dropped[0]} of ${long.from} to ${long.to}`);
    });

    test("both audits prove every batch, and find exactly the drops in the owner's own gap records", () => {
      requireAllProven(ended);
      ended.evidence.requireGapsAreDrops(ended.reports.owner, ended.reports.manufacturer);
    });
  });
}

/** So many numbers from the first one on. */
function run(numbers: readonly number[]): number[] {
  return numbers.map((_, index) => numbers[0]! + index);
}
