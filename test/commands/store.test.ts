import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadAgreement } from '../../src/app/index.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { receivedBatch } from '../store/batches.ts';
import { CommandRunner, temporaryFolder } from '../cli/program.ts';

describe('dcmb store', () => {
  const cleanUps: (() => void)[] = [];
  const plant = join(temporaryFolder({ after: (work) => cleanUps.push(work) }), 'plant');
  const [owner, manufacturer] = [join(plant, 'owner/dcmb.json'), join(plant, 'manufacturer/dcmb.json')];
  const file = join(plant, 'manufacturer/data/store.db');
  let runner: CommandRunner;
  let open: () => ReceiverStore;

  before(async () => {
    runner = new CommandRunner();
    assert.equal((await runner.run(['init', plant])).status, 0);
    const { terms } = loadAgreement(join(plant, 'manufacturer/agreement.json'));
    const key = await loadStoreKey(join(plant, 'manufacturer/keys/store.key'));
    open = () => new ReceiverStore(file, toBase64Url(terms.channelId), key);
    open().close();
  });
  after(() => {
    for (const work of cleanUps) work();
  });

  async function json(exitCode: number, ...command: readonly string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await runner.run(['store', ...command, '--json']);
    assert.deepEqual([status, stderr], [exitCode, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  test('says that there is no store before the first start, and makes none', async () => {
    for (const command of ['sizes', 'check', 'compact', 'backup']) {
      const { status, stdout, stderr } = await runner.run(['store', command, owner]);
      assert.deepEqual([status, stdout], [2, ''], command);
      assert.match(
        stderr,
        /^dcmb: .*store\.db is not there\. Mount its disk or put it back; a module's first start makes it, and needs the exchange key for that\.\n$/,
      );
    }
    assert.equal(existsSync(join(plant, 'owner/data/store.db')), false);
  });

  test('the key file that init made is for its owner alone, and each side has its own', () => {
    const [first, second] = ['owner', 'manufacturer'].map((side) => join(plant, side, 'keys/store.key'));
    for (const path of [first!, second!]) assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.notDeepEqual(readFileSync(first!), readFileSync(second!));
  });

  test('sizes tells the room that each part takes', async () => {
    const { status, stdout } = await runner.run(['store', 'sizes', manufacturer]);
    assert.equal(status, 0);
    for (const line of [/^store +\d+\.\d kB$/m, /^keys of days +none$/m, /^deliveries +0 +0 bytes$/m]) assert.match(stdout, line);
    assert.ok(Number((await json(0, 'sizes', manufacturer))['store']) > 4096);
  });

  test('compact gives back room, and says how much the store takes', async () => {
    const { status, stdout } = await runner.run(['store', 'compact', manufacturer]);
    assert.equal(status, 0);
    assert.match(stdout, /^\d+\.\d kB before, \d+\.\d kB now\n$/);
  });

  test('compact of a store that a module has open is refused, exit code 2', async () => {
    const held = open();
    const { status, stderr } = await runner.run(['store', 'compact', manufacturer]);
    held.close();
    assert.equal(status, 2);
    assert.match(stderr, /store\.db is in use by another process\. Stop that one/);
  });

  test('backup and restore bring the store back; the one in between is kept', async () => {
    const backup = join(plant, 'backup.db');
    const { status, stdout } = await runner.run(['store', 'backup', manufacturer, '--out', backup]);
    assert.equal(status, 0);
    assert.match(stdout, /backup\.db holds the store as it is now\. Put it back with: .*dcmb store restore .*dcmb\.json .*backup\.db\n$/);
    const refused = await runner.run(['store', 'backup', manufacturer, '--out', backup]);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /is there already/);
    const { aside, last } = await json(0, 'restore', manufacturer, backup);
    assert.equal(last, -1);
    assert.ok(existsSync(String(aside)));
    open().close();
  });

  test('check of a sound store ends with 0, of one with a wrong batch or a damaged page with 1, which it names', async () => {
    const sound = await runner.run(['store', 'check', manufacturer]);
    assert.deepEqual([sound.status, sound.stderr], [0, '']);
    assert.match(sound.stdout, /^0 batches .*: all sound\n$/);

    const store = open();
    store.store(receivedBatch(0), []);
    store.close();
    const wrong = await runner.run(['store', 'check', manufacturer]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /^1 batches .*: \d+ faults?\n(.*\n)*batch 0 +\S/);

    const bytes = readFileSync(file);
    for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xff, page, page + 12);
    writeFileSync(file, bytes);
    const { status, stdout, stderr } = await runner.run(['store', 'check', manufacturer]);
    assert.deepEqual([status, stderr], [1, '']);
    assert.match(stdout, /^store +\S.*(damaged|malformed|page)/m);
  });
});
