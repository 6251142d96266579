import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RejectedError } from '../../src/core/index.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from './plant.ts';

let plant: TestPlant;
before(async () => {
  plant = await TestPlant.create();
});
after(() => plant.end());

/** Runs the owner's module until `batches` more are anchored. */
async function runFor(batches: number): Promise<void> {
  const told = new Told();
  const module = await plant.startSender(told, plant.ownerConfig({ firstStartWaitMs: 0 }));
  await until(`${batches} anchored batches`, () => told.of('anchored').length >= batches);
  await plant.stop(module, 0);
}

test('a restored backup of the store, behind the ledger, is refused; the newest store goes on', { timeout: 90_000 }, async () => {
  const { store } = plant.ownerConfig().channels[0];
  const [backup, newest] = [join(plant.plant.folder, 'backup.db'), join(plant.plant.folder, 'newest.db')];
  await runFor(2);
  copyFileSync(store, backup);
  await runFor(2);
  copyFileSync(store, newest);
  copyFileSync(backup, store);
  await assert.rejects(plant.startSender(new Told()), (error) => {
    assert.ok(error instanceof RejectedError);
    assert.match(
      error.message,
      /store\.db is older than the ledger, which has batch \d+ already: it is a restored backup\. Use the newest store/,
    );
    return true;
  });
  copyFileSync(newest, store);
  await runFor(1);
});
