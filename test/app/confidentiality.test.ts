import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exportAudit } from '../../src/app/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { until } from '../support/until.ts';
import { encodingsOf } from './encodings.ts';
import { heat, pieces, TestPlant } from './plant.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const RECORDER = new URL('./record-sockets.ts', import.meta.url).href;

/** Values that stand nowhere else; the last one is out of the tag's range and refused. */
const SECRETS = [
  { value: 4_211_337, type: 'UInt32' },
  { value: -987_654.321, type: 'Double' },
  { value: 7_654_321.875, type: 'Double' },
] as const;

/** A module in a process of its own, with everything that it prints and sends. */
class ModuleProcess {
  readonly #child: ChildProcess;
  readonly sentFile: string;
  #printed = '';

  constructor(command: 'serve' | 'receive', config: string, sentFile: string) {
    this.sentFile = sentFile;
    this.#child = spawn(process.execPath, ['--import', RECORDER, MAIN, command, config, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, RECORD_SOCKETS_TO: sentFile },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#printed += text));
  }

  get printed(): string {
    return this.#printed;
  }

  count(event: string): number {
    return this.#printed.split(`"event":"${event}"`).length - 1;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

describe('raw values, with both modules in processes of their own', () => {
  let plant: TestPlant;
  let owner: ModuleProcess;
  let manufacturer: ModuleProcess;
  let exported: Uint8Array;

  before(async () => {
    plant = await TestPlant.create();
    const at = (name: string): string => join(plant.plant.folder, name);
    owner = new ModuleProcess('serve', plant.ownerFile, at('owner.sent'));
    manufacturer = new ModuleProcess('receive', plant.manufacturerFile, at('manufacturer.sent'));
    await until('the owner runs', () => owner.count('running') > 0, 60_000);
    const plc = await plant.plc();
    const [first, second, third] = SECRETS;
    const results = await plc.write([pieces(first.value), heat(second.value), heat(third.value)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['Good', 'Good', 'BadOutOfRange'],
    );
    const before = owner.count('sealed');
    await until(
      'they are sealed and acknowledged',
      () => owner.count('sealed') > before && manufacturer.count('acknowledged') > before + 1,
    );
    await plc.close();
    await owner.stop();
    await manufacturer.stop();
    exported = await exportAudit(plant.ownerFile);
  });
  after(async () => {
    await owner.stop();
    await manufacturer.stop();
    await plant.end();
  });

  function filesIn(...folder: string[]): [string, Buffer][] {
    const root = join(plant.plant.folder, ...folder);
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file)]);
  }

  /** Forms of the secrets that stand in these bytes. */
  function found(bytes: Uint8Array): string[] {
    const haystack = Buffer.from(bytes);
    return SECRETS.flatMap(({ value, type }) =>
      [...encodingsOf(value, type)].filter(([, form]) => haystack.includes(form)).map(([name]) => name),
    );
  }

  const nowhereIn = (places: readonly [string, Uint8Array][]): void => {
    assert.ok(places.length > 0);
    for (const [name, bytes] of places) {
      assert.ok(bytes.length > 0, `${name} is empty`);
      assert.deepEqual(found(bytes), [], name);
    }
  };

  test("are found by this search where they have to be: in what the owner's store opens with its key", async () => {
    const { keys, channels } = plant.ownerConfig();
    const store = new SenderStore(channels[0].store, plant.plant.channelId, await loadStoreKey(keys.store));
    const payloads = Array.from({ length: store.counts().sealed }, (_, n) => Buffer.from(store.opening(n)?.payload ?? ''));
    store.close();
    const opened = new Set(payloads.flatMap(found));
    assert.ok(opened.has('text UInt32:4211337'), [...opened].join());
    assert.ok(opened.has('hex of double BE'), [...opened].join());
  });

  test("are nowhere in the owner's own files without that key: store, journal, and what lies beside them", () => {
    const files = filesIn('owner').filter(([, bytes]) => bytes.length > 0);
    for (const name of ['store.db', 'store.db.journal'])
      assert.ok(
        files.some(([file]) => file.endsWith(`/data/${name}`)),
        name,
      );
    nowhereIn(files);
  });

  test('are found by this search in every encoding that it knows', () => {
    for (const { value, type } of SECRETS)
      for (const [name, form] of encodingsOf(value, type)) {
        const hidden = Buffer.concat([Buffer.from('before '), form, Buffer.from(' after')]);
        assert.ok(found(hidden).includes(name), name);
      }
    assert.ok(found(Buffer.from(Buffer.from('{"x":4211337}').toString('base64url'))).length > 0);
  });

  test('are nowhere in what the manufacturer holds', () => {
    assert.ok(filesIn('manufacturer', 'data').length > 0);
    nowhereIn(filesIn('manufacturer').filter(([, bytes]) => bytes.length > 0));
  });
  test('are nowhere on the ledger', () => nowhereIn(filesIn('ledger').filter(([, bytes]) => bytes.length > 0)));
  test('are nowhere in the audit export', () => nowhereIn([['export', exported]]));
  test('are nowhere in what either module prints', () =>
    nowhereIn([
      ['owner', Buffer.from(owner.printed)],
      ['manufacturer', Buffer.from(manufacturer.printed)],
    ]));

  test("are nowhere in what either module's process sends, the messages to the cleared server's process included", () => {
    const sent = readFileSync(owner.sentFile);
    assert.ok(sent.includes('"name":"publish"'), 'the messages on the pipe are recorded');
    nowhereIn([
      ['owner', sent],
      ['manufacturer', readFileSync(manufacturer.sentFile)],
    ]);
  });

  test('and passwords are nowhere in what the owner prints or sends', () => {
    const passwords = readFileSync(join(plant.plant.owner, 'passwords.txt'), 'utf8').trim().split('\n');
    for (const line of passwords) {
      const password = Buffer.from(line.split(' ')[1]!);
      assert.equal(readFileSync(owner.sentFile).includes(password), false);
      assert.equal(owner.printed.includes(password.toString()), false);
    }
  });
});
