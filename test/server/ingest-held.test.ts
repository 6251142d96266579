import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ClientSession, DataType } from 'node-opcua';
import { tagId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Ingest, nodeIdOf, startIngest, typed, write } from './ingest-support.ts';

const INTERVAL_MS = 60_000;

describe('reading back what was written', () => {
  let ingest: Ingest;
  let plc: ClientSession;
  let operator: ClientSession;

  before(async () => {
    ingest = await startIngest({
      tags: [
        { name: 'closed', type: 'Int32', timestamps: { use: 'server' } },
        { name: 'echo', type: 'Int32', timestamps: { use: 'server' }, readableBy: ['Plc'] },
      ],
      config: { channels: [{ ...CHANNEL, intervalMs: INTERVAL_MS }] },
    });
    plc = await ingest.as('plc');
    operator = await ingest.as('operator');
  });
  after(() => ingest.stop());
  beforeEach(() => (ingest.clock.ms += INTERVAL_MS));

  async function read(session: ClientSession, tag: string): Promise<[status: string, value: unknown]> {
    const { statusCode, value } = await session.read({ nodeId: await nodeIdOf(session, tagId(tag)) });
    return [statusCode.name, value.value];
  }

  test('is off by default', async () => {
    await write(plc, 'closed', typed(DataType.Int32, 5));
    assert.deepEqual(await read(plc, 'closed'), ['BadNotReadable', null]);
  });

  test('gives a PLC the newest value of the interval, where the tag allows it', async () => {
    await write(plc, 'echo', typed(DataType.Int32, 5));
    await write(plc, 'echo', typed(DataType.Int32, 6));
    assert.deepEqual(await read(plc, 'echo'), ['Good', 6]);
    assert.deepEqual(await read(operator, 'echo'), ['BadUserAccessDenied', null]);
  });

  test('waits for data again once the interval is over, as if nothing had been written', async () => {
    assert.deepEqual(await read(plc, 'echo'), ['BadWaitingForInitialData', null]);
    await write(plc, 'echo', typed(DataType.Int32, 7));
    ingest.clock.ms += INTERVAL_MS - 1;
    assert.deepEqual(await read(plc, 'echo'), ['Good', 7]);
    ingest.clock.ms += 1;
    assert.deepEqual(await read(plc, 'echo'), ['BadWaitingForInitialData', null]);
  });

  test('shows nothing of a refused value', async () => {
    assert.equal((await write(plc, 'echo', typed(DataType.Double, 5))).name, 'BadTypeMismatch');
    assert.deepEqual(await read(plc, 'echo'), ['BadWaitingForInitialData', null]);
  });
});
