import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { doctor, initPlant } from '../../src/app/index.ts';

const POLICY = fileURLToPath(new URL('../../examples/policies/work-pieces.json', import.meta.url));

describe('dcmb doctor with an embedded ledger', () => {
  const root = mkdtempSync(join(tmpdir(), 'dcmb-doctor-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  const template = join(root, 'template');
  before(async () => {
    const ports = { ingest: 48_400, cleared: 48_401, applications: 48_402 };
    const cadence = { intervalMs: 1000, epochIntervals: 16 };
    await initPlant({
      folder: template,
      policyFile: POLICY,
      cadence,
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      ports,
      channel: 'press',
    });
  });

  const spoilt = (): string => {
    const folder = mkdtempSync(join(root, 'case-'));
    cpSync(template, folder, { recursive: true });
    return folder;
  };
  const replaceIn = (file: string, from: string | RegExp, to: string): void => {
    const text = readFileSync(file, 'utf8').replace(from, to);
    assert.notEqual(text, readFileSync(file, 'utf8'));
    writeFileSync(file, text);
  };
  /** The lines that are wrong. */
  const wrongOf = async (folder: string): Promise<Record<string, string>> => {
    const { passed, checks } = await doctor(join(folder, 'owner/dcmb.json'));
    const wrong = checks.filter(({ state }) => state === 'wrong');
    assert.equal(passed, wrong.length === 0);
    return Object.fromEntries(wrong.map(({ check, message }) => [check, message]));
  };

  test('finds both sides of a new plant well', async () => {
    for (const side of ['owner', 'manufacturer']) {
      const { ledger, passed, checks } = await doctor(join(template, side, 'dcmb.json'));
      assert.deepEqual([ledger, passed], ['embedded', true]);
      assert.deepEqual(
        checks.map(({ check, state }) => `${check} ${state}`),
        ['agreement ok', 'keys ok', 'ledger ok', 'clock ok'],
      );
    }
  });

  test('tells a ledger file that is not there, and does not make one', async () => {
    const folder = spoilt();
    renameSync(join(folder, 'ledger'), join(folder, 'elsewhere'));
    const wrong = await wrongOf(folder);
    assert.deepEqual(Object.keys(wrong), ['ledger']);
    assert.match(wrong['ledger'] ?? '', /ledger\.db/);
    assert.deepEqual(Object.keys(await wrongOf(folder)), ['ledger']);
  });

  test('tells an id that neither agreement nor ledger has', async () => {
    const folder = spoilt();
    replaceIn(join(folder, 'owner/dcmb.json'), /"id": "[\w-]{43}"/, `"id": "${'A'.repeat(43)}"`);
    const wrong = await wrongOf(folder);
    assert.deepEqual(Object.keys(wrong), ['agreement', 'ledger']);
    assert.match(wrong['agreement'] ?? '', /was agreed for ledger/);
  });

  test('tells an organisation that is none of the agreement', async () => {
    const folder = spoilt();
    replaceIn(join(folder, 'owner/dcmb.json'), '"organisation": "owner"', '"organisation": "stranger"');
    assert.deepEqual(Object.keys(await wrongOf(folder)), ['agreement', 'ledger']);
  });

  test("tells the other side's ledger key", async () => {
    const folder = spoilt();
    cpSync(join(folder, 'manufacturer/keys/ledger.pem'), join(folder, 'owner/keys/ledger.pem'));
    assert.deepEqual(Object.keys(await wrongOf(folder)), ['ledger']);
  });

  test('tells a store key that others may read, and an evidence key that is not the agreed one', async () => {
    const folder = spoilt();
    chmodSync(join(folder, 'owner/keys/store.key'), 0o644);
    assert.match((await wrongOf(folder))['keys'] ?? '', /store\.key may be read.*chmod 600/);
    chmodSync(join(folder, 'owner/keys/store.key'), 0o600);
    cpSync(join(folder, 'manufacturer/keys/evidence.pem'), join(folder, 'owner/keys/evidence.pem'));
    assert.match((await wrongOf(folder))['keys'] ?? '', /is not the key that the agreement names/);
  });

  test('can not begin without a configuration', async () => {
    await assert.rejects(doctor(join(root, 'nope.json')), { code: 'BAD_CONFIG' });
  });
});
