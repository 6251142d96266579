import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BinaryStream, coerceNodeId, DataType, DataValue, StatusCodes, Variant, VariantArrayType } from 'node-opcua';
import { encodeUaValue, UA_TYPES, type UaType, type UaValue } from '../../src/core/index.ts';
import { dataTypeOf, fromVariant, readingOf, toVariant, uaTypeOf } from '../../src/nodeset/values.ts';

/** The value after the way through OPC UA's binary encoding. */
function overTheWire(value: UaValue): UaValue | undefined {
  const variant = toVariant(value);
  const stream = new BinaryStream(64 * 1024);
  variant.encode(stream);
  const decoded = new Variant();
  stream.rewind();
  decoded.decode(stream);
  return fromVariant(decoded);
}

const EXAMPLES: Readonly<Record<UaType, readonly UaValue['value'][]>> = {
  Boolean: [true, false],
  SByte: [-128, 0, 127],
  Byte: [0, 255],
  Int16: [-32768, 32767],
  UInt16: [0, 65535],
  Int32: [-2147483648, 2147483647],
  UInt32: [0, 4294967295],
  Int64: [-(2n ** 63n), -1n, 0n, 2n ** 32n, 2n ** 63n - 1n],
  UInt64: [0n, 2n ** 53n + 1n, 2n ** 64n - 1n],
  Float: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY],
  Double: [5367, 0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY, Number.MIN_VALUE],
  String: ['', 'Wartung fällig', '\u{1F527}'],
  DateTime: [0n, 1_763_834_400_123n, -1n],
  ByteString: [new Uint8Array(), Uint8Array.of(0, 255, 7)],
};

describe('values on their way to and from OPC UA', () => {
  for (const type of UA_TYPES) {
    test(`${type} arrives as it was sent`, () => {
      for (const value of EXAMPLES[type]) {
        const sent: UaValue = { type, value };
        const arrived = overTheWire(sent);
        assert.ok(arrived !== undefined);
        assert.equal(encodeUaValue(arrived), encodeUaValue(sent));
      }
    });

    test(`${type} has one OPC UA data type, and the way back gives it again`, () => {
      assert.equal(uaTypeOf(dataTypeOf(type)), type);
      assert.equal(DataType[dataTypeOf(type)], type);
    });

    test(`an array of ${type} is refused`, () => {
      const variant = new Variant({ dataType: dataTypeOf(type), arrayType: VariantArrayType.Array, value: [] });
      assert.throws(() => fromVariant(variant), { code: 'NOT_SCALAR' });
    });
  }

  test('any 64-bit integer survives', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(0n, 2n ** 64n - 1n), (signed, unsigned) => {
        assert.deepEqual(overTheWire({ type: 'Int64', value: signed }), { type: 'Int64', value: signed });
        assert.deepEqual(overTheWire({ type: 'UInt64', value: unsigned }), { type: 'UInt64', value: unsigned });
      }),
    );
  });

  test('types that a tag cannot have are refused', () => {
    const variant = new Variant({ dataType: DataType.NodeId, value: coerceNodeId('i=1') });
    assert.throws(() => fromVariant(variant), { code: 'TYPE_NOT_SUPPORTED' });
    assert.equal(uaTypeOf(DataType.ExtensionObject), undefined);
    assert.equal(uaTypeOf(DataType.Null), undefined);
  });

  test('null values are no values', () => {
    assert.equal(fromVariant(new Variant()), undefined);
    assert.equal(fromVariant(new Variant({ dataType: DataType.String, value: null })), undefined);
    assert.equal(fromVariant(new Variant({ dataType: DataType.ByteString, value: null })), undefined);
  });

  test('a data value keeps status bits and source time, also with a bad status', () => {
    const reading = readingOf(
      new DataValue({
        value: { dataType: DataType.Double, value: 1 },
        statusCode: StatusCodes.BadSensorFailure,
        sourceTimestamp: new Date(1_763_834_400_123),
      }),
    );
    assert.deepEqual(reading, { value: { type: 'Double', value: 1 }, status: 0x808c0000, sourceMs: 1_763_834_400_123 });
  });

  test('a data value without source time says so', () => {
    assert.equal(readingOf(new DataValue({ value: { dataType: DataType.Int32, value: 1 } })).sourceMs, undefined);
  });
});
