import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { errnoOf, writeFileAtomic } from '../../src/platform/index.ts';

describe('writeFileAtomic', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dcmb-files-'));
  });
  after(() => rm(directory, { recursive: true }));

  test('writes text and bytes, replaces, and leaves no temporary file', async () => {
    const path = join(directory, 'a.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.from([0, 255]));
    assert.deepEqual([...(await readFile(path))], [0, 255]);
    assert.deepEqual(await readdir(directory), ['a.json']);
  });

  test('sets the permission bits', { skip: process.platform === 'win32' && 'Windows has no permission bits' }, async () => {
    const path = join(directory, 'private');
    await writeFileAtomic(path, 'x', { mode: 0o600 });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  test('keeps an existing file when told not to replace', async () => {
    const path = join(directory, 'kept');
    await writeFile(path, 'old');
    await assert.rejects(writeFileAtomic(path, 'new', { replace: false }), (error) => hasCode(error, 'FILE_EXISTS'));
    assert.equal(await readFile(path, 'utf8'), 'old');
    assert.ok((await readdir(directory)).every((name) => !name.endsWith('.tmp')));
  });

  test("passes on the system's error for a missing directory", async () => {
    await assert.rejects(writeFileAtomic(join(directory, 'no', 'a'), 'x'), (error) => errnoOf(error) === 'ENOENT');
  });

  test('leaves no temporary file when the rename fails', async () => {
    await assert.rejects(writeFileAtomic(directory, 'x'), (error) => errnoOf(error) !== '');
    const left = await readdir(join(directory, '..'));
    assert.ok(left.every((name) => !name.startsWith('.dcmb-files-')));
  });
});
