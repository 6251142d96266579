import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { StatusCodes } from 'node-opcua';
import { hasCode } from '../../src/core/index.ts';
import { PlcServer } from '../support/plc-server.ts';
import { until } from '../support/until.ts';
import { PlcScene } from './plc-scene.ts';

describe('following the variables of a PLC', () => {
  let scene: PlcScene;
  beforeEach(async () => {
    scene = await PlcScene.start();
  });
  afterEach(() => scene.end());

  test('every change arrives, in order, with the time that the PLC gave', async () => {
    await scene.follow().start();
    for (let i = 1; i <= 50; i++) scene.server.set('count', { type: 'Int32', value: i }, 1_700_000_000_000 + i);
    await until('50 readings', () => scene.log.values('count').includes(50));
    assert.deepEqual(scene.log.values('count'), [0, ...Array.from({ length: 50 }, (_, i) => i + 1)]);
    const counts = scene.log.readings.filter((reading) => reading.tag === 'count');
    assert.deepEqual(counts.at(-1), { tag: 'count', value: { type: 'Int32', value: 50 }, status: 0, sourceMs: 1_700_000_000_050 });
    assert.deepEqual(scene.log.gaps, []);
  });

  test('an unchanged value with a new time is a reading of its own', async () => {
    await scene.follow().start();
    scene.server.set('count', { type: 'Int32', value: 0 }, 1_700_000_000_001);
    scene.server.set('count', { type: 'Int32', value: 0 }, 1_700_000_000_002);
    await until('both readings', () => scene.log.values('count').length === 3);
  });

  test('a bad status arrives with the value beside it', async () => {
    await scene.follow().start();
    scene.server.set('speed', { type: 'Double', value: 3 }, 1_700_000_000_001, StatusCodes.BadSensorFailure);
    await until('the reading', () => scene.log.readings.some((reading) => reading.tag === 'speed' && reading.status === 0x808c0000));
  });

  test('more changes than the queue holds are told as a gap of that tag', async () => {
    await scene.follow({ tags: [{ tag: 'count', nodeId: PlcServer.nodeId('count'), queueSize: 5 }], publishingMs: 500 }).start();
    await until('the first value', () => scene.log.readings.length === 1);
    for (let i = 1; i <= 50; i++) scene.server.set('count', { type: 'Int32', value: i }, 1_700_000_000_000 + i);
    await until('the last value', () => scene.log.values('count').includes(50));
    assert.ok(scene.log.gaps.length > 0);
    assert.ok(scene.log.gaps.every((gap) => gap.reason === 'overflow' && gap.tag === 'count'));
    assert.ok(
      scene.log.readings.every((reading) => reading.status === 0),
      'the overflow bit is no part of the status',
    );
  });

  test('with a deadband, what changes by less is no reading, and a new time alone is none either', async () => {
    const tags = [{ tag: 'speed', nodeId: PlcServer.nodeId('speed'), deadband: { kind: 'absolute', value: 5 } }] as const;
    await scene.follow({ tags }).start();
    await until('the first value', () => scene.log.readings.length === 1);
    const steps = [4, 5, 5, 6, 11, -3];
    for (const [i, value] of steps.entries()) scene.server.set('speed', { type: 'Double', value }, 1_700_000_000_000 + i);
    await until('the last value', () => scene.log.values('speed').includes(-3));
    assert.deepEqual(scene.log.values('speed'), [0, 6, -3]);
  });

  test('a deadband that the server can not apply is told at the start', async () => {
    const tags = [{ tag: 'speed', nodeId: PlcServer.nodeId('speed'), deadband: { kind: 'percent', value: 5 } }] as const;
    await assert.rejects(scene.follow({ tags }).start(), { code: 'NODE_REFUSED', kind: 'Rejected' });
  });

  test('a variable with an array is no reading, and is told', async () => {
    await scene.follow({ tags: [{ tag: 'array', nodeId: 'i=2255' }] }).start();
    await until('the refusal', () => scene.log.refused.length > 0);
    assert.equal(scene.log.refused[0]?.tag, 'array');
    assert.ok(hasCode(scene.log.refused[0]?.reason, 'NOT_SCALAR'));
    assert.deepEqual(scene.log.readings, []);
  });

  test('it waits for a server that is not there yet', async () => {
    await scene.proxy.cut();
    const started = scene.follow({ retryFirstMs: 50, retryMostMs: 100 }).startPatiently();
    await until('a failed attempt', () => scene.log.states.some((state) => state.state === 'waiting'));
    await scene.proxy.restore();
    await started;
    await until('the first values', () => scene.log.readings.length === 2);
    assert.deepEqual(scene.log.gaps, [], 'before the first connection there is nothing to miss');
  });

  test('stopping ends the wait for a server that never comes', async () => {
    await scene.proxy.cut();
    const started = scene.follow({ retryFirstMs: 60_000 }).startPatiently();
    await until('a failed attempt', () => scene.log.states.some((state) => state.state === 'waiting'));
    await scene.subscription!.stop();
    await started;
  });

  for (const [nodeId, code] of [
    ['ns=2;s=count', 'BAD_NODE_ID'],
    ['nsu=urn:nowhere;s=count', 'NAMESPACE_UNKNOWN'],
    [PlcServer.nodeId('nothing'), 'NODE_REFUSED'],
  ] as const) {
    test(`the node id ${nodeId} is refused with ${code}`, async () => {
      await assert.rejects(scene.follow({ tags: [{ tag: 'count', nodeId }] }).start(), { code, kind: 'Rejected' });
    });
  }
});
