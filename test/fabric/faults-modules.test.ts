import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { auditOf } from '../crash/comparison.ts';
import type { KillPoint } from '../crash/kill-order.ts';
import type { ProcessPlant } from '../faults/process-plant.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { fabricPlant, OperatorScreen } from './plant.ts';

// Two organisations, of which a transaction needs both.
const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

/** Long enough for several intervals, and for calls that fail. */
const OUTAGE_MS = 6_000;

async function receiptedMore(plant: ProcessPlant, more: number): Promise<void> {
  const { sealed: from = 0 } = await plant.owner.counts();
  for (const limit = Date.now() + 60_000; ; await pause(200)) {
    const { anchored = 0, receipted = 0 } = await plant.owner.counts();
    if (Math.min(anchored, receipted) >= from + more) return;
    if (Date.now() > limit) throw new Error(`${receipted} receipts and ${anchored} anchors, after ${from} batches.`);
  }
}

async function assertNothingLost(plant: ProcessPlant): Promise<void> {
  const { batches, anchoredOnce, receiptedOnce, lost, duplicated, disordered, unopened, actionsLost, faults } = await plant.finish();
  assert.deepEqual(
    { anchoredOnce, receiptedOnce, lost, duplicated, disordered, unopened, actionsLost, faults },
    { anchoredOnce: batches, receiptedOnce: batches, lost: 0, duplicated: 0, disordered: 0, unopened: 0, actionsLost: 0, faults: [] },
  );
  const report = await auditOf(plant.files.ownerFile, plant.files.plant.ledgerId);
  assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
}

describe('two modules on a network of which parts fail', () => {
  let plant: ProcessPlant;
  let screen: OperatorScreen;

  before(async () => {
    plant = await fabricPlant(network);
    await plant.start();
    await receiptedMore(plant, 3);
    screen = await OperatorScreen.open(plant);
  });
  after(async () => {
    await screen.close();
    await plant.end();
  });

  const outages = [
    { part: 'orderer', states: ['Sealed', 'Submitted'] },
    { part: 'peer-manufacturer', states: ['Sealed'] },
    { part: 'evidence', states: ['Sealed'] },
    { part: 'peer-owner', states: ['Sealed'] },
  ] as const;

  for (const { part, states } of outages) {
    test(`${part} is away for a while: batches wait and the operator sees it; back again all are anchored`, async () => {
      screen.take();
      await network.kill(part, 'SIGKILL');
      await pause(OUTAGE_MS);
      const { states: during, mostUnanchored } = screen.take();
      await network.start(part);
      for (const state of states) assert.ok(during.includes(state), `${state} in ${during.join(' ')}`);
      assert.notEqual(during.at(-1), 'Anchored', during.join(' '));
      assert.ok(!during.includes('Failed'), during.join(' '));
      assert.ok(mostUnanchored >= 3, `${mostUnanchored} unanchored`);
      await receiptedMore(plant, 3);
      await until('the screen shows an anchored batch', () => screen.take().states.includes('Anchored'));
      for (const limit = Date.now() + 60_000; (await screen.unanchored()) > 2; await pause(50)) assert.ok(Date.now() < limit);
    });
  }

  test('nothing is lost, nothing stands twice, everything in order, and the audit proves every batch', () => assertNothingLost(plant));
});

describe('modules that are killed at each stage of a transaction', () => {
  let plant: ProcessPlant;

  before(async () => {
    plant = await fabricPlant(network);
    await plant.start();
    await receiptedMore(plant, 2);
  });
  after(() => plant.end());

  const around = (part: KillPoint['part'], name: string): KillPoint[] =>
    (['before', 'after'] as const).map((when) => ({ part, name, when }));
  const points = {
    owner: [
      ...around('fabric', 'endorse'),
      ...around('senderStore', 'setSubmitted'),
      ...around('fabric', 'submit'),
      ...around('fabric', 'commitStatus'),
      ...around('senderStore', 'setLedgerState'),
    ],
    receiver: around('receiverStore', 'addAnchor'),
  };

  for (const role of ['owner', 'receiver'] as const) {
    test(`the ${role}'s, again and again`, async () => {
      const reached: (string | undefined)[] = [];
      const runner = role === 'owner' ? plant.owner : plant.receiver;
      await runner.kill();
      for (const point of points[role]) {
        const order = { kind: 'step', point, occurrence: 2 } as const;
        const { reached: at, unexpected } = await plant.startModule(role, order).until(order);
        assert.equal(unexpected, undefined, JSON.stringify(point));
        reached.push(at);
      }
      assert.deepEqual(
        reached,
        points[role].map(({ part, name, when }) => `${when} ${part}.${name}`),
      );
      plant.startModule(role);
      await receiptedMore(plant, 2);
    });
  }

  test('nothing is lost, nothing stands twice, everything in order, and the audit proves every batch', () => assertNothingLost(plant));
});
