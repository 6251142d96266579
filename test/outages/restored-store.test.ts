import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasCode, RejectedError, UnavailableError } from '../../src/core/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from '../app/plant.ts';

let plant: TestPlant;
before(async () => {
  plant = await TestPlant.create();
});
after(() => plant.end());

/** Runs the owner's module until `batches` that it sealed in this run are anchored. */
async function runFor(batches: number): Promise<void> {
  const told = new Told();
  const module = await plant.startSender(told, plant.ownerConfig({ firstStartWaitMs: 0 }));
  const anchored = (): number => {
    const sealed = new Set(told.of('sealed').map(({ n }) => n));
    return told.of('anchored').filter(({ n }) => sealed.has(n)).length;
  };
  await until(`${batches} anchored batches`, () => anchored() >= batches);
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
      /store\.db is older than the ledger, which has another batch \d+ already: it is a restored backup, or a copy of a store that is in use\. Use the newest store/,
    );
    return true;
  });
  copyFileSync(newest, store);
  await runFor(1);
});

/** The same ledger, which gives no answer to a question while `isAway` says so. */
function awayWhile(isAway: () => boolean, ledger: Ledger): Ledger {
  return new Proxy(ledger, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (key === 'query' && isAway()) return Promise.reject(new UnavailableError('LEDGER_UNAVAILABLE', 'Away, as the test wants it.'));
        return Reflect.apply(member, target, args);
      };
    },
  });
}

test('one that went on while the ledger was away ends as soon as that answers, and anchors nothing', { timeout: 90_000 }, async () => {
  const { store } = plant.ownerConfig().channels[0];
  const [backup, journal] = [join(plant.plant.folder, 'early.db'), join(plant.plant.folder, 'early.db.journal')];
  await runFor(1);
  copyFileSync(store, backup);
  copyFileSync(`${store}.journal`, journal);
  await runFor(2);
  copyFileSync(backup, store);
  copyFileSync(journal, `${store}.journal`);
  for (const file of [store, `${store}.journal`]) for (const beside of ['-wal', '-shm']) rmSync(file + beside, { force: true });
  let isAway = true;
  const told = new Told();
  const module = await plant.startSender(told, plant.ownerConfig(), { adapters: { ledger: (ledger) => awayWhile(() => isAway, ledger) } });
  await until('more batches than the ledger has', () => told.of('sealed').length >= 8);
  isAway = false;
  assert.ok(hasCode(await module.failed, 'STORE_BEHIND'));
  assert.deepEqual(told.of('anchored'), []);
  await plant.stop(module, 0);
});
