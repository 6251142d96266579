import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditOf } from '../crash/comparison.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { ProcessPlant } from './process-plant.ts';

/** Longer than what a module counts as merely late. */
const SUSPENDED_MS = 14_000;
const INTERVAL_MS = 1000;

/** One plant's life in order. */
describe('a machine that stands still for a while, as one that is suspended', () => {
  let plant: ProcessPlant;

  before(async () => {
    plant = await ProcessPlant.create();
    await plant.start();
    await receipted(3);
  });
  after(() => plant.end());

  async function receipted(more: number): Promise<void> {
    const { sealed: from = 0 } = await plant.owner.counts();
    for (const limit = Date.now() + 40_000; ; await pause(200)) {
      const { anchored = 0, receipted = 0 } = await plant.owner.counts();
      if (Math.min(anchored, receipted) >= from + more) return;
      if (Date.now() > limit) throw new Error(`${receipted} receipts and ${anchored} anchors, after ${from} batches.`);
    }
  }

  test("the owner's: what it slept through is marked as missed when it wakes up", async () => {
    process.kill(plant.owner.pid, 'SIGSTOP');
    await pause(SUSPENDED_MS);
    process.kill(plant.owner.pid, 'SIGCONT');
    await until('it is said', () => plant.codes('owner').includes('MISSED'));
    await receipted(3);
  });

  test("the manufacturer's: what came meanwhile is received when it wakes up", async () => {
    process.kill(plant.receiver.pid, 'SIGSTOP');
    await pause(SUSPENDED_MS);
    process.kill(plant.receiver.pid, 'SIGCONT');
    await receipted(SUSPENDED_MS / INTERVAL_MS);
  });

  test('every interval is in exactly one batch, no acknowledged value is lost, and the audit shows the gap and nothing else', async () => {
    const { batches, anchoredOnce, receiptedOnce, lost, duplicated, unopened, faults } = await plant.finish();
    assert.deepEqual(
      { anchoredOnce, receiptedOnce, lost, duplicated, unopened, faults },
      { anchoredOnce: batches, receiptedOnce: batches, lost: 0, duplicated: 0, unopened: 0, faults: [] },
    );
    const report = await auditOf(plant.files.ownerFile, plant.files.plant.ledgerId);
    assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
    const missed = report.channels[0]!.gaps.filter(({ reason }) => reason === 'missed');
    const spanMs = missed.at(-1)!.toMs - missed[0]!.fromMs;
    assert.ok(spanMs >= SUSPENDED_MS - INTERVAL_MS && spanMs <= SUSPENDED_MS + 4 * INTERVAL_MS, `${spanMs} ms`);
  });
});
