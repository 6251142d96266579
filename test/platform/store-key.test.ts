import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { RejectedError, toBase64Url } from '../../src/core/index.ts';
import { createStoreKey, loadStoreKey, systemRandom } from '../../src/platform/index.ts';

function keyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-key-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'store.key');
}

async function refused(path: string, text: RegExp): Promise<string> {
  let message = '';
  await assert.rejects(loadStoreKey(path), (error) => {
    assert.ok(error instanceof RejectedError);
    assert.equal(error.code, 'BAD_KEY_FILE');
    message = error.message;
    return text.test(message);
  });
  return message;
}

describe('the key file of a store', () => {
  test('is made once, for its owner alone, and read back', async (t) => {
    const path = keyFile(t);
    const key = await createStoreKey(path, systemRandom);
    assert.equal(key.length, 32);
    assert.deepEqual(await loadStoreKey(path), key);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(readFileSync(path, 'utf8'), `${toBase64Url(key)}\n`);
    await assert.rejects(createStoreKey(path, systemRandom), (error) => error instanceof RejectedError && error.code === 'FILE_EXISTS');
    assert.deepEqual(await loadStoreKey(path), key);
  });

  test('is refused where others may read or write it', { skip: process.platform === 'win32' }, async (t) => {
    const path = keyFile(t);
    await createStoreKey(path, systemRandom);
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644]) {
      chmodSync(path, mode);
      await refused(path, /store\.key may be read or written by other users of this machine\. Run `chmod 600 .*store\.key`/);
    }
  });

  test('is refused where it is missing, or holds something else, without a word of its content', async (t) => {
    const path = keyFile(t);
    await refused(path, /store\.key is missing/);
    for (const text of ['', 'canary', toBase64Url(new Uint8Array(31)), toBase64Url(new Uint8Array(33)), `${'canary'.repeat(7)}!`]) {
      writeFileSync(path, text, { mode: 0o600 });
      const message = await refused(path, /does not hold a store key \(43 characters, base64url\)/);
      assert.ok(!message.includes('canary'));
    }
  });
});
