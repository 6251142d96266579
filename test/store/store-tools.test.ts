import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import {
  backUpStore,
  compactStore,
  Journal,
  ReceiverStore,
  restoreStore,
  SenderStore,
  type StorePlace,
  storeSizes,
  structureFaults,
} from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, receivedBatch, sealedBatch } from './batches.ts';
import { fault, temporaryFolder } from './folders.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

function placeOf(t: TestContext, side: StorePlace['side']): StorePlace {
  return { side, file: join(temporaryFolder(t), 'store.db'), channel: 'channel', key: STORE_KEY };
}

/** A sender's store with some batches, open. */
function sender(t: TestContext, place: StorePlace, batches = 10): SenderStore {
  const store = new SenderStore(place.file, place.channel, place.key);
  t.after(() => store.close());
  if (store.progress() === undefined) store.begin(progressOf(0));
  for (let n = store.progress()?.nextBatch ?? 0; n < batches; n++) {
    store.seal(sealedBatch(n, { payload: 'x'.repeat(10_000) }), progressOf(n + 1));
  }
  return store;
}

function receiver(t: TestContext, place: StorePlace, batches = 3): ReceiverStore {
  const store = new ReceiverStore(place.file, place.channel, place.key);
  t.after(() => store.close());
  for (let n = store.lastNumber() + 1; n < batches; n++) store.store(receivedBatch(n), []);
  return store;
}

function opened(t: TestContext, place: StorePlace, file: string): SenderStore {
  const store = new SenderStore(file, place.channel, place.key);
  t.after(() => store.close());
  return store;
}

/** Changes a byte of every page but the first, where the tables' contents are not. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xff, page, page + 12);
  writeFileSync(file, bytes);
}

describe('a backup', () => {
  test('of a store that is written to meanwhile is one file with a state that it had', async (t) => {
    const place = placeOf(t, 'sender');
    const store = sender(t, place);
    const target = join(dirname(place.file), 'backup.db');
    const backingUp = backUpStore(place, target);
    for (let n = 10; n < 20; n++) {
      store.seal(sealedBatch(n), progressOf(n + 1));
      await new Promise(setImmediate);
    }
    await backingUp;
    assert.deepEqual(structureFaults({ ...place, file: target }), []);
    assert.equal(statSync(target).mode & 0o777, 0o600);
    const copy = opened(t, place, target);
    const next = copy.progress()?.nextBatch ?? -1;
    assert.ok(next >= 10 && next <= 20, `${next}`);
    assert.equal(copy.batches(0, 100).length, next);
    assert.equal(store.progress()?.nextBatch, 20);
    const left = readdirSync(dirname(target)).filter((name) => name.includes('.part'));
    assert.deepEqual(left, []);
  });

  test("of an owner's store has no key of a day, no ratchet and no facts: it opens nothing and signs nothing", async (t) => {
    const place = placeOf(t, 'sender');
    const store = sender(t, place);
    store.setFact('open-readings', 'raw readings');
    const target = join(temporaryFolder(t), 'backup.db');
    await backUpStore(place, target);
    assert.deepEqual(readdirSync(dirname(target)), ['backup.db']);
    const copy = opened(t, place, target);
    assert.deepEqual([copy.opening(0), copy.fact('open-readings'), copy.progress()?.ratchet], [undefined, undefined, '']);
    const error = await fault('STORE_RETIRED', () => copy.requireInUse());
    assert.match(error.message, /signs nothing more.*a fork.*dcmb audit export.*new agreement/);
    await fault('STORE_RETIRED', () => copy.seal(sealedBatch(10), progressOf(11)));
    await fault('STORE_RETIRED', () => copy.begin(progressOf(0)));
    store.requireInUse();
    store.seal(sealedBatch(10), progressOf(11));
    assert.equal(store.fact('open-readings'), 'raw readings');
  });

  test("of a manufacturer's store waits for a decision, and goes on after it", async (t) => {
    const place = placeOf(t, 'receiver');
    const store = receiver(t, place);
    const target = join(temporaryFolder(t), 'backup.db');
    await backUpStore(place, target);
    const copy = receiver(t, { ...place, file: target });
    const error = await fault('STORE_RETIRED', () => copy.requireInUse());
    assert.match(error.message, /fetched, countersigned and acted upon once more.*--accept-old/);
    assert.equal(copy.acceptedThrough(), -1);
    copy.acceptOld(7);
    copy.requireInUse();
    assert.equal(copy.acceptedThrough(), 7);
    store.requireInUse();
  });

  test('overwrites nothing, and makes no store where there is none', async (t) => {
    const place = placeOf(t, 'sender');
    const target = join(dirname(place.file), 'backup.db');
    await fault('STORE_FAILED', () => backUpStore(place, target));
    assert.deepEqual(readdirSync(dirname(place.file)), []);
    sender(t, place, 1);
    writeFileSync(target, 'mine');
    await fault('STORE_UNREADABLE', () => backUpStore(place, target));
    assert.equal(readFileSync(target, 'utf8'), 'mine');
  });
});

describe('a restored store', () => {
  async function withBackup(t: TestContext): Promise<{ place: StorePlace; target: string }> {
    const place = placeOf(t, 'sender');
    const store = sender(t, place, 3);
    const target = join(dirname(place.file), 'backup.db');
    await backUpStore(place, target);
    sender(t, place, 5).close();
    store.close();
    return { place, target };
  }

  test('stands in its place; the one before and its journal are kept beside it', async (t) => {
    const { place, target } = await withBackup(t);
    const journal = await Journal.open({ file: `${place.file}.journal`, purpose: place.channel, key: place.key });
    await journal.append(5, 'acknowledged');
    await journal.close();
    const aside = restoreStore(place, target, NOW) ?? '';
    assert.match(aside, /store\.db\.before-20260131T120000000Z$/);
    assert.equal(opened(t, place, place.file).progress()?.nextBatch, 3);
    assert.equal(opened(t, place, aside).progress()?.nextBatch, 5);
    assert.deepEqual([existsSync(`${place.file}.journal`), existsSync(`${aside}.journal`)], [false, true]);
    assert.ok(existsSync(target));
    await fault('STORE_RETIRED', () => opened(t, place, place.file).requireInUse());
    // The days' keys never left: what the backup holds opens here.
    assert.notEqual(opened(t, place, place.file).opening(2), undefined);
  });

  test('is not made while the module runs', async (t) => {
    const { place, target } = await withBackup(t);
    const running = opened(t, place, place.file);
    await fault('STORE_BUSY', () => restoreStore(place, target, NOW));
    assert.equal(running.progress()?.nextBatch, 5);
    running.close();
    assert.equal(opened(t, place, place.file).progress()?.nextBatch, 5);
  });

  test('is not made from a damaged backup, one of another channel or side, or under another key', async (t) => {
    const { place, target } = await withBackup(t);
    await fault('OTHER_STORE', () => restoreStore({ ...place, channel: 'other' }, target, NOW));
    await fault('OTHER_STORE', () => restoreStore({ ...place, side: 'receiver' }, target, NOW));
    await fault('STORE_KEY_WRONG', () => restoreStore({ ...place, key: new Uint8Array(32) }, target, NOW));
    await fault('STORE_UNREADABLE', () => restoreStore(place, `${target}.none`, NOW));
    damage(target);
    await assert.rejects(async () => restoreStore(place, target, NOW), /damaged/);
    assert.equal(opened(t, place, place.file).progress()?.nextBatch, 5);
    const left = readdirSync(dirname(place.file)).filter((name) => /restoring|before/.test(name));
    assert.deepEqual(left, []);
  });

  test('takes the place of one that is too damaged to be opened, which is kept too', async (t) => {
    const { place, target } = await withBackup(t);
    writeFileSync(place.file, 'x'.repeat(20_000));
    const aside = restoreStore(place, target, NOW) ?? '';
    assert.equal(statSync(aside).size, 20_000);
    assert.equal(opened(t, place, place.file).progress()?.nextBatch, 3);
  });
});

describe('a compaction', () => {
  test('gives back what was erased, and changes nothing else', (t) => {
    const place = placeOf(t, 'sender');
    const store = sender(t, place, 50);
    store.eraseExpired(NOW, 1);
    const before = store.batches(0, 50);
    store.close();
    assert.ok(storeSizes(place).free > 200_000);
    const { before: large, after } = compactStore(place);
    assert.ok(after < large / 2, `${large} ${after}`);
    assert.equal(storeSizes(place).free, 0);
    assert.deepEqual(opened(t, place, place.file).batches(0, 50), before);
  });

  test('is refused while a module runs', async (t) => {
    const place = placeOf(t, 'sender');
    const store = sender(t, place, 1);
    const error = await fault('STORE_BUSY', () => compactStore(place));
    assert.match(error.message, /in use by another process/);
    store.seal(sealedBatch(1), progressOf(2));
  });
});

describe('the tools of a store', () => {
  test('tell what takes how much room, also beside an open store', (t) => {
    const place = placeOf(t, 'sender');
    sender(t, place, 10);
    const { store, writeAhead, periods, tables } = storeSizes(place);
    assert.ok(store + writeAhead > 100_000);
    assert.deepEqual(periods, { keys: 1, oldest: '1970-01-01', newest: '1970-01-01' });
    const openings = tables.find(({ name }) => name === 'openings');
    assert.equal(openings?.rows, 10);
    assert.ok(openings.bytes > 100_000 && openings.bytes < 110_000);
    const received = placeOf(t, 'receiver');
    receiver(t, received);
    assert.equal(storeSizes(received).tables.find(({ name }) => name === 'deliveries')?.rows, 3);
  });

  test('make no store where there is none', async (t) => {
    const place = placeOf(t, 'receiver');
    for (const tool of [storeSizes, compactStore, structureFaults]) await fault('STORE_FAILED', () => tool(place));
    assert.deepEqual(readdirSync(dirname(place.file)), []);
  });

  test('find a malformed page', async (t) => {
    const place = placeOf(t, 'sender');
    sender(t, place, 10).close();
    assert.deepEqual(structureFaults(place), []);
    damage(place.file);
    try {
      assert.notDeepEqual(structureFaults(place), []);
    } catch (error) {
      await fault('STORE_DAMAGED', () => {
        throw error;
      });
    }
  });
});
