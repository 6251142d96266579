import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { AttributeIds, type ClientSession, DataType, type DataValueOptions, StatusCodes, Variant, VariantArrayType } from 'node-opcua';
import { UnavailableError } from '../../src/core/index.ts';
import { tagId } from '../../src/nodeset/index.ts';
import { type Ingest, nodeIdOf, NOW_MS, startIngest, typed, write } from './ingest-support.ts';

function array(dataType: DataType, value: unknown): { value: Variant } {
  return { value: new Variant({ dataType, arrayType: VariantArrayType.Array, value }) };
}

describe('a tag that is an array', () => {
  let ingest: Ingest;
  let plc: ClientSession;

  before(async () => {
    ingest = await startIngest({
      tags: [
        { name: 'Zones', type: 'Float', length: 4, minimum: -10, maximum: 300, timestamps: { use: 'server' }, readableBy: ['Auditor'] },
        { name: 'Bytes', type: 'Byte', length: 3, timestamps: { use: 'server' } },
        { name: 'Texts', type: 'String', length: 2, timestamps: { use: 'server' } },
        { name: 'Counts', type: 'Int64', length: 2, timestamps: { use: 'source', maxAgeMs: 5000, maxFutureMs: 1000 } },
        { name: 'Flags', type: 'Boolean', length: 16, timestamps: { use: 'server' } },
      ],
    });
    plc = await ingest.as('plc');
  });
  after(() => ingest.stop());
  afterEach(() => {
    ingest.failure = undefined;
    ingest.accepted.length = 0;
    ingest.refused.length = 0;
  });

  const zones = (...values: number[]) => array(DataType.Float, values);

  /** What the module got, in order. */
  const got = (): Record<string, unknown> => Object.fromEntries(ingest.accepted.map(({ tag, value }) => [tag, value?.value]));

  async function refuses(tag: string, value: DataValueOptions, status: string, of: readonly number[], indexRange?: string): Promise<void> {
    assert.equal((await write(plc, tag, value, indexRange)).name, status);
    assert.deepEqual(ingest.accepted, []);
    assert.deepEqual(
      ingest.refused.map((each) => each.tag),
      of.map((index) => `${tag}[${index}]`),
    );
    ingest.refused.length = 0;
  }

  test('stands there with its rank and length', async () => {
    const nodeId = await nodeIdOf(plc, tagId('Zones'));
    const attribute = async (attributeId: AttributeIds): Promise<unknown> => (await plc.read({ nodeId, attributeId })).value.value;
    assert.equal(await attribute(AttributeIds.ValueRank), 1);
    assert.deepEqual([...((await attribute(AttributeIds.ArrayDimensions)) as number[])], [4]);
    assert.equal(String(await attribute(AttributeIds.DataType)), 'ns=0;i=10');
  });

  test('takes a whole array, value alone, as one reading of each element', async () => {
    assert.equal((await write(plc, 'Zones', zones(1, 2, 3, 4))).name, 'Good');
    assert.deepEqual(got(), { 'Zones[0]': 1, 'Zones[1]': 2, 'Zones[2]': 3, 'Zones[3]': 4 });
    assert.ok(ingest.accepted.every(({ status, sourceMs, acceptedMs }) => status === 0 && sourceMs === NOW_MS && acceptedMs === NOW_MS));
  });

  test('takes arrays of every kind that a PLC has', async () => {
    assert.equal((await write(plc, 'Texts', array(DataType.String, ['a', 'ü']))).name, 'Good');
    assert.equal((await write(plc, 'Bytes', array(DataType.Byte, [1, 2, 3]))).name, 'Good');
    assert.equal(
      (
        await write(
          plc,
          'Flags',
          array(
            DataType.Boolean,
            Array.from({ length: 16 }, (_, bit) => bit % 2 === 0),
          ),
        )
      ).name,
      'Good',
    );
    const counts = {
      ...array(DataType.Int64, [
        [0, 5],
        [0xffffffff, 0xffffffff],
      ]),
      sourceTimestamp: new Date(NOW_MS - 1),
    };
    assert.equal((await write(plc, 'Counts', counts)).name, 'Good');
    const { 'Texts[1]': text, 'Bytes[2]': byte, 'Flags[15]': flag, 'Counts[1]': count } = got();
    assert.deepEqual([text, byte, flag, count], ['ü', 3, false, -1n]);
    assert.equal(ingest.accepted.at(-1)?.sourceMs, NOW_MS - 1);
  });

  test('takes a ByteString for an array of Byte', async () => {
    assert.equal((await write(plc, 'Bytes', typed(DataType.ByteString, Buffer.from([7, 8, 9])))).name, 'Good');
    assert.deepEqual(got(), { 'Bytes[0]': 7, 'Bytes[1]': 8, 'Bytes[2]': 9 });
  });

  test('takes a Bad status without values as that of every element', async () => {
    const bad = { ...typed(DataType.Null, null), statusCode: StatusCodes.BadSensorFailure };
    assert.equal((await write(plc, 'Bytes', bad)).name, 'Good');
    assert.deepEqual(
      ingest.accepted.map(({ value, status }) => [value, status]),
      Array.from({ length: 3 }, () => [undefined, StatusCodes.BadSensorFailure.value]),
    );
  });

  test('is taken whole or not at all', async () => {
    await refuses('Zones', zones(1, 2, 301, 4), 'BadOutOfRange', [0, 1, 2, 3]);
    await refuses('Zones', zones(1, 2, Number.NaN, 4), 'BadOutOfRange', [0, 1, 2, 3]);
    await refuses(
      'Counts',
      {
        ...array(DataType.Int64, [
          [0, 1],
          [0, 2],
        ]),
        sourceTimestamp: new Date(NOW_MS + 9999),
      },
      'BadInvalidTimestamp',
      [0, 1],
    );
    await refuses('Texts', array(DataType.String, ['a', null]), 'BadTypeMismatch', [0, 1]);
  });

  test('refuses another length, another type, one value, a matrix', async () => {
    await refuses('Zones', zones(1, 2, 3), 'BadTypeMismatch', [0, 1, 2, 3]);
    await refuses('Zones', zones(1, 2, 3, 4, 5), 'BadTypeMismatch', [0, 1, 2, 3]);
    await refuses('Zones', zones(), 'BadTypeMismatch', [0, 1, 2, 3]);
    await refuses('Zones', array(DataType.Double, [1, 2, 3, 4]), 'BadTypeMismatch', [0, 1, 2, 3]);
    await refuses('Zones', typed(DataType.Float, 1), 'BadTypeMismatch', [0, 1, 2, 3]);
    await refuses('Zones', typed(DataType.Null, null), 'BadTypeMismatch', [0, 1, 2, 3]);
    const matrix = new Variant({ dataType: DataType.Float, arrayType: VariantArrayType.Matrix, dimensions: [2, 2], value: [1, 2, 3, 4] });
    await refuses('Zones', { value: matrix }, 'BadTypeMismatch', [0, 1, 2, 3]);
  });

  test('takes a part of it as readings of those elements alone', async () => {
    assert.equal((await write(plc, 'Zones', zones(7, 8), '1:2')).name, 'Good');
    assert.deepEqual(got(), { 'Zones[1]': 7, 'Zones[2]': 8 });
    ingest.accepted.length = 0;
    assert.equal((await write(plc, 'Zones', zones(9), '3')).name, 'Good');
    assert.equal((await write(plc, 'Zones', typed(DataType.Float, 6), '0')).name, 'Good');
    assert.deepEqual(got(), { 'Zones[3]': 9, 'Zones[0]': 6 });
  });

  test('takes an empty index range as none', async () => {
    assert.equal((await write(plc, 'Zones', zones(5, 6, 7, 8), '')).name, 'Good');
    assert.deepEqual(got(), { 'Zones[0]': 5, 'Zones[1]': 6, 'Zones[2]': 7, 'Zones[3]': 8 });
  });

  test('refuses a part that it does not have, or that the values do not fit', async () => {
    const all = [0, 1, 2, 3];
    await refuses('Zones', zones(7), 'BadIndexRangeNoData', all, '4');
    await refuses('Zones', zones(7, 8), 'BadIndexRangeNoData', all, '3:4');
    await refuses('Zones', zones(7, 8), 'BadIndexRangeNoData', all, '0:1,0:1');
    await refuses('Zones', zones(7, 8), 'BadIndexRangeInvalid', all, '2:1');
    for (const half of [':', '1:', ':1']) {
      await refuses('Zones', zones(7, 8), 'BadIndexRangeInvalid', all, half);
      const bad = { ...typed(DataType.Null, null), statusCode: StatusCodes.BadSensorFailure };
      await refuses('Zones', bad, 'BadIndexRangeInvalid', all, half);
    }
    await refuses('Zones', zones(7, 8), 'BadIndexRangeDataMismatch', [1], '1');
    await refuses('Zones', zones(7), 'BadIndexRangeDataMismatch', [1, 2], '1:2');
    await refuses('Zones', zones(7, 301), 'BadOutOfRange', [1, 2], '1:2');
    await refuses('Zones', typed(DataType.Double, 1), 'BadTypeMismatch', [1], '1');
  });

  test('answers what the module answers', async () => {
    ingest.failure = new UnavailableError('FULL', 'no room');
    await refuses('Zones', zones(1, 2, 3, 4), 'BadResourceUnavailable', [0, 1, 2, 3]);
  });

  test('shows how writing goes with all elements together', async () => {
    const before = ingest.server.tagStatus('Zones');
    await write(plc, 'Zones', zones(1, 2, 3, 4));
    await write(plc, 'Zones', zones(1, 2));
    const { accepted, refused, lastStatus } = ingest.server.tagStatus('Zones');
    assert.deepEqual([accepted - before.accepted, refused - before.refused], [4, 4]);
    assert.equal(lastStatus, StatusCodes.BadTypeMismatch.value);
  });

  test('shows whoever may read it all elements, once each has a value in this interval', async () => {
    const auditor = await ingest.as('auditor');
    const read = async () => auditor.read({ nodeId: await nodeIdOf(auditor, tagId('Zones')) });
    ingest.clock.ms += 1000;
    await write(plc, 'Zones', zones(1), '0');
    assert.equal((await read()).statusCode.name, 'BadWaitingForInitialData');
    await write(plc, 'Zones', zones(2, 3, 4), '1:3');
    assert.deepEqual([...((await read()).value.value as Float32Array)], [1, 2, 3, 4]);
    ingest.clock.ms += 1000;
    assert.equal((await read()).statusCode.name, 'BadWaitingForInitialData');
    ingest.clock.ms = NOW_MS;
  });

  test('is fed whole or by element', async () => {
    const four = [1, 2, 3, 4].map((value) => ({ type: 'Float', value }) as const);
    assert.equal(await ingest.server.feedArray('Zones', { values: four, status: 0, sourceMs: undefined }), 0);
    assert.equal(await ingest.server.feed('Zones[2]', { value: { type: 'Float', value: 5 }, status: 0, sourceMs: undefined }), 0);
    assert.deepEqual(got(), { 'Zones[0]': 1, 'Zones[1]': 2, 'Zones[2]': 5, 'Zones[3]': 4 });
    assert.equal(await ingest.server.feed('Zones', { value: four[0], status: 0, sourceMs: undefined }), StatusCodes.BadTypeMismatch.value);
    assert.throws(() => ingest.server.feedArray('Nothing', { values: four, status: 0, sourceMs: undefined }), { code: 'UNKNOWN_TAG' });
  });
});
