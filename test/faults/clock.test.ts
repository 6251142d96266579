import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditOf } from '../crash/comparison.ts';
import { until } from '../support/until.ts';
import { FaultPlant } from './fault-plant.ts';

const INTERVAL_MS = 1000;
const FORWARD_MS = 7 * INTERVAL_MS;
const BACK_MS = 3 * INTERVAL_MS;
const LEAP_SECOND_MS = 1000;

/** One plant's life in order, on a machine whose clock is set. */
describe('a clock that is set forward, back and by a leap second', () => {
  let plant: FaultPlant;
  let shiftMs = 0;
  const clock = { now: () => Date.now() + shiftMs };

  before(async () => {
    plant = await FaultPlant.create({ owner: { clock }, receiver: { clock } });
    await plant.start();
    await receiptsGoOn();
  });
  after(() => plant.end());

  const jumps = (): number => plant.owner.events.filter((event) => event.event === 'warning' && event.code === 'CLOCK_JUMPED').length;

  /** A few batches that are sealed from now on are anchored and receipted. */
  async function receiptsGoOn(): Promise<void> {
    const { sealed: from = 0 } = plant.owner.counts();
    await until(
      'batches are anchored and receipted',
      () => {
        const { anchored = 0, receipted = 0 } = plant.owner.counts();
        return Math.min(anchored, receipted) >= from + 3;
      },
      30_000,
    );
  }

  test('forward: it is said, and the intervals that were left out are batches that say so', async () => {
    shiftMs += FORWARD_MS;
    await until('it is said', () => jumps() === 1);
    await until('they are said to be missed', () =>
      plant.owner.events.some((event) => event.event === 'finding' && event.code === 'MISSED'),
    );
    await receiptsGoOn();
  });

  test('back: it is said, no interval comes twice, and the channel goes on', async () => {
    shiftMs -= BACK_MS;
    await until('it is said', () => jumps() === 2);
    await receiptsGoOn();
  });

  test('a second that comes twice, as a leap second does: likewise', async () => {
    shiftMs -= LEAP_SECOND_MS;
    await until('it is said', () => jumps() === 3);
    await receiptsGoOn();
  });

  test('every interval is in exactly one batch, no acknowledged value is lost, and the audit shows the gap and nothing else', async () => {
    await plant.finish();
    const { batches, anchoredOnce, receiptedOnce, lost, duplicated, unopened, faults, violations } = await plant.judge();
    assert.deepEqual(
      { anchoredOnce, receiptedOnce, lost, duplicated, unopened, faults, violations },
      { anchoredOnce: batches, receiptedOnce: batches, lost: 0, duplicated: 0, unopened: 0, faults: [], violations: [] },
    );
    for (const file of [plant.files.ownerFile, plant.files.manufacturerFile]) {
      const report = await auditOf(file, plant.files.plant.ledgerId);
      assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
      const gaps = report.channels[0]!.gaps;
      assert.ok(gaps.length > 0 && gaps.every(({ reason }) => reason === 'missed'), JSON.stringify(gaps));
      const spanMs = gaps.at(-1)!.toMs - gaps[0]!.fromMs;
      assert.ok(spanMs >= FORWARD_MS && spanMs <= FORWARD_MS + 3 * INTERVAL_MS, `${spanMs} ms`);
    }
  });
});
