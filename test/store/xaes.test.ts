import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concat, fromHex, RejectedError, toHex, utf8 } from '../../src/core/index.ts';
import { Xaes256Gcm, XAES_OVERHEAD } from '../../src/store/xaes.ts';

/** Test vectors of https://c2sp.org/XAES-256-GCM. In the first the most significant bit of L is 0, in the second it is 1. */
const VECTORS = [
  { key: 0x01, associated: '', ciphertext: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
  { key: 0x03, associated: 'c2sp.org/XAES-256-GCM', ciphertext: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d' },
];
const NONCE = utf8('ABCDEFGHIJKLMNOPQRSTUVWX');
const PLAINTEXT = utf8('XAES-256-GCM');

describe('XAES-256-GCM', () => {
  for (const { key, associated, ciphertext } of VECTORS) {
    test(`gives the specification's ciphertext for the key of bytes 0${key}`, () => {
      const aead = new Xaes256Gcm(new Uint8Array(32).fill(key));
      assert.equal(toHex(aead.sealWith(NONCE, PLAINTEXT, utf8(associated))), ciphertext);
      assert.deepEqual(aead.open(concat(NONCE, fromHex(ciphertext)), utf8(associated)), PLAINTEXT);
    });
  }

  test("gives the specification's hash over 10,000 messages from a deterministic stream", () => {
    const stream = byteStream();
    const all = createHash('shake128', { outputLength: 32 });
    for (let i = 0; i < 10_000; i++) {
      const [key, nonce] = [stream(32), stream(24)];
      const plaintext = stream(stream(1)[0]!);
      const associated = stream(stream(1)[0]!);
      const aead = new Xaes256Gcm(key);
      const sealed = aead.sealWith(nonce, plaintext, associated);
      all.update(sealed);
      if (i % 100 === 0) assert.deepEqual(aead.open(concat(nonce, sealed), associated), plaintext);
    }
    assert.equal(all.digest('hex'), 'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939');
  });

  test('opens what it sealed, under a new nonce each time', () => {
    const aead = new Xaes256Gcm(new Uint8Array(32).fill(7));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), (plaintext, associated) => {
        const sealed = aead.seal(plaintext, associated);
        assert.equal(sealed.length, plaintext.length + XAES_OVERHEAD);
        assert.deepEqual(aead.open(sealed, associated), new Uint8Array(plaintext));
        assert.notDeepEqual(aead.seal(plaintext, associated), sealed);
      }),
    );
  });

  test('refuses one changed bit anywhere, a cut end, other associated data and another key', () => {
    const aead = new Xaes256Gcm(new Uint8Array(32).fill(7));
    const sealed = aead.seal(PLAINTEXT, utf8('here'));
    const refused = (bytes: Uint8Array, associated = 'here', by = aead): void =>
      assert.throws(
        () => by.open(bytes, utf8(associated)),
        (error) => error instanceof RejectedError && error.code === 'NOT_DECRYPTABLE',
      );
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      refused(changed);
    }
    for (let length = 0; length < sealed.length; length++) refused(sealed.subarray(0, length));
    refused(sealed, 'there');
    refused(sealed, 'here', new Xaes256Gcm(new Uint8Array(32).fill(8)));
  });

  test('takes no key or nonce of another length', () => {
    assert.throws(() => new Xaes256Gcm(new Uint8Array(31)), RangeError);
    assert.throws(() => new Xaes256Gcm(new Uint8Array(32)).sealWith(new Uint8Array(12), PLAINTEXT, NONCE), RangeError);
  });
});

/** SHAKE-128 of nothing, read piece by piece. */
function byteStream(): (length: number) => Uint8Array {
  const bytes = createHash('shake128', { outputLength: 10_000 * 400 }).digest();
  assert.equal(bytes.subarray(0, 16).toString('hex'), '7f9c2ba4e88f827d616045507605853e');
  let at = 0;
  return (length) => {
    assert.ok(at + length <= bytes.length, 'the stream was made too short');
    at += length;
    return new Uint8Array(bytes.subarray(at - length, at));
  };
}
