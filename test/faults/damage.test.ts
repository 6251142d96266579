import assert from 'node:assert/strict';
import { closeSync, copyFileSync, existsSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { ProcessPlant } from './process-plant.ts';

const PAGE = 4096;

/** Writes something else over every page but the first, which says what the file is. */
function damage(file: string): void {
  const pages = Math.floor(statSync(file).size / PAGE);
  const descriptor = openSync(file, 'r+');
  for (let page = 1; page < pages; page++) writeSync(descriptor, new Uint8Array(PAGE).fill(0x5a), 0, PAGE, page * PAGE);
  closeSync(descriptor);
}

/** Everything that was written stands in the file itself, none of it in the log beside it. */
function checkpoint(file: string): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

function copies(file: string, to: 'saved' | 'back'): void {
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)) && name.endsWith('.saved') === (to === 'back'));
  for (const name of names) {
    const path = join(dirname(file), name);
    if (!statSync(path).isFile()) continue;
    copyFileSync(path, to === 'saved' ? `${path}.saved` : path.slice(0, -'.saved'.length));
  }
}

/** One plant's life in order. */
describe('a module whose file has damaged pages says so at its start, and takes nothing', () => {
  let plant: ProcessPlant;

  before(async () => {
    plant = await ProcessPlant.create();
    await plant.start();
    for (let tries = 0; ((await plant.owner.counts())['receipted'] ?? 0) < 5; tries++) assert.ok(tries < 1000);
  });
  after(() => plant.end());

  const CASES = [
    { role: 'owner', file: 'store.db' },
    { role: 'owner', file: 'store.db.journal' },
    { role: 'receiver', file: 'store.db' },
  ] as const;

  for (const { role, file } of CASES) {
    test(`${role}: ${file}`, async () => {
      const path = join(role === 'owner' ? plant.files.plant.owner : plant.files.plant.manufacturer, 'data', file);
      assert.ok(existsSync(path));
      await plant[role].kill();
      checkpoint(path);
      copies(path, 'saved');
      damage(path);
      const damaged = plant.startModule(role);
      await until('it ends', () => damaged.why !== undefined, 60_000);
      assert.match(damaged.why ?? '', /STORE_DAMAGED|damaged/);
      assert.equal(damaged.running, false);
      await damaged.kill();
      copies(path, 'back');
      const mended = plant.startModule(role);
      await until('it runs again', () => mended.running, 60_000);
    });
  }

  test('with the undamaged files all goes on, and nothing is lost', async () => {
    const { lost, duplicated, batches, anchoredOnce, receiptedOnce, faults } = await plant.finish();
    assert.deepEqual(
      { lost, duplicated, anchoredOnce, receiptedOnce, faults },
      { lost: 0, duplicated: 0, anchoredOnce: batches, receiptedOnce: batches, faults: [] },
    );
  });
});
