import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { RESERVED_CODES } from '../../src/core/index.ts';
import { until } from '../support/until.ts';
import { PartitionedPlant, requireAllProven } from './partitioned-plant.ts';

async function partitioned(options: Parameters<typeof PartitionedPlant.start>[0]): Promise<PartitionedPlant> {
  const plant = await PartitionedPlant.start(options);
  after(() => plant.close());
  return plant;
}

describe('while the manufacturer can not be reached', () => {
  const AFTER = 6;

  test('deliveries are deposited on the ledger one by one, each once; with that the audit proves them before any receipt', async () => {
    const plant = await partitioned({ deadlines: { depositAfterIntervals: AFTER } });
    const from = await plant.cut();
    const deposited = (): number[] => plant.ofOwner.of('deposited').map(({ n }) => n);
    await until('deliveries are deposited', () => deposited().length >= 8, 60_000);
    const numbers = deposited();
    assert.deepEqual(numbers, numbers.map((_, index) => numbers[0]! + index)); // prettier-ignore
    assert.ok(numbers[0]! >= from - 1 && numbers.at(-1)! <= plant.newest - AFTER, `${numbers.join()} of ${from} to ${plant.newest}`);
    const during = await plant.plant.audit(plant.plant.ownerFile);
    const verdicts = new Map(during.channels[0]!.batches.map(({ n, verdict }) => [n, verdict]));
    assert.deepEqual([...new Set(numbers.map((n) => verdicts.get(n)))], ['PROVEN']);
    await plant.heal();
    await plant.caughtUp();
    const ended = await plant.end();
    assert.deepEqual([...new Set(ended.evidence.statesOf(0, plant.newest))], ['Receipted'], 'receipts follow deposits');
    ended.evidence.requireChain();
    requireAllProven(ended);
    assert.equal(new Set(deposited()).size, deposited().length);
  });

  test('nothing is deposited where the configuration says so', async () => {
    const plant = await partitioned({ deadlines: { depositAfterIntervals: 2 }, cache: { deposit: false } });
    await plant.cutFor(5000);
    await plant.caughtUp();
    assert.deepEqual(plant.ofOwner.of('deposited'), []);
    requireAllProven(await plant.end());
  });

  test('clearing is suspended at the agreed limit, and goes on when receipts are back', async () => {
    const limit = 8;
    const plant = await partitioned({ deadlines: { unreceiptedLimit: limit } });
    const { from, to } = await plant.cutFor(9000);
    await plant.caughtUp();
    const healed = plant.newest;
    const { evidence, ...rest } = await plant.end();
    const suspended = evidence.batches.flatMap(({ n, codes }) => (codes.includes(RESERVED_CODES.SUSPENDED) ? [n] : []));
    assert.ok(suspended.length >= to - from - limit - 2, `${suspended.join()} of ${from} to ${to}`);
    assert.ok(suspended[0]! >= from + limit - 3 && suspended.at(-1)! <= healed, `${suspended.join()} of ${from} to ${to}`);
    assert.deepEqual(suspended, suspended.map((_, index) => suspended[0]! + index)); // prettier-ignore
    const cleared = evidence.batches.at(-1)!.codes;
    assert.ok(!cleared.includes(RESERVED_CODES.SUSPENDED));
    evidence.requireChain();
    evidence.requireSequences();
    assert.equal(evidence.taken, plant.writes.accepted, 'readings are taken all the same');
    requireAllProven({ evidence, ...rest });
    const codes = new Set(plant.ofOwner.of('finding').map(({ code }) => code));
    codes.delete('LATE_PUBLICATION');
    assert.deepEqual([...codes], ['SUSPENDED']);
  });

  test('token sets run out and batches are anchored alone, NO_TOKENS; after the heal there are sets again', async () => {
    const plant = await partitioned({ lookAheadMs: 8000 });
    const { from, to } = await plant.cutFor(16_000);
    const marked = (): number[] => plant.ofOwner.of('anchored').flatMap(({ n, marks }) => (marks.includes('NO_TOKENS') ? [n] : []));
    assert.ok(marked().length > 0 && marked()[0]! > from, `${marked().join()} of ${from} to ${to}`);
    const isMarked = (): boolean => plant.ofOwner.of('anchored').at(-1)?.marks.includes('NO_TOKENS') === true;
    await until('batches have tokens again', () => !isMarked(), 60_000);
    await plant.caughtUp();
    const { evidence, reports } = await plant.end();
    evidence.requireChain();
    for (const [side, report] of Object.entries(reports)) {
      const others = report.channels[0]!.batches.filter(({ verdict }) => verdict !== 'PROVEN');
      assert.deepEqual(others, [], side);
      assert.deepEqual(report.counts, { PROVEN: evidence.batches.length - marked().length, 'PROVEN NO_TOKENS': marked().length }, side);
      assert.deepEqual([...new Set(report.findings.map(({ code }) => code))], ['NO_TOKENS'], side);
    }
  });
});
