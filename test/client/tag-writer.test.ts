import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TagWriter } from '../../src/client/index.ts';
import { PlcServer } from '../support/plc-server.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';

describe('writing tags as a PLC does', () => {
  let server: PlcServer;
  let writer: TagWriter;

  before(async () => {
    const [identity, client] = await Promise.all([testIdentity('plc'), testIdentity('client')]);
    server = await PlcServer.start({
      identity,
      clients: [client.certificate],
      passwords: { plc: 'secret' },
      variables: [
        { name: 'count', type: 'Int32', value: 0 },
        { name: 'speed', type: 'Double', value: 0 },
      ],
    });
    writer = new TagWriter({
      endpointUrl: server.endpointUrl,
      identity: client,
      trust: trusting(identity.certificate),
      user: { kind: 'password', userName: 'plc', password: 'secret' },
    });
    await writer.connect();
  });
  after(async () => {
    await writer.close();
    await server.stop();
  });

  test('each value of a batch gets a result of its own', async () => {
    const results = await writer.write([
      { nodeId: PlcServer.nodeId('count'), value: { type: 'Int32', value: 5367 } },
      { nodeId: PlcServer.nodeId('count'), value: { type: 'Double', value: 1 } },
      { nodeId: PlcServer.nodeId('nothing'), value: { type: 'Int32', value: 1 } },
      { nodeId: PlcServer.nodeId('speed'), value: { type: 'Double', value: 1.5 }, sourceMs: Date.now() },
    ]);
    assert.deepEqual(
      results.map(({ accepted, status }) => [accepted, status]),
      [
        [true, 'Good'],
        [false, 'BadTypeMismatch'],
        [false, 'BadNodeIdUnknown'],
        [true, 'Good'],
      ],
    );
    assert.deepEqual(server.get('count'), { type: 'Int32', value: 5367 });
    assert.deepEqual(server.get('speed'), { type: 'Double', value: 1.5 });
  });

  test('no writes, no request', async () => {
    assert.deepEqual(await writer.write([]), []);
  });

  test('a node id that does not hold over restarts refuses the whole batch before anything is sent', async () => {
    await assert.rejects(
      writer.write([
        { nodeId: PlcServer.nodeId('count'), value: { type: 'Int32', value: 1 } },
        { nodeId: 'ns=1;s=count', value: { type: 'Int32', value: 1 } },
      ]),
      { code: 'BAD_NODE_ID' },
    );
    assert.deepEqual(server.get('count'), { type: 'Int32', value: 5367 });
  });
});
