import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { type Genesis, ledgerIdOf, MOST_CLOCK_SKEW_MS, MOST_TRANSACTION_BYTES } from '../../src/contract/index.ts';
import { createEmbeddedLedger, openEmbeddedLedger } from '../../src/ledger/index.ts';
import {
  CountingRandom,
  ledgerKey,
  ledgerNetwork,
  ManualClock,
  openTestChannel,
  send,
  TEST_MODULE,
  testBytes,
  testFabricGenesis,
  testGenesis,
  testSigner,
} from '../support/ledger-network.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { takeEvents } from './compliance.ts';

const key = (name: string) => ({ key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' });

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'dcmb-ledger-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function optionsFor(file: string, genesis: Genesis = testGenesis()) {
  return {
    file,
    ledgerId: ledgerIdOf(genesis),
    organisation: 'owner',
    signer: ledgerKey('owner'),
    clock: new ManualClock(),
    random: new CountingRandom('options'),
  };
}

/** Runs SQL on the file as somebody with a database tool would. */
function tamper(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe('the embedded ledger’s file: opening', () => {
  test('a file of another network is refused, with both ids', async (t) => {
    const file = join(await folder(t), 'ledger.db');
    const other = testGenesis({ name: 'Another network' });
    await createEmbeddedLedger({ file, genesis: other });
    const opening = openEmbeddedLedger(optionsFor(file));
    await assert.rejects(opening, (error: Error & { code: string }) => {
      assert.equal(error.code, 'OTHER_LEDGER');
      assert.ok(
        error.message.includes(ledgerIdOf(other)) && error.message.includes(ledgerIdOf(testGenesis())) && error.message.includes(file),
      );
      return true;
    });
  });

  test('an organisation outside the genesis, and a key that is not its own, are refused', async (t) => {
    const { file } = await ledgerNetwork(t);
    await assert.rejects(openEmbeddedLedger({ ...optionsFor(file), organisation: 'nobody' }), { code: 'NOT_A_MEMBER' });
    await assert.rejects(openEmbeddedLedger({ ...optionsFor(file), signer: ledgerKey('stranger') }), { code: 'NOT_A_MEMBER' });
  });

  test('a missing file is not made by opening it', async (t) => {
    const file = join(await folder(t), 'missing.db');
    await assert.rejects(openEmbeddedLedger(optionsFor(file)), { kind: 'Unavailable', code: 'LEDGER_UNAVAILABLE' });
    await assert.rejects(stat(file), { code: 'ENOENT' });
  });

  test('other files, other databases and other schema versions are no ledger', async (t) => {
    const path = await folder(t);
    const [text, empty, foreign, newer] = ['text', 'empty', 'foreign', 'newer'].map((name) => join(path, name)) as [
      string,
      string,
      string,
      string,
    ];
    await writeFile(text, 'This is a text of more than a hundred bytes. '.repeat(30));
    await writeFile(empty, '');
    tamper(foreign, 'CREATE TABLE notes (text TEXT)');
    await createEmbeddedLedger({ file: newer, genesis: testGenesis() });
    tamper(newer, 'PRAGMA user_version = 2');
    for (const file of [text, empty, foreign, newer]) {
      await assert.rejects(openEmbeddedLedger(optionsFor(file)), { kind: 'Rejected', code: 'NOT_A_LEDGER' });
    }
  });

  test('a ledger is not created over a file that is there', async (t) => {
    const { file, genesis } = await ledgerNetwork(t);
    await assert.rejects(createEmbeddedLedger({ file, genesis }), { kind: 'Rejected', code: 'LEDGER_EXISTS' });
  });

  test('a genesis that is refused makes no file', async (t) => {
    const file = join(await folder(t), 'ledger.db');
    const { organisations } = testGenesis();
    await assert.rejects(createEmbeddedLedger({ file, genesis: testGenesis({ organisations: [...organisations, organisations[0]!] }) }), {
      code: 'BAD_GENESIS',
    });
    await assert.rejects(createEmbeddedLedger({ file, genesis: testFabricGenesis() }), { code: 'BAD_GENESIS' });
    await assert.rejects(stat(file), { code: 'ENOENT' });
  });

  test('a damaged genesis, last block or hash is found on opening', async (t) => {
    const damages = [
      "UPDATE blocks SET bytes = CAST('{}' AS BLOB) WHERE number = 0",
      "UPDATE blocks SET bytes = CAST('junk' AS BLOB) WHERE number = (SELECT max(number) FROM blocks)",
      "UPDATE blocks SET hash = 'x' WHERE number = (SELECT max(number) FROM blocks)",
      'DELETE FROM blocks WHERE number = 0',
      'DELETE FROM blocks',
    ];
    for (const sql of damages) {
      const { file, owner, manufacturer, closeAll } = await ledgerNetwork(t);
      await openTestChannel(owner, manufacturer);
      await closeAll();
      tamper(file, sql);
      await assert.rejects(openEmbeddedLedger(optionsFor(file)), { kind: 'Rejected', code: 'LEDGER_CORRUPT' }, sql);
    }
  });
});

describe('the embedded ledger’s file: clocks', () => {
  test('a clock that was set back is said; within the skew the block keeps the later time', async (t) => {
    const { owner, clock } = await ledgerNetwork(t);
    const first = await send(owner, 'registerKey', key('a'));
    clock.timeMs -= MOST_CLOCK_SKEW_MS;
    assert.equal((await send(owner, 'registerKey', key('b'))).block.timeMs, first.block.timeMs);
    clock.timeMs -= 1;
    const prepared = await owner.prepare('registerKey', key('c'));
    await assert.rejects(owner.submit(prepared), { kind: 'Unavailable', code: 'CLOCK_BEHIND_LEDGER' });
    clock.timeMs += 1;
    await owner.submit(prepared);
  });

  test('a transaction from the future waits until the clock has caught up', async (t) => {
    const { owner, clock } = await ledgerNetwork(t);
    clock.timeMs += MOST_CLOCK_SKEW_MS + 1;
    const prepared = await owner.prepare('registerKey', key('a'));
    clock.timeMs -= MOST_CLOCK_SKEW_MS + 1;
    await assert.rejects(owner.submit(prepared), { kind: 'Unavailable', code: 'TIME_AHEAD' });
    clock.timeMs += 1;
    await owner.submit(prepared);
  });
});

describe('the embedded ledger’s file: writing', () => {
  test('submissions of one moment share a block, and refused ones are not in it', async (t) => {
    const { owner } = await ledgerNetwork(t);
    const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c'].map((name) => send(owner, 'registerKey', key(name))));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    const events = await takeEvents(owner, 1, 3);
    assert.equal(new Set(events.map(({ block }) => block.number)).size, (await owner.lastBlock()).number);
  });

  test('while somebody else writes, a submission waits without blocking, and then succeeds', async (t) => {
    const { owner, file } = await ledgerNetwork(t);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const submitted = send(owner, 'registerKey', key('a'));
    let ticks = 0;
    for (; ticks < 5; ticks++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await owner.query('key', { organisation: 'owner', keyId: testSigner('a').keyId }), undefined);
    other.exec('ROLLBACK');
    other.close();
    await submitted;
    assert.equal(ticks, 5);
  });

  test('gives up when others write for longer than its patience, without having sent anything', async (t) => {
    const { file } = await ledgerNetwork(t);
    const ledger = await openEmbeddedLedger({ ...optionsFor(file), patienceMs: 30 });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const prepared = await ledger.prepare('registerKey', key('a'));
    await assert.rejects(ledger.submit(prepared), { kind: 'Unavailable', code: 'LEDGER_BUSY' });
    other.exec('ROLLBACK');
    other.close();
    assert.equal(await ledger.statusOf(prepared.txId), undefined);
    await ledger.submit(prepared);
    await ledger.close();
  });

  test('a transaction of another ledger, of a stranger to the ledger and one too large are refused', async (t) => {
    const here = await ledgerNetwork(t);
    const there = await ledgerNetwork(t, { name: 'Another network' });
    await assert.rejects(here.owner.submit(await there.owner.prepare('registerKey', key('a'))), { kind: 'Rejected', code: 'OTHER_LEDGER' });
    const bytes = new Uint8Array(MOST_TRANSACTION_BYTES + 1);
    await assert.rejects(here.owner.submit({ txId: '', bytes }), { kind: 'Rejected', code: 'TRANSACTION_TOO_LARGE' });
    await assert.rejects(here.owner.submit({ txId: '', bytes: testBytes('junk') }), { kind: 'Rejected', code: 'BAD_TRANSACTION' });
  });

  test('a commit that the disk refuses has an unknown outcome until it is asked for', async (t) => {
    const { owner, file } = await ledgerNetwork(t);
    // A constraint that fails only at the commit stands in for a disk that fails there.
    tamper(
      file,
      `CREATE TABLE parent (id INTEGER PRIMARY KEY);
       CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
       CREATE TRIGGER fail AFTER INSERT ON blocks BEGIN INSERT INTO child VALUES (1); END;`,
    );
    const prepared = await owner.prepare('registerKey', key('a'));
    await assert.rejects(owner.submit(prepared), { kind: 'Unavailable', code: 'OUTCOME_UNKNOWN' });
    assert.equal(await owner.statusOf(prepared.txId), undefined);
    tamper(file, 'DROP TRIGGER fail');
    await owner.submit(prepared);
  });
});
