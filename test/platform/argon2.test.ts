import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ARGON2_PROFILES, hasCode, toHex } from '../../src/core/index.ts';
import { rawArgon2id } from '../../src/platform/argon2.ts';
import { systemArgon2 } from '../../src/platform/index.ts';

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

describe('Argon2id', () => {
  test('gives the tag of RFC 9106 section 5.3', async () => {
    const tag = await rawArgon2id({
      message: bytes(32, 1),
      salt: bytes(16, 2),
      secret: bytes(8, 3),
      associatedData: bytes(12, 4),
      profile: { memoryKiB: 32, passes: 3, lanes: 4 },
    });
    assert.equal(toHex(tag), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });

  test('every profile gives 32 bytes that depend on message, salt, secret and profile', async () => {
    const base = { message: bytes(10, 1), salt: bytes(16, 2), secret: bytes(32, 3) };
    const tags = [];
    for (const profile of ARGON2_PROFILES) {
      tags.push(await systemArgon2.id({ ...base, profile }));
      tags.push(await systemArgon2.id({ ...base, message: bytes(11, 1), profile }));
      tags.push(await systemArgon2.id({ ...base, salt: bytes(16, 9), profile }));
      tags.push(await systemArgon2.id({ ...base, secret: bytes(32, 9), profile }));
    }
    assert.ok(tags.every((tag) => tag.length === 32));
    assert.equal(new Set(tags.map(toHex)).size, tags.length);
  });

  test('refuses a salt or a secret of another length', async () => {
    const profile = { memoryKiB: 64, passes: 1, lanes: 1 };
    const refused = (error: unknown) => hasCode(error, 'BAD_ARGON2_INPUT');
    await assert.rejects(systemArgon2.id({ message: bytes(1, 1), salt: bytes(8, 2), secret: bytes(32, 3), profile }), refused);
    await assert.rejects(systemArgon2.id({ message: bytes(1, 1), salt: bytes(16, 2), secret: bytes(31, 3), profile }), refused);
  });
});
