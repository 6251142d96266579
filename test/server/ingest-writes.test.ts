import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  type ClientSession,
  coerceStatusCode,
  DataType,
  type DataValueOptions,
  type StatusCode,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua';
import { RejectedError, UA_TYPES, type UaType, type UaValue, UnavailableError } from '../../src/core/index.ts';
import { dataTypeOf, tagChildId, toVariant } from '../../src/nodeset/index.ts';
import { type IngestTag } from '../../src/server/ingest/index.ts';
import { type Ingest, nodeIdOf, NOW_MS, startIngest, typed, write } from './ingest-support.ts';

const SAMPLES: Readonly<Record<UaType, UaValue['value']>> = {
  Boolean: true,
  SByte: -128,
  Byte: 255,
  Int16: -32768,
  UInt16: 65535,
  Int32: -2147483648,
  UInt32: 4294967295,
  Int64: -(2n ** 63n),
  UInt64: 2n ** 64n - 1n,
  Float: 0.5,
  Double: 641.82,
  String: 'Spätschicht',
  DateTime: BigInt(NOW_MS),
  ByteString: new Uint8Array([0, 255]),
};

const SERVER_TIME = { use: 'server' } as const;

const TAGS: IngestTag[] = [
  ...UA_TYPES.map((type) => ({ name: `any ${type}`, type, timestamps: SERVER_TIME })),
  { name: 'bounded', type: 'Int32', minimum: -10, maximum: 10, timestamps: SERVER_TIME },
  { name: 'bounded 64', type: 'Int64', minimum: 0, maximum: 2 ** 53, timestamps: SERVER_TIME },
  {
    name: 'mode',
    type: 'Byte',
    enumeration: new Map([
      [0, 'off'],
      [2, 'on'],
    ]),
    timestamps: SERVER_TIME,
  },
  { name: 'short text', type: 'String', maxBytes: 4, timestamps: SERVER_TIME },
  { name: 'short bytes', type: 'ByteString', maxBytes: 4, timestamps: SERVER_TIME },
  { name: 'timed', type: 'Int32', timestamps: { use: 'source', maxAgeMs: 5000, maxFutureMs: 1000 } },
];

describe('writing tags', () => {
  let ingest: Ingest;
  let plc: ClientSession;

  before(async () => {
    ingest = await startIngest({ tags: TAGS });
    plc = await ingest.as('plc');
  });
  after(() => ingest.stop());
  beforeEach(() => {
    ingest.accepted.length = 0;
    ingest.refused.length = 0;
    ingest.failure = undefined;
  });

  async function accepts(tag: string, value: DataValueOptions) {
    const before = ingest.server.tagStatus(tag).accepted;
    const status = await write(plc, tag, value);
    assert.equal(status.name, 'Good');
    assert.equal(ingest.server.tagStatus(tag).accepted, before + 1);
    const [reading, ...more] = ingest.accepted.splice(0);
    assert.deepEqual(more, []);
    assert.ok(reading);
    return reading;
  }

  /** Refused with that status, counted, told to the module, and never handed over. */
  async function refuses(tag: string, value: DataValueOptions, expected: keyof typeof StatusCodes, indexRange?: string) {
    const before = ingest.server.tagStatus(tag);
    const status = await write(plc, tag, value, indexRange);
    assert.equal(status.name, expected);
    const { refused, accepted, lastStatus } = ingest.server.tagStatus(tag);
    assert.deepEqual(
      { refused, accepted, lastStatus },
      { refused: before.refused + 1, accepted: before.accepted, lastStatus: status.value },
    );
    assert.deepEqual(ingest.accepted, []);
    assert.deepEqual(ingest.refused.splice(0), [{ tag, status: status.value }]);
  }

  for (const type of UA_TYPES) {
    test(`${type}: a value of the type is accepted as it is`, async () => {
      const value: UaValue = { type, value: SAMPLES[type] };
      const reading = await accepts(`any ${type}`, { value: toVariant(value) });
      assert.deepEqual(reading, { tag: `any ${type}`, value, status: 0, sourceMs: NOW_MS, acceptedMs: NOW_MS });
    });

    test(`${type}: every other type is refused`, async () => {
      for (const other of UA_TYPES) {
        if (other !== type) await refuses(`any ${type}`, { value: toVariant({ type: other, value: SAMPLES[other] }) }, 'BadTypeMismatch');
      }
    });

    test(`${type}: an array is refused`, async () => {
      const { value } = toVariant({ type, value: SAMPLES[type] }) as { value: unknown };
      const array = new Variant({ dataType: dataTypeOf(type), arrayType: VariantArrayType.Array, value: [value] });
      await refuses(`any ${type}`, { value: array }, 'BadTypeMismatch');
    });
  }

  test('a type that no tag can have is refused', async () => {
    await refuses('any String', typed(DataType.LocalizedText, { text: 'a' }), 'BadTypeMismatch');
    await refuses('any String', typed(DataType.StatusCode, StatusCodes.Good), 'BadTypeMismatch');
  });

  test('no value with a Good or Uncertain status is refused', async () => {
    await refuses('any Int32', typed(DataType.Null, null), 'BadTypeMismatch');
    await refuses('any String', typed(DataType.String, null), 'BadTypeMismatch');
    await refuses('any Int32', { ...typed(DataType.Null, null), statusCode: StatusCodes.UncertainLastUsableValue }, 'BadTypeMismatch');
  });

  test('a part of a value is refused, before anything of it is taken', async () => {
    await refuses('any String', typed(DataType.String, 'a'), 'BadIndexRangeNoData', '0');
    await refuses('any ByteString', typed(DataType.ByteString, Buffer.from([1])), 'BadIndexRangeNoData', '0:1');
  });

  test('an empty index range names no part: the value is taken', async () => {
    assert.equal((await write(plc, 'any Int32', typed(DataType.Int32, 7), '')).name, 'Good');
    assert.deepEqual(
      ingest.accepted.map(({ value }) => value?.value),
      [7],
    );
  });

  test('a value that is not finite is refused, whatever its status', async () => {
    for (const tag of ['Float', 'Double'] as const) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        await refuses(`any ${tag}`, typed(dataTypeOf(tag), value), 'BadOutOfRange');
        await refuses(`any ${tag}`, { ...typed(dataTypeOf(tag), value), statusCode: StatusCodes.BadSensorFailure }, 'BadOutOfRange');
      }
    }
  });

  test('a value beyond the range is refused, the bounds are not', async () => {
    await accepts('bounded', typed(DataType.Int32, -10));
    await accepts('bounded', typed(DataType.Int32, 10));
    await refuses('bounded', typed(DataType.Int32, -11), 'BadOutOfRange');
    await refuses('bounded', typed(DataType.Int32, 11), 'BadOutOfRange');
  });

  test('64-bit values are compared without rounding', async () => {
    await accepts('bounded 64', { value: toVariant({ type: 'Int64', value: 2n ** 53n }) });
    await refuses('bounded 64', { value: toVariant({ type: 'Int64', value: 2n ** 53n + 1n }) }, 'BadOutOfRange');
  });

  test('a value outside an enumeration is refused', async () => {
    await accepts('mode', typed(DataType.Byte, 2));
    await refuses('mode', typed(DataType.Byte, 1), 'BadOutOfRange');
  });

  test('texts and bytes beyond their length are refused, counted in bytes', async () => {
    await accepts('short text', typed(DataType.String, 'üü'));
    await refuses('short text', typed(DataType.String, 'üü.'), 'BadOutOfRange');
    await accepts('short bytes', typed(DataType.ByteString, Buffer.alloc(4)));
    await refuses('short bytes', typed(DataType.ByteString, Buffer.alloc(5)), 'BadOutOfRange');
    await refuses('any String', typed(DataType.String, 'a'.repeat(4097)), 'BadOutOfRange');
  });

  test('a status is taken over; a Bad one needs no value', async () => {
    const uncertain = await accepts('any Int32', { ...typed(DataType.Int32, 1), statusCode: StatusCodes.UncertainLastUsableValue });
    assert.equal(uncertain.status, StatusCodes.UncertainLastUsableValue.value);
    const bad = await accepts('any Int32', { ...typed(DataType.Null, null), statusCode: StatusCodes.BadSensorFailure });
    assert.equal(bad.value, undefined);
    assert.equal(bad.status, StatusCodes.BadSensorFailure.value);
    assert.equal(ingest.server.tagStatus('any Int32').lastStatus, StatusCodes.BadSensorFailure.value);
  });

  test('a status that the specification does not list is taken over, and shown as Bad', async () => {
    const unlisted = 0x80ff1234;
    assert.equal(ingest.server.feed('any Int32', { value: undefined, status: unlisted, sourceMs: undefined }), 0);
    assert.equal(ingest.accepted.splice(0)[0]?.status, unlisted);
    const operator = await ingest.as('operator');
    const shown = await operator.read({ nodeId: await nodeIdOf(operator, tagChildId('any Int32', 'LastStatus')) });
    assert.equal((shown.value.value as StatusCode).value >>> 30, 2);
  });

  test("by the server's time, a source timestamp is ignored, however far off", async () => {
    for (const offset of [-1e9, 0, 1e9]) {
      const reading = await accepts('any Int32', { ...typed(DataType.Int32, 1), sourceTimestamp: new Date(NOW_MS + offset) });
      assert.equal(reading.sourceMs, NOW_MS);
    }
  });

  test("by the source's time, its timestamp counts within the bounds, both included", async () => {
    for (const offset of [-5000, 0, 1000]) {
      const reading = await accepts('timed', { ...typed(DataType.Int32, 1), sourceTimestamp: new Date(NOW_MS + offset) });
      assert.equal(reading.sourceMs, NOW_MS + offset);
    }
    const untimed = await accepts('timed', typed(DataType.Int32, 1));
    assert.equal(untimed.sourceMs, NOW_MS);
  });

  test("by the source's time, a late and a future value are refused", async () => {
    for (const offset of [-5001, 1001]) {
      await refuses('timed', { ...typed(DataType.Int32, 1), sourceTimestamp: new Date(NOW_MS + offset) }, 'BadInvalidTimestamp');
    }
  });

  const failures: [what: string, failure: Error, status: keyof typeof StatusCodes][] = [
    ['has no room', new UnavailableError('FULL', 'secret 42'), 'BadResourceUnavailable'],
    ['rejects it', new RejectedError('TOO_LONG', 'secret 42'), 'BadOutOfRange'],
    ['breaks', new TypeError('secret 42'), 'BadInternalError'],
  ];
  for (const [what, failure, status] of failures) {
    test(`a module that ${what} refuses the value as ${status}, and the server lives on`, async () => {
      ingest.failure = failure;
      await refuses('any Int32', typed(DataType.Int32, 42), status);
      ingest.failure = undefined;
      await accepts('any Int32', typed(DataType.Int32, 42));
    });
  }

  test('values of one request are judged one by one, in order', async () => {
    const values = [1, 11, 2].map((value) => typed(DataType.Int32, value));
    const namespaces = await plc.readNamespaceArray();
    const nodeId = `ns=${namespaces.indexOf('urn:dcmb:instance')};s=Tags/bounded`;
    const results = await plc.write(values.map((value) => ({ nodeId, attributeId: 13, value })));
    assert.deepEqual(
      results.map((status) => status.name),
      ['Good', 'BadOutOfRange', 'Good'],
    );
    assert.deepEqual(
      ingest.accepted.map((reading) => reading.value?.value),
      [1, 2],
    );
  });

  test('a reading that is fed passes the same checks', async () => {
    const feed = async (value: UaValue | undefined, status = 0, sourceMs?: number) =>
      coerceStatusCode(await ingest.server.feed('timed', { value, status, sourceMs })).name;
    assert.equal(await feed({ type: 'Int32', value: 5 }, 0, NOW_MS - 1), 'Good');
    assert.deepEqual(ingest.accepted.splice(0), [
      { tag: 'timed', value: { type: 'Int32', value: 5 }, status: 0, sourceMs: NOW_MS - 1, acceptedMs: NOW_MS },
    ]);
    assert.equal(await feed({ type: 'Double', value: 5 }), 'BadTypeMismatch');
    assert.equal(await feed({ type: 'Int32', value: 5.5 }), 'BadTypeMismatch');
    assert.equal(await feed({ type: 'Int32', value: 2 ** 31 }), 'BadTypeMismatch');
    assert.equal(await feed(undefined), 'BadTypeMismatch');
    assert.equal(await feed({ type: 'Int32', value: 5 }, 0, NOW_MS + 1001), 'BadInvalidTimestamp');
    assert.equal(await feed({ type: 'Int32', value: 5 }, 0, Number.NaN), 'BadInvalidTimestamp');
    assert.deepEqual(ingest.accepted, []);
    assert.throws(() => ingest.server.feed('nobody', { value: undefined, status: 0, sourceMs: undefined }), { code: 'UNKNOWN_TAG' });
  });
});
