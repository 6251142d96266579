import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { DcmbError, toHex } from '../../src/core/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, receivedBatch, sealedBatch } from './batches.ts';
import { fault, temporaryFolder } from './folders.ts';

const CANARY = 'canary-of-a-secret';

function sender(t: TestContext, key = STORE_KEY): { file: string; store: SenderStore } {
  const file = join(temporaryFolder(t), 'store.db');
  const store = new SenderStore(file, 'channel', key);
  t.after(() => store.close());
  return { file, store };
}

/** Everything that a store of three batches encrypts. */
function secretsOf(store: SenderStore): (string | undefined)[] {
  const batches = [0, 1, 2].flatMap((n) => {
    const [batch, opening] = [store.batch(n), store.opening(n)];
    return [batch?.deliveryPackage, batch?.codes, opening?.payload, opening === undefined ? undefined : toHex(opening.seed)];
  });
  return [...batches, store.progress(), store.fact('name')].map((value) => (value === undefined ? undefined : JSON.stringify(value)));
}

/** @returns `undefined` where the store says that something is wrong with it */
function readSecrets(file: string): (string | undefined)[] | undefined {
  let store: SenderStore | undefined;
  try {
    store = new SenderStore(file, 'channel', STORE_KEY);
    return secretsOf(store);
  } catch (error) {
    assert.ok(error instanceof DcmbError, String(error));
    return undefined;
  } finally {
    store?.close();
  }
}

function requireNoCanary(file: string): void {
  for (const suffix of ['', '-wal']) {
    const bytes = statSync(file + suffix, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(file + suffix, 'latin1');
    assert.ok(!bytes.includes(CANARY), `${file}${suffix} holds it in the clear`);
  }
}

function change(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

describe('what a store encrypts', () => {
  test('an owner: payload, seed, package, codes, progress and facts are nowhere in the clear', (t) => {
    const { file, store } = sender(t);
    const seed = new TextEncoder().encode(`${CANARY}-of-32bytes!!`);
    const batch = sealedBatch(0, { payload: CANARY, deliveryPackage: { conditions: CANARY }, seed });
    store.begin({ ...progressOf(0), ratchet: CANARY, clearing: { held: CANARY } });
    store.seal(batch, { ...progressOf(1), epochKey: CANARY });
    store.setFact('some', CANARY);
    requireNoCanary(file);
    assert.deepEqual(store.opening(0), { seed, payload: CANARY });
    assert.deepEqual(store.batch(0)?.deliveryPackage, { conditions: CANARY });
    assert.equal(store.progress()?.epochKey, CANARY);
    assert.equal(store.fact('some'), CANARY);
    store.close();
    requireNoCanary(file);
  });

  test('a manufacturer: package, codes and facts are nowhere in the clear', (t) => {
    const file = join(temporaryFolder(t), 'store.db');
    const store = new ReceiverStore(file, 'channel', STORE_KEY);
    t.after(() => store.close());
    store.store(receivedBatch(0, { deliveryPackage: { conditions: CANARY } }), []);
    store.setFact('oldest-epoch-key', CANARY);
    requireNoCanary(file);
    assert.deepEqual(store.batch(0)?.deliveryPackage, { conditions: CANARY });
    assert.equal(store.fact('oldest-epoch-key'), CANARY);
  });

  test('the same values twice give other bytes', (t) => {
    const { file, store } = sender(t);
    store.begin(progressOf(0));
    for (const n of [0, 1]) store.seal(sealedBatch(n, { payload: 'same', codes: [1] }), progressOf(n + 1));
    store.close();
    const db = new DatabaseSync(file);
    const [first, second] = db.prepare('SELECT payload FROM openings ORDER BY n').all();
    db.close();
    assert.notDeepEqual(first, second);
  });
});

describe('a store that was tampered with', () => {
  const SWAPS = [
    ['payload of another batch', `UPDATE openings SET payload = (SELECT payload FROM openings WHERE n = 1) WHERE n = 0`],
    ['seed of another batch', `UPDATE openings SET seed = (SELECT seed FROM openings WHERE n = 1) WHERE n = 0`],
    ['package of another batch', `UPDATE batches SET package = (SELECT package FROM batches WHERE n = 1) WHERE n = 0`],
    ['codes as package', `UPDATE batches SET package = codes WHERE n = 0`],
    ['fact of another name', `UPDATE facts SET value = (SELECT value FROM facts WHERE name = 'b') WHERE name = 'a'`],
    ['fact as progress', `UPDATE progress SET state = (SELECT value FROM facts WHERE name = 'b')`],
    ['nothing at all', `UPDATE progress SET state = x''`],
  ] as const;

  for (const [what, sql] of SWAPS) {
    test(`a value that was moved is damage: ${what}`, async (t) => {
      const { file, store } = sender(t);
      store.begin(progressOf(0));
      for (const n of [0, 1]) store.seal(sealedBatch(n), progressOf(n + 1));
      store.setFact('a', '1');
      store.setFact('b', '2');
      store.close();
      change(file, sql);
      const moved = new SenderStore(file, 'channel', STORE_KEY);
      t.after(() => moved.close());
      const error = await fault('STORE_DAMAGED', () => [moved.opening(0), moved.batch(0), moved.fact('a'), moved.progress()]);
      assert.equal(error.kind, 'Fatal');
      assert.match(error.message, /does not decrypt\. Stop the module, keep a copy .*`dcmb store check`, and restore a backup/);
    });
  }

  test('one changed byte anywhere in the file gives the same secrets, nothing, or an error of ours: never other ones', (t) => {
    const { file, store } = sender(t);
    store.begin(progressOf(0));
    for (let n = 0; n < 3; n++) store.seal(sealedBatch(n, { payload: 'readings '.repeat(300) }), progressOf(n + 1));
    store.setFact('name', 'value');
    const secrets = secretsOf(store);
    store.close();
    const sound = readFileSync(file);
    let noticed = 0;
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Uint8Array.from(sound);
        changed[at]! ^= mask;
        writeFileSync(file, changed);
        for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
        const found = readSecrets(file);
        if (found === undefined) noticed++;
        else found.forEach((value, i) => assert.ok(value === secrets[i] || value === undefined, `byte ${at}`));
      }),
      { numRuns: 200 },
    );
    assert.ok(noticed > 20, `${noticed} of 200 noticed`);
  });

  test('a period key with one changed byte is damage', async (t) => {
    const { file, store } = sender(t);
    store.begin(progressOf(0));
    store.seal(sealedBatch(0), progressOf(1));
    store.close();
    const key = readFileSync(join(`${file}.periods`, '0'));
    key[40]! ^= 1;
    writeFileSync(join(`${file}.periods`, '0'), key);
    const again = new SenderStore(file, 'channel', STORE_KEY);
    t.after(() => again.close());
    await fault('STORE_DAMAGED', () => again.opening(0));
  });
});

describe('a store that does not fit', () => {
  test('to the key is refused, and left as it is', async (t) => {
    const { file, store } = sender(t);
    store.begin(progressOf(0));
    store.close();
    const before = readFileSync(file);
    const error = await fault('STORE_KEY_WRONG', () => new SenderStore(file, 'channel', new Uint8Array(32)));
    assert.match(error.message, /store\.db was encrypted with another store key\. Give the key file .*"keys\.store"/);
    assert.deepEqual(readFileSync(file), before);
    new SenderStore(file, 'channel', STORE_KEY).close();
  });

  for (const [what, sql, version] of [
    ['a newer program made', 'UPDATE purpose SET version = 2', 2],
    ['made before stores had versions', 'ALTER TABLE purpose DROP COLUMN version', 0],
  ] as const) {
    test(`because ${what} it, is refused with both versions`, async (t) => {
      const { file, store } = sender(t);
      store.close();
      change(file, sql);
      const error = await fault('STORE_VERSION', () => new SenderStore(file, 'channel', STORE_KEY));
      assert.equal(error.kind, 'Rejected');
      assert.match(error.message, new RegExp(`has the form ${version}, this program knows form 1 only`));
    });
  }
});
