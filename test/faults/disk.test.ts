import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { parseWrites } from '../crash/written-values.ts';
import { ProcessPlant } from './process-plant.ts';
import { SmallDisk } from './small-disk.ts';

/** How long until what stands on the disk decides: a WAL that has room already takes some more. */
const NOTICED_MS = 60_000;
const GOES_ON_MS = 30_000;

const canMount = SmallDisk.isPossible();
if (!canMount) process.stdout.write('note: no file system may be mounted here, so a full and a read-only disk are not tried.\n');

function writesOf(plant: ProcessPlant): ReturnType<typeof parseWrites> {
  return parseWrites(readFileSync(plant.files.writesFile, 'utf8'));
}

function refusals(plant: ProcessPlant): number {
  return writesOf(plant).refused['BadResourceUnavailable'] ?? 0;
}

/** The PLC is refused, again and again; then, after `mend`, it is not. */
async function goesOn(plant: ProcessPlant, mend: () => void): Promise<void> {
  mend();
  const { size } = writesOf(plant).good;
  await until('values are taken again', () => writesOf(plant).good.size > size + 50, GOES_ON_MS);
}

async function isRefused(plant: ProcessPlant): Promise<void> {
  const [from, { size }] = [refusals(plant), writesOf(plant).good];
  await until('values are refused', () => refusals(plant) > from + 20, NOTICED_MS);
  const { good } = writesOf(plant);
  const later = refusals(plant);
  await until('they go on to be refused', () => refusals(plant) > later + 50, NOTICED_MS);
  assert.equal(writesOf(plant).good.size, good.size, `${good.size - size} were taken before the fault showed`);
}

describe("while the disk of the owner's module fails, values are refused instead of lost, and the module goes on when the disk does", () => {
  let plant: ProcessPlant;
  let disk: SmallDisk | undefined;

  before(async () => {
    plant = await ProcessPlant.create();
    disk = canMount ? SmallDisk.under(join(plant.files.plant.owner, 'data'), 24) : undefined;
    await plant.start();
    await until('values are taken', () => writesOf(plant).good.size > 50, GOES_ON_MS);
  });
  after(async () => {
    await plant.end(() => disk?.unmount());
  });

  async function isSaid(words: RegExp): Promise<void> {
    await until('it is said', () => words.test(plant.messages('owner')), NOTICED_MS);
    assert.ok(plant.codes('owner').includes('STORE_FAULT'));
  }

  if (canMount) {
    test('full', async () => {
      disk!.fill();
      await isRefused(plant);
      await isSaid(/full/);
    });

    test('then read-only', async () => {
      await until('no file is open for writing', () => disk!.setReadOnly(true));
      await isSaid(/read-only/);
      await isRefused(plant);
    });

    test('then as it should be', async () => {
      await goesOn(plant, () => {
        disk!.setReadOnly(false);
        disk!.free();
      });
    });
  }

  test('writes fail with another error', async () => {
    const limit = (bytes: string): void => void spawnSync('prlimit', ['--pid', String(plant.owner.pid), `--fsize=${bytes}:unlimited`]);
    limit('4096');
    try {
      await isRefused(plant);
      await isSaid(/I\/O error|EFBIG|failed/);
    } finally {
      await goesOn(plant, () => limit('unlimited'));
    }
  });

  test('nothing that was acknowledged is lost, nothing stands twice, each batch is anchored and receipted once', async () => {
    const judged = await plant.finish();
    const { lost, duplicated, invented, disordered, unopened, batches, anchoredOnce, receiptedOnce, actionsLost, faults } = judged;
    assert.deepEqual(
      { lost, duplicated, invented, disordered, unopened, actionsLost, anchoredOnce, receiptedOnce, faults },
      {
        lost: 0,
        duplicated: 0,
        invented: 0,
        disordered: 0,
        unopened: 0,
        actionsLost: 0,
        anchoredOnce: batches,
        receiptedOnce: batches,
        faults: [],
      },
    );
  });
});
