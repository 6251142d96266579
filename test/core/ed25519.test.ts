import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ed25519Signer, fromHex, hasCode, keyIdOf, requireStrictKey, toHex, utf8, verifyEd25519 } from '../../src/core/index.ts';

interface Vector {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly expected: 'ok' | 'BAD_KEY' | 'BAD_SIGNATURE';
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/ed25519.json', import.meta.url), 'utf8')) as Vector[];

describe('strict Ed25519', () => {
  for (const { name, publicKey, message, signature, expected } of vectors) {
    test(`${name}: ${expected}`, () => {
      const verify = () => verifyEd25519(fromHex(publicKey), fromHex(message), fromHex(signature));
      if (expected === 'ok') verify();
      else assert.throws(verify, (error) => hasCode(error, expected));
      if (expected === 'BAD_KEY')
        assert.throws(
          () => requireStrictKey(fromHex(publicKey)),
          (error) => hasCode(error, 'BAD_KEY'),
        );
    });
  }

  test('gives the signature of RFC 8032 section 7.1, test 3', async () => {
    const signer = ed25519Signer(fromHex('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7'));
    assert.equal(toHex(signer.publicKey), 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025');
    assert.equal(
      toHex(await signer.sign(fromHex('af82'))),
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    );
  });

  test('refuses every signature with one bit turned', async () => {
    const signer = ed25519Signer(new Uint8Array(32).fill(3));
    const good = await signer.sign(utf8('message'));
    for (let bit = 0; bit < 512; bit++) {
      const bad = good.slice();
      bad[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(
        () => verifyEd25519(signer.publicKey, utf8('message'), bad),
        (error) => hasCode(error, 'BAD_SIGNATURE'),
      );
    }
  });

  test('gives the same answer for a key that it has seen, and for more keys than it remembers', () => {
    for (let i = 0; i < 1100; i++) {
      const seed = new Uint8Array(32);
      new DataView(seed.buffer).setUint32(0, i);
      const { publicKey } = ed25519Signer(seed);
      requireStrictKey(publicKey);
      requireStrictKey(publicKey);
    }
  });

  test('names each key by an id of its own', () => {
    const [a, b] = [1, 2].map((n) => ed25519Signer(new Uint8Array(32).fill(n)));
    assert.notEqual(keyIdOf(a!.publicKey), keyIdOf(b!.publicKey));
    assert.equal(a!.keyId, keyIdOf(a!.publicKey));
  });
});
