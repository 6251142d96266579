import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, concat, fromUtf8, hasCode, parseCanonical, utf8 } from '../../src/core/index.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
/** Dates, sets and the like have no restricted form. */
class Thing {
  readonly a = 1;
}

describe('canonical JSON', () => {
  test('is read back to the value, and is the same whatever order the keys came in', () => {
    fc.assert(
      fc.property(value, (some) => {
        const bytes = canonicalJson(some);
        assert.deepEqual(canonicalJson(parseCanonical(bytes)), bytes);
        assert.deepEqual(parseCanonical(bytes), JSON.parse(JSON.stringify(some)));
      }),
    );
    assert.equal(fromUtf8(canonicalJson({ b: 1, a: { d: 2, c: 3 } })), '{"a":{"c":3,"d":2},"b":1}');
  });

  test('orders keys by UTF-16 code units', () => {
    // U+FB33 comes before U+1F600 by code points, after it by code units.
    assert.equal(fromUtf8(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2 })), '{"\u{1f600}":2,"\ufb33":1}');
  });

  test('keeps a key named __proto__ like any other', () => {
    const bytes = utf8('{"__proto__":{"a":1}}');
    assert.deepEqual(canonicalJson(parseCanonical(bytes)), bytes);
  });

  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  for (const [name, outside] of [
    ['null', null],
    ['undefined', undefined],
    ['a key without a value', { a: undefined }],
    ['a fraction', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['bytes', new Uint8Array(2)],
    ['an object of a class', new Thing()],

    ['a hole in a list', [1, , 2]],
    ['more depth than any object of ours', deep(70)],
  ] as const) {
    test(`refuses ${name}`, () =>
      assert.throws(
        () => canonicalJson(outside),
        (error) => hasCode(error, 'NOT_CANONICAL'),
      ));
  }

  for (const other of [
    '{"a":1,"a":1}',
    '{"b":1,"a":1}',
    '{ "a":1}',
    '[1,2] ',
    '1.0',
    '1e2',
    '-0',
    '"\\u0041"',
    '"\\/"',
    '"\\u00E9"',
    'null',
    '[null]',
    '01',
    '',
    '{',
    '9007199254740993',
  ]) {
    test(`does not read ${JSON.stringify(other)}`, () =>
      assert.throws(
        () => parseCanonical(utf8(other)),
        (error) => hasCode(error, 'NOT_CANONICAL'),
      ));
  }

  test('does not read a byte order mark or broken UTF-8', () => {
    assert.throws(
      () => parseCanonical(utf8('\ufeff1')),
      (error) => hasCode(error, 'NOT_CANONICAL'),
    );
    assert.throws(
      () => parseCanonical(concat(utf8('"'), Uint8Array.of(0xff), utf8('"'))),
      (error) => hasCode(error, 'NOT_CANONICAL'),
    );
  });

  test('does not read bytes with one of them changed, unless they stand for another value', () => {
    const bytes = canonicalJson({ a: [1, 'x', true], b: { c: 'é' } });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        assert.notDeepEqual(parseCanonical(changed), parseCanonical(bytes));
      } catch (error) {
        assert.ok(hasCode(error, 'NOT_CANONICAL'), String(error));
      }
    }
  });
});
