import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  compareBytes,
  concat,
  equalBytes,
  fromBase64Url,
  fromHex,
  fromUtf8,
  hasCode,
  i32,
  toBase64Url,
  toHex,
  u32,
  u64,
  utf8,
} from '../../src/core/index.ts';

const bytes = fc.uint8Array({ maxLength: 100 });

describe('base64url', () => {
  test('is that of Node, both ways', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const text = Buffer.from(data).toString('base64url');
        assert.equal(toBase64Url(data), text);
        assert.deepEqual(fromBase64Url(text), data);
      }),
    );
  });

  test('has one text for given bytes: what decodes at all, encodes to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ABCwxyz019-_+/= é\u{1f600}'), maxLength: 12 }), (text) => {
        try {
          assert.equal(toBase64Url(fromBase64Url(text)), text);
        } catch (error) {
          assert.ok(hasCode(error, 'BAD_BASE64URL'), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of ['A', 'AB', 'AAB', 'AA==', 'A+==', 'AA/A', 'AAA\n', ' AAA', 'AAAAA']) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => fromBase64Url(text),
        (error) => hasCode(error, 'BAD_BASE64URL'),
      ));
  }
});

describe('hexadecimal', () => {
  test('reads what it writes', () => fc.assert(fc.property(bytes, (data) => assert.deepEqual(fromHex(toHex(data)), data))));
  for (const text of ['0', 'AB', '0g', ' 00', '0x00']) {
    test(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => fromHex(text),
        (error) => hasCode(error, 'BAD_HEX'),
      ));
  }
});

describe('UTF-8', () => {
  test('reads what it writes, a byte order mark included', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(fromUtf8(utf8(`\ufeff${text}`)), `\ufeff${text}`)));
  });
  for (const hex of ['c3', 'c080', 'eda080', 'f8', 'ff']) {
    test(`refuses ${hex}`, () =>
      assert.throws(
        () => fromUtf8(fromHex(hex)),
        (error) => hasCode(error, 'BAD_UTF8'),
      ));
  }
});

describe('byte strings', () => {
  test('are equal when they compare as equal, and in the order of Node otherwise', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
        assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
        assert.equal(equalBytes(a, a.slice()), true);
        assert.deepEqual(concat(a, b), new Uint8Array(Buffer.concat([a, b])));
      }),
    );
  });

  test('of integers are big-endian', () => {
    assert.equal(toHex(u32(0xfffefdfc)), 'fffefdfc');
    assert.equal(toHex(i32(-2)), 'fffffffe');
    assert.equal(toHex(u64(Number.MAX_SAFE_INTEGER)), '001fffffffffffff');
  });
});
