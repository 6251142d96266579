import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { OpenBatchKeeper } from '../../src/app/open-batch-keeper.ts';
import { EpochKeys } from '../../src/evidence/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { CollectingChannel, EpochSecrets, firstProgress } from '../../src/transfer/index.ts';
import { testBytes } from '../support/ledger-network.ts';
import { POLICY, TAG_DEPTH, termsFor } from '../transfer/fixture.ts';
import { STORE_KEY } from '../support/store-key.ts';

const terms = termsFor();
const epochKey = EpochKeys.first(testBytes('channel key'), terms.params).bytes;

/** One life of a module over the same store. */
function life(store: SenderStore): { collecting: CollectingChannel; keeper: OpenBatchKeeper; take: (count: number) => void } {
  const collecting = new CollectingChannel(terms, new EpochSecrets(terms, epochKey, 0), POLICY, TAG_DEPTH, store.progress()!);
  const keeper = new OpenBatchKeeper(store, collecting);
  const take = (count: number): void => {
    for (let i = 0; i < count; i++) {
      keeper.taking();
      collecting.accept({ tag: 'Count', value: { type: 'Int32', value: i }, status: 0, sourceMs: 1, acceptedMs: 1 });
    }
  };
  return { collecting, keeper, take };
}

function newStore(t: TestContext): SenderStore {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-keeper-'));
  const store = new SenderStore(join(folder, 'store.db'), 'channel', STORE_KEY);
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  store.begin(firstProgress(terms, 0, testBytes('ratchet'), epochKey, POLICY.tags.length));
  return store;
}

test('a stop in good order keeps the readings, and the next start has no gap to tell of', (t) => {
  const store = newStore(t);
  const first = life(store);
  assert.deepEqual(first.keeper.resume(), { resumed: false, lost: false });
  first.take(3);
  first.keeper.keep();
  const second = life(store);
  assert.deepEqual(second.keeper.resume(), { resumed: true, lost: false });
  assert.equal(second.collecting.open.readings.length, 3);
  assert.equal(second.collecting.cutInterval(false).gap, 'none');
});

test('readings that were in memory alone when the module ended are a storage gap of their batch', (t) => {
  const store = newStore(t);
  life(store).take(3);
  const second = life(store);
  assert.deepEqual(second.keeper.resume(), { resumed: false, lost: true });
  assert.equal(second.collecting.cutInterval(false).gap, 'storage');
  assert.equal(second.collecting.cutInterval(false).gap, 'none');
});

test('what an older stop kept is taken up again, and what came after it is a storage gap', (t) => {
  const store = newStore(t);
  const first = life(store);
  first.take(2);
  first.keeper.keep();
  const second = life(store);
  second.keeper.resume();
  second.take(4);
  const third = life(store);
  assert.deepEqual(third.keeper.resume(), { resumed: true, lost: true });
  assert.equal(third.collecting.open.readings.length, 2);
  assert.equal(third.collecting.cutInterval(false).gap, 'storage');
});

test('a crash after the resumed readings alone is a storage gap too: nothing tells that there were no more', (t) => {
  const store = newStore(t);
  const first = life(store);
  first.take(1);
  first.keeper.keep();
  life(store).keeper.resume();
  assert.deepEqual(life(store).keeper.resume(), { resumed: true, lost: true });
});

test('a crash before the first reading of a batch loses nothing', (t) => {
  const store = newStore(t);
  const first = life(store);
  first.take(1);
  store.begin({ ...store.progress()!, nextBatch: 1, interval: 1, fromMs: first.collecting.endMs });
  assert.deepEqual(life(store).keeper.resume(), { resumed: false, lost: false });
});
