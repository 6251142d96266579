import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  concat,
  frame,
  fromHex,
  hasCode,
  hkdf,
  keystream,
  labelledHash,
  labelledMac,
  macKey,
  publicKeyOfX25519,
  seal,
  sha256,
  sha256Into,
  toHex,
  unseal,
  utf8,
  x25519,
} from '../../src/core/index.ts';

const key = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

describe('hashes', () => {
  test('are SHA-256, of the parts joined', () => {
    assert.equal(toHex(sha256(utf8('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array(), fc.nat(40), (a, b, offset) => {
        const expected = createHash('sha256').update(a).update(b).digest('hex');
        assert.equal(toHex(sha256(a, b)), expected);
        const target = new Uint8Array(offset + 33);
        sha256Into(concat(a, b), target, offset);
        assert.equal(toHex(target.subarray(offset, offset + 32)), expected);
        assert.equal(target[offset + 32], 0);
      }),
    );
  });

  test('may be written over their own input', () => {
    const data = new Uint8Array(65).fill(5);
    const expected = toHex(sha256(data));
    sha256Into(data, data, 1);
    assert.equal(toHex(data.subarray(1, 33)), expected);
  });

  test('with labels have another input for every other list of fields', () => {
    const fields = fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const same = a.length === b.length && a.every((field, i) => toHex(field) === toHex(b[i]!));
        assert.equal(toHex(frame('l', ...a)) === toHex(frame('l', ...b)), same);
      }),
      { numRuns: 1000 },
    );
    assert.notEqual(toHex(labelledHash('ab', utf8('c'))), toHex(labelledHash('a', utf8('bc'))));
    assert.equal(toHex(frame('ab', utf8('c'))), '00000002616200000001' + '63');
  });

  test('with a key are HMAC-SHA-256, for raw and held keys alike', () => {
    assert.equal(toHex(labelledMac(key, 'l')), toHex(labelledMac(macKey(key), 'l')));
    assert.notEqual(toHex(labelledMac(key, 'l')), toHex(labelledMac(key, 'm')));
  });

  test('derive keys as RFC 5869, test case 3', () => {
    const secret = new Uint8Array(22).fill(0x0b);
    const expected = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8';
    assert.equal(toHex(hkdf(secret, new Uint8Array(0), new Uint8Array(0), 42)), expected);
  });
});

describe('the keystream', () => {
  test('is AES-256 of the counter blocks, from 0 on', () => {
    // Block 0 of the stream is AES-256 of 16 zero bytes.
    assert.equal(toHex(keystream(key, 0, 16)), 'f29000b62a499fd0a9f39a6add2e7780');
  });

  test('can be taken from any block on, with raw and held keys', () => {
    const whole = keystream(key, 0, 320);
    assert.deepEqual(keystream(macKey(key), 5, 64), whole.subarray(80, 144));
  });
});

describe('sealed bytes', () => {
  const nonce = new Uint8Array(12);
  const sealed = seal(key, nonce, utf8('text'), utf8('beside'));

  test('open with the same key, nonce and associated bytes', () =>
    assert.deepEqual(unseal(key, nonce, sealed, utf8('beside')), utf8('text')));

  for (const [name, run] of [
    ['another key', () => unseal(new Uint8Array(32), nonce, sealed, utf8('beside'))],
    ['another nonce', () => unseal(key, new Uint8Array(12).fill(1), sealed, utf8('beside'))],
    ['other associated bytes', () => unseal(key, nonce, sealed, utf8('besides'))],
    ['a shorter text', () => unseal(key, nonce, sealed.subarray(0, -1), utf8('beside'))],
    ['less than a tag', () => unseal(key, nonce, sealed.subarray(0, 15), utf8('beside'))],
  ] as const) {
    test(`do not open with ${name}`, () => assert.throws(run, (error) => hasCode(error, 'NOT_DECRYPTABLE')));
  }

  test('do not open with any bit turned', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(
        () => unseal(key, nonce, changed, utf8('beside')),
        (error) => hasCode(error, 'NOT_DECRYPTABLE'),
      );
    }
  });
});

describe('X25519', () => {
  const alice = new Uint8Array(32).fill(0x77);
  const bob = fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');

  test('gives the public key of RFC 7748 section 6.1', () => {
    assert.equal(toHex(publicKeyOfX25519(bob)), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  });

  test('gives both sides one secret', () => {
    assert.deepEqual(x25519(alice, publicKeyOfX25519(bob)), x25519(bob, publicKeyOfX25519(alice)));
  });

  test('refuses public keys of small order and of other lengths', () => {
    for (const publicKey of [new Uint8Array(32), Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)), new Uint8Array(31)]) {
      assert.throws(
        () => x25519(bob, publicKey),
        (error) => hasCode(error, 'BAD_KEY'),
      );
    }
  });
});
