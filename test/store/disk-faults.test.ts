import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { progressOf, sealedBatch } from './batches.ts';
import { fault, temporaryFolder } from './folders.ts';

const SCENES = fileURLToPath(new URL('disk-scenes.ts', import.meta.url));
const NODE = process.execPath;

/** A disk of 1 MB that only the scene sees: needs Linux with user namespaces, or root. */
const CAN_MOUNT = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
const SMALL_DISK = CAN_MOUNT ? false : 'a small disk of its own needs `unshare -rm` (Linux, user namespaces)';

function onSmallDisk(t: TestContext, scene: string): Record<string, unknown> {
  const disk = temporaryFolder(t);
  const script = 'mount -t tmpfs -o size=700k tmpfs "$1" && exec "$2" "$3" "$4" "$1"';
  return run('unshare', ['-rm', 'sh', '-c', script, 'sh', disk, NODE, SCENES, scene]);
}

function run(command: string, args: readonly string[]): Record<string, unknown> {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a disk', { concurrency: 1 }, () => {
  test(
    'that is full refuses a seal whole; the store says so until it is opened anew, and goes on once there is room',
    { skip: SMALL_DISK },
    (t) => {
      const { told, sealed, read, from, whole } = onSmallDisk(t, 'full disk, store');
      assert.deepEqual(told, Array(4).fill('Unavailable STORE_FULL'));
      assert.ok(Number(sealed) > 0);
      assert.equal(read, sealed, 'a refused seal took effect, or one that was taken is gone');
      assert.ok(Number(from) >= Number(sealed));
      assert.equal(whole, true);
    },
  );

  test('that is full refuses an entry of the journal; what was acknowledged is there after it', { skip: SMALL_DISK }, (t) => {
    const { told, acknowledged, kept, inOrder } = onSmallDisk(t, 'full disk, journal');
    assert.deepEqual(told, [...Array<string>(3).fill('Unavailable STORE_FULL'), '']);
    assert.ok(Number(acknowledged) > 0);
    assert.ok(Number(kept) === acknowledged || Number(kept) === Number(acknowledged) + 1, `${String(kept)} of ${String(acknowledged)}`);
    assert.equal(inOrder, true);
  });

  test('that is read-only is told as such, and store and journal open once it is not', { skip: SMALL_DISK }, (t) => {
    const { told } = onSmallDisk(t, 'read-only disk');
    assert.deepEqual(told, ['Unavailable STORE_READ_ONLY', 'Unavailable STORE_READ_ONLY']);
  });

  test('on which a write fails is told as such; what was sealed before is there', { skip: process.platform === 'win32' }, (t) => {
    const script = 'ulimit -f 400 && exec "$1" "$2" "$3" "$4"';
    const { told, sealed, read } = run('sh', ['-c', script, 'sh', NODE, SCENES, 'write fails', temporaryFolder(t)]);
    assert.deepEqual(told, ['Unavailable STORE_FAILED', 'Unavailable STORE_FAILED']);
    assert.ok(Number(sealed) > 0);
    assert.equal(read, sealed);
  });

  for (const [what, gone] of [
    ['the file', ''],
    ['its write-ahead log', '-wal'],
  ] as const) {
    test(`from which ${what} was moved away under the open store takes nothing more`, { skip: process.platform === 'win32' }, async (t) => {
      const file = join(temporaryFolder(t), 'store.db');
      const store = new SenderStore(file, 'channel', STORE_KEY);
      t.after(() => store.close());
      store.begin(progressOf(0));
      renameSync(file + gone, `${file}.away`);
      const error = await fault('STORE_FAILED', () => store.seal(sealedBatch(0), progressOf(1)));
      assert.equal(error.kind, 'Unavailable');
      assert.match(error.message, /was deleted, moved or replaced while it was in use/);
      await fault('STORE_FAILED', () => store.setFact('name', 'value'));
    });
  }

  test('that lost a part of the file: damaged', async (t) => {
    const file = join(temporaryFolder(t), 'store.db');
    const store = new SenderStore(file, 'channel', STORE_KEY);
    store.begin(progressOf(0));
    for (let n = 0; n < 20; n++) store.seal(sealedBatch(n, { payload: 'x'.repeat(5000) }), progressOf(n + 1));
    store.close();
    truncateSync(file, 60_000);
    const error = await fault('STORE_DAMAGED', () => {
      const cut = new SenderStore(file, 'channel', STORE_KEY);
      t.after(() => cut.close());
      for (let n = 0; n < 20; n++) assert.ok(cut.opening(n) !== undefined && cut.batch(n) !== undefined);
    });
    assert.equal(error.kind, 'Fatal');
    assert.match(error.message, /a page of .*store\.db is malformed\. Stop the module, keep a copy.*restore a backup/);
  });
});
