import assert from 'node:assert/strict';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { backUpStoreOf, checkStore, compactStoreOf, restoreStoreOf, sizesOfStore, type StoreCheck } from '../../src/app/index.ts';
import type { ReceiverModule } from '../../src/app/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import { fault } from '../store/folders.ts';
import { until } from '../support/until.ts';
import { pieces, surprises, TestPlant, Told } from '../app/plant.ts';

const BATCHES = 9;

describe('the store of each side after some batches', { timeout: 180_000 }, () => {
  let plant: TestPlant;
  let saved: (side: 'owner' | 'manufacturer') => string;
  const config = (side: 'owner' | 'manufacturer'): string => (side === 'owner' ? plant.ownerFile : plant.manufacturerFile);
  const storeOf = (side: 'owner' | 'manufacturer'): string => join(plant.plant[side], 'data', 'store.db');

  before(async () => {
    plant = await TestPlant.create({ applications: false });
    saved = (side) => join(plant.plant.folder, `${side}.db`);
    const [ofOwner, ofManufacturer] = [new Told(), new Told()];
    const [sender, receiver] = await Promise.all([plant.startSender(ofOwner), plant.startReceiver(ofManufacturer)]);
    const plc = await plant.plc();
    for (let value = 0; ofManufacturer.of('acknowledged').length < BATCHES; value++) {
      await plc.write([pieces(value)]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until('an epoch record with a receipt', () => ofOwner.of('epoch-record').filter(({ step }) => step === 'committed').length >= 2);
    await plc.close();
    await backUpStoreOf(config('owner'), join(plant.plant.folder, 'running.db'));
    await plant.stop(sender);
    await plant.stop(receiver);
    assert.deepEqual([surprises(ofOwner), surprises(ofManufacturer)], [[], []]);
    for (const side of ['owner', 'manufacturer'] as const) copyFileSync(storeOf(side), saved(side));
  });
  after(() => plant.end());

  /** The check's report of the saved store with a change. */
  async function checkAfter(side: 'owner' | 'manufacturer', sql: string): Promise<StoreCheck> {
    copyFileSync(saved(side), storeOf(side));
    const db = new DatabaseSync(storeOf(side));
    db.exec(`PRAGMA ignore_check_constraints = ON; ${sql}`);
    db.close();
    return checkStore(config(side));
  }

  for (const side of ['owner', 'manufacturer'] as const) {
    test(`of the ${side} is sound, each batch looked at`, async () => {
      const { batches, reopened, receipts, epochRecords, faults } = await checkAfter(side, '');
      assert.deepEqual(faults, []);
      assert.ok(batches >= BATCHES);
      assert.equal(receipts, batches);
      if (side === 'manufacturer') return;
      assert.equal(reopened, batches);
      assert.ok(epochRecords >= 2);
    });
  }

  const flipped = (column: string): string =>
    `${column} = substr(${column}, 1, 50) || char((unicode(substr(${column}, 51, 1)) - 60) % 20 + 97) || substr(${column}, 52)`;
  const bit = (column: string): string => `${column} = CAST(substr(${column}, 1, 45) || x'00' || substr(${column}, 47) AS BLOB)`;
  const OTHER_HASH = `'${'A'.repeat(43)}'`;
  const CHANGES: readonly (readonly ['owner' | 'manufacturer', string, string, number])[] = [
    ['owner', "a header's bytes", `UPDATE batches SET ${flipped('header')} WHERE n = 3`, 3],
    ['owner', "a header's hash", `UPDATE batches SET header_hash = ${OTHER_HASH} WHERE n = 3`, 3],
    ['owner', "a delivery's hash", `UPDATE batches SET delivery_hash = ${OTHER_HASH} WHERE n = 3`, 3],
    ['owner', 'a package', `UPDATE batches SET ${bit('package')} WHERE n = 3`, 3],
    ['owner', 'codes', `UPDATE batches SET ${bit('codes')} WHERE n = 3`, 3],
    ['owner', 'a seed', `UPDATE openings SET ${bit('seed')} WHERE n = 3`, 3],
    ['owner', 'readings', `UPDATE openings SET ${bit('payload')} WHERE n = 3`, 3],
    ['owner', 'the interval', 'UPDATE batches SET interval = interval + 1000 WHERE n = 3', 3],
    ['owner', 'the last interval', 'UPDATE batches SET through = through + 1 WHERE n = 3', 3],
    ['owner', 'the row', 'UPDATE batches SET batch_row = 1 WHERE n = 3', 3],
    ['owner', 'a receipt', `UPDATE batches SET ${flipped('receipt')} WHERE n = 3`, 3],
    ['owner', "another batch's receipt", 'UPDATE batches SET receipt = (SELECT receipt FROM batches WHERE n = 4) WHERE n = 3', 3],
    ['owner', 'no receipt', 'UPDATE batches SET receipt = NULL WHERE n = 3', 3],
    ['owner', 'a state', `UPDATE batches SET delivery_state = 'Waiting' WHERE n = 3`, 3],
    ['owner', 'an unknown state', `UPDATE batches SET ledger_state = 'anchored' WHERE n = 3`, 3],
    ['owner', 'a missing batch', 'DELETE FROM cache WHERE n = 3; DELETE FROM openings WHERE n = 3; DELETE FROM batches WHERE n = 3', 3],
    ['owner', 'the progress', `UPDATE progress SET ${bit('state')}`, -1],
    ['owner', 'an epoch record', `UPDATE epoch_records SET ${flipped('countersigned')} WHERE k = 1`, -1],
    ['owner', 'a missing epoch record', 'DELETE FROM epoch_records WHERE k = 0', -1],
    ['manufacturer', 'a package', `UPDATE deliveries SET ${bit('package')} WHERE n = 3`, 3],
    ['manufacturer', 'codes', `UPDATE deliveries SET ${bit('codes')} WHERE n = 3`, 3],
    ['manufacturer', "a header's hash", `UPDATE deliveries SET header_hash = ${OTHER_HASH} WHERE n = 3`, 3],
    ['manufacturer', "a delivery's hash", `UPDATE deliveries SET delivery_hash = ${OTHER_HASH} WHERE n = 3`, 3],
    ['manufacturer', 'the interval', 'UPDATE deliveries SET interval = interval + 1 WHERE n = 3', 3],
    ['manufacturer', 'the row', 'UPDATE deliveries SET batch_row = 1 WHERE n = 3', 3],
    ['manufacturer', 'a receipt', `UPDATE deliveries SET ${flipped('receipt')} WHERE n = 3`, 3],
    ['manufacturer', 'the rolling digest', `UPDATE deliveries SET digest = ${OTHER_HASH} WHERE n = 3`, 3],
    ['manufacturer', 'a missing batch', 'DELETE FROM deliveries WHERE n = 3', 3],
  ];
  for (const [side, what, sql, n] of CHANGES) {
    test(`of the ${side} with another value in one place is not sound, and the fault is named: ${what}`, async () => {
      const { faults } = await checkAfter(side, sql);
      assert.ok(
        faults.some((found) => found.n === n),
        JSON.stringify(faults),
      );
      assert.ok(faults.every((found) => found.what.length > 20));
    });
  }

  test('of the owner without the keys of days proves its batches, but makes none again', async () => {
    copyFileSync(saved('owner'), storeOf('owner'));
    const store = new SenderStore(storeOf('owner'), plant.plant.channelId, await loadStoreKey(plant.ownerConfig().keys.store));
    assert.ok(store.eraseExpired(Date.now() + 400_000 * 86_400_000, 1) >= BATCHES);
    store.close();
    const { batches, reopened, faults } = await checkStore(plant.ownerFile);
    assert.deepEqual([faults, reopened], [[], 0]);
    assert.ok(batches >= BATCHES);
    assert.equal((await plant.audit(plant.ownerFile)).passed, true);
    const { before: large, after: small } = await compactStoreOf(plant.ownerFile);
    assert.ok(small <= large);
    assert.equal((await sizesOfStore(plant.ownerFile)).tables.find(({ name }) => name === 'openings')?.rows, 0);
  });

  test('of the owner from a backup that was made beside the running module is refused until the operator says so', async () => {
    copyFileSync(saved('owner'), storeOf('owner'));
    const backup = join(plant.plant.folder, 'running.db');
    const error = await fault('STORE_RETIRED', () => restoreStoreOf(plant.ownerFile, backup, false));
    assert.match(error.message, /running\.db ends with batch \d+, the ledger with batch \d+\..*a fork.*--accept-old/);
    assert.equal(existsSync(`${storeOf('owner')}.restoring`), false);

    const restored = await restoreStoreOf(plant.ownerFile, backup, true);
    assert.ok(restored.onLedger >= restored.last);
    assert.ok(existsSync(restored.aside));
    assert.deepEqual((await checkStore(plant.ownerFile)).faults, []);
    await assert.rejects(plant.startSender(new Told()), /was taken from a backup and signs nothing more/);
    const report = await plant.audit(plant.ownerFile);
    assert.ok((report.counts['PROVEN'] ?? 0) >= restored.last);
  });

  test('of the manufacturer, an old copy put there by hand, is noticed by the ledger and taken up when the operator says so', async () => {
    const key = await loadStoreKey(plant.manufacturerConfig().keys.store);
    const open = (): ReceiverStore => new ReceiverStore(storeOf('manufacturer'), plant.plant.channelId, key);
    copyFileSync(saved('manufacturer'), storeOf('manufacturer'));
    const db = new DatabaseSync(storeOf('manufacturer'));
    db.exec('DELETE FROM deliveries WHERE n > 0');
    db.close();
    const error = await fault('STORE_RETIRED', () => restoreStoreOf(plant.manufacturerFile, undefined, false));
    assert.match(error.message, /store\.db ends with batch 0, .*once more, with the same idempotency keys.*--accept-old/);
    const told = new Told();
    const receiver = await plant.startReceiver(told).catch((refused: unknown) => refused);
    if (receiver instanceof Error) assert.match(receiver.message, /old copy/);
    else {
      await until('the old copy is noticed', () => JSON.stringify(told.all).includes('old copy'));
      await plant.stop(receiver as ReceiverModule);
    }

    await restoreStoreOf(plant.manufacturerFile, undefined, true);
    const store = open();
    assert.ok(store.acceptedThrough() > 0);
    store.requireInUse();
    store.close();
  });

  test('of the manufacturer that is as new as the ledger is restored without a word', async () => {
    copyFileSync(saved('manufacturer'), storeOf('manufacturer'));
    const backup = await backUpStoreOf(plant.manufacturerFile);
    assert.match(backup, /store\.db\.backup-\d{8}T\d{9}Z$/);
    rmSync(storeOf('manufacturer'));
    const { aside, last } = await restoreStoreOf(plant.manufacturerFile, backup, false);
    assert.equal(aside, '');
    assert.ok(last >= BATCHES - 1);
    assert.deepEqual((await checkStore(plant.manufacturerFile)).faults, []);
  });
});
