import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KillPoint } from '../crash/kill-order.ts';
import type { ProcessPlant } from '../faults/process-plant.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { assertNothingLost, fabricPlant, receiptedMore } from './plant.ts';

// Two organisations, of which a transaction needs both.
const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

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
