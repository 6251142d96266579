import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ProcessPlant } from '../faults/process-plant.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { assertNothingLost, fabricPlant, OperatorScreen, receiptedMore } from './plant.ts';

// Two organisations, of which a transaction needs both.
const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

/** Long enough for several intervals, and for calls that fail. */
const OUTAGE_MS = 6_000;

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
