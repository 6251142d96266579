import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DataType, StatusCodes } from 'node-opcua';
import { type Ingest, startIngest, typed, write } from './ingest-support.ts';

describe('first', () => {
  let ingest: Ingest;
  before(async () => {
    ingest = await startIngest({ tags: [{ name: 'cycles', type: 'UInt32', timestamps: { use: 'server' } }] });
  });
  after(() => ingest.stop());

  test('a PLC writes', async () => {
    const plc = await ingest.as('plc');
    const status = await write(plc, 'cycles', typed(DataType.UInt32, 5367));
    assert.equal(status.name, StatusCodes.Good.name);
    console.log(ingest.accepted);
    const x = await plc.browse('i=85');
    console.log(x.references?.map(String).length);
  });
});
