import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeUaValue, encodeUaValue, hasCode, integerRange, numberOf, UA_TYPES, type UaValue } from '../../src/core/index.ts';

const wide = new Set(['Int64', 'UInt64', 'DateTime']);
const integers = UA_TYPES.filter((type) => integerRange(type) !== undefined);
const integerValue: fc.Arbitrary<UaValue> = fc.constantFrom(...integers).chain((type) => {
  const [min, max] = integerRange(type)!;
  return fc.bigInt({ min, max }).map((value) => ({ type, value: wide.has(type) ? value : Number(value) }));
});
const anyValue: fc.Arbitrary<UaValue> = fc.oneof(
  integerValue,
  fc.boolean().map((value) => ({ type: 'Boolean' as const, value })),
  fc.double({ noNaN: true }).map((value) => ({ type: 'Double' as const, value })),
  fc.float({ noNaN: true }).map((value) => ({ type: 'Float' as const, value })),
  fc.string({ unit: 'grapheme' }).map((value) => ({ type: 'String' as const, value })),
  fc.uint8Array().map((value) => ({ type: 'ByteString' as const, value })),
);

describe('a tagged OPC UA value', () => {
  test('is read back exactly, minus zero and infinities included', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const found = decodeUaValue(encodeUaValue(value));
        assert.equal(found.type, value.type);
        assert.ok(
          value.value instanceof Uint8Array
            ? Buffer.compare(found.value as Uint8Array, value.value) === 0
            : Object.is(found.value, value.value),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('is written as documented', () => {
    assert.equal(encodeUaValue({ type: 'Double', value: 5367 }), 'Double:40b4f70000000000');
    assert.equal(encodeUaValue({ type: 'Float', value: -0 }), 'Float:80000000');
    assert.equal(encodeUaValue({ type: 'UInt64', value: 2n ** 64n - 1n }), 'UInt64:18446744073709551615');
    assert.equal(encodeUaValue({ type: 'String', value: 'a:b' }), 'String:a:b');
    assert.equal(encodeUaValue({ type: 'ByteString', value: Uint8Array.of(255) }), 'ByteString:_w');
  });

  test('has one text for each value: what is read, is written the same', () => {
    const text = fc.tuple(
      fc.constantFrom(...UA_TYPES, 'int32', ''),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefAF-+. ertul'), maxLength: 17 }),
    );
    fc.assert(
      fc.property(text, ([type, rest]) => {
        try {
          assert.equal(encodeUaValue(decodeUaValue(`${type}:${rest}`)), `${type}:${rest}`);
        } catch (error) {
          assert.ok(
            ['BAD_UA_VALUE', 'BAD_HEX', 'BAD_BASE64URL'].some((code) => hasCode(error, code)),
            String(error),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of [
    '',
    'Int32',
    'Int32:',
    'Int32:01',
    'Int32:+1',
    'Int32:-0',
    'Int32:1.0',
    'Int32:2147483648',
    'SByte:-129',
    'Byte:256',
    'UInt64:-1',
    'Boolean:1',
    'Boolean:TRUE',
    'Double:40b4f700',
    'Float:40b4f70000000000',
    'Guid:x',
    'int32:1',
    ':1',
  ]) {
    test(`is not read from ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => decodeUaValue(text),
        (error) => hasCode(error, 'BAD_UA_VALUE'),
      ));
  }

  for (const value of [
    { type: 'Int32', value: 1.5 },
    { type: 'Int32', value: -0 },
    { type: 'Int32', value: 2 ** 31 },
    { type: 'Byte', value: -1 },
    { type: 'Int32', value: 1n },
    { type: 'Int64', value: 1 },
    { type: 'UInt64', value: 2n ** 64n },
    { type: 'Boolean', value: 1 },
    { type: 'Double', value: '1' },
    { type: 'String', value: 1 },
    { type: 'ByteString', value: 'AA' },
  ] as const) {
    test(`is not written for ${value.type} of the ${typeof value.value} ${String(value.value)}`, () => {
      assert.throws(
        () => encodeUaValue(value),
        (error) => hasCode(error, 'BAD_UA_VALUE'),
      );
    });
  }

  test('is a number for computing where it is one', () => {
    assert.equal(numberOf({ type: 'Int64', value: 12n }), 12);
    assert.equal(numberOf({ type: 'Double', value: 1.5 }), 1.5);
    for (const value of [
      { type: 'String', value: '1' },
      { type: 'Boolean', value: true },
      { type: 'ByteString', value: Uint8Array.of(1) },
    ] as const) {
      assert.throws(
        () => numberOf(value),
        (error) => hasCode(error, 'BAD_UA_VALUE'),
      );
    }
  });
});
