import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DcmbError, hasCode, toHex, utf8, verifyEd25519, x25519 } from '../../src/core/index.ts';
import { createExchangeKey, createSigningKey, loadExchangeKey, loadSigningKey, systemRandom } from '../../src/platform/index.ts';

describe('key files', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dcmb-keys-'));
  });
  after(() => rm(directory, { recursive: true }));

  const at = (name: string) => join(directory, name);
  const fault = (path: string, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DcmbError && hasCode(error, 'BAD_KEY_FILE'));
    assert.ok(error.message.includes(path), 'names the file');
    assert.match(error.message, words);
    return true;
  };

  test('a signing key signs alike after it is loaded again', async () => {
    const made = await createSigningKey(at('sign.pem'), systemRandom);
    const loaded = await loadSigningKey(at('sign.pem'));
    assert.equal(loaded.keyId, made.keyId);
    verifyEd25519(made.publicKey, utf8('message'), await loaded.sign(utf8('message')));
  });

  test('an exchange key agrees on the same secret after it is loaded again', async () => {
    const own = await createExchangeKey(at('own.pem'), systemRandom);
    const other = await createExchangeKey(at('other.pem'), systemRandom);
    const loaded = await loadExchangeKey(at('own.pem'));
    assert.equal(toHex(loaded.publicKey), toHex(own.publicKey));
    assert.equal(toHex(x25519(loaded.privateKey, other.publicKey)), toHex(x25519(other.privateKey, own.publicKey)));
  });

  test('reads PKCS#8 that another tool wrote', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(at('foreign.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    assert.equal((await loadSigningKey(at('foreign.pem'))).publicKey.length, 32);
  });

  test('does not overwrite a key', async () => {
    await createSigningKey(at('kept.pem'), systemRandom);
    const before = await readFile(at('kept.pem'), 'utf8');
    await assert.rejects(createSigningKey(at('kept.pem'), systemRandom), (error) => hasCode(error, 'FILE_EXISTS'));
    assert.equal(await readFile(at('kept.pem'), 'utf8'), before);
  });

  test('refuses a missing file, a directory, what is not a key, and a key of the other kind', async () => {
    await assert.rejects(loadSigningKey(at('none.pem')), fault(at('none.pem'), /is missing/));
    await assert.rejects(loadSigningKey(directory), fault(directory, /is not a file/));
    await writeFile(at('junk.pem'), 'top secret', { mode: 0o600 });
    await assert.rejects(loadSigningKey(at('junk.pem')), (error) => {
      assert.ok(error instanceof DcmbError && !error.message.includes('top secret') && error.cause === undefined);
      return fault(at('junk.pem'), /PKCS#8/)(error);
    });
    await createExchangeKey(at('x.pem'), systemRandom);
    await assert.rejects(loadSigningKey(at('x.pem')), fault(at('x.pem'), /another kind than ed25519/));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(at('p256.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await assert.rejects(loadExchangeKey(at('p256.pem')), fault(at('p256.pem'), /another kind than x25519/));
  });

  describe('on POSIX', { skip: process.platform === 'win32' && 'Windows has no permission bits' }, () => {
    test('a new key file is readable by its user alone', async () => {
      await createSigningKey(at('mode.pem'), systemRandom);
      assert.equal((await stat(at('mode.pem'))).mode & 0o777, 0o600);
    });

    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      test(`refuses a key file of mode ${mode.toString(8)}`, async () => {
        const path = at(`open-${mode.toString(8)}.pem`);
        await createSigningKey(path, systemRandom);
        await chmod(path, mode);
        await assert.rejects(loadSigningKey(path), fault(path, /chmod 600/));
      });
    }
  });
});
