import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { PlcScene } from '../client/plc-scene.ts';

describe('following the variables of a PLC over breaks', () => {
  let scene: PlcScene;
  beforeEach(async () => {
    scene = await PlcScene.start();
  });
  afterEach(() => scene.end());

  /** Values of before, during and after the break arrive as if there had been none. */
  async function nothingIsLostIn(theBreak: () => Promise<void>): Promise<void> {
    await scene.follow().start();
    await until('the first values', () => scene.log.readings.length === 2);
    await scene.proxy.cut();
    await theBreak();
    await scene.proxy.restore();
    await until('it goes on', () => scene.log.states.at(-1)?.state === 'connected');
    scene.server.set('count', { type: 'Int32', value: 21 });
    await until('the value after the break', () => scene.log.values('count').includes(21));
    const last = scene.log.states.at(-1);
    assert.ok(last?.state === 'connected' && last.resumed);
    assert.deepEqual(
      scene.log.values('count'),
      Array.from({ length: 22 }, (_, i) => i),
    );
    assert.deepEqual(scene.log.gaps, []);
  }

  const countToTwenty = (): void => {
    for (let i = 1; i <= 20; i++) scene.server.set('count', { type: 'Int32', value: i });
  };
  const lossIsNoticed = (): Promise<void> => until('the loss is noticed', () => scene.log.states.at(-1)?.state === 'disconnected');

  test('a short break of the network loses nothing', () =>
    nothingIsLostIn(async () => {
      countToTwenty();
      await lossIsNoticed();
    }));

  test('a server that ended the session, but kept the subscription, has it transferred, and nothing is lost', () =>
    nothingIsLostIn(async () => {
      await lossIsNoticed();
      scene.server.endSessions();
      countToTwenty();
    }));

  test('what was sent into a broken connection and can not be sent again is told as a gap, before the values after it', async () => {
    await scene.follow().start();
    await until('the first values', () => scene.log.readings.length === 2);
    scene.proxy.freeze();
    const before = scene.server.newestSent;
    for (let i = 1; i <= 20; i++) scene.server.set('count', { type: 'Int32', value: i });
    await until('it is sent', () => scene.server.newestSent > before);
    await scene.proxy.cut();
    await until('the loss is noticed', () => scene.log.states.at(-1)?.state === 'disconnected');
    scene.server.forgetSent();
    await scene.proxy.restore();
    await until('it goes on', () => scene.log.states.at(-1)?.state === 'connected');
    scene.server.set('count', { type: 'Int32', value: 21 });
    await until('the value after the break', () => scene.log.values('count').includes(21));
    assert.deepEqual(
      scene.log.gaps.map(({ reason }) => reason),
      ['connection'],
    );
    assert.ok(scene.log.values('count').length < 22, 'some are lost, or the test shows nothing');
    const places = ['count=0', 'gap connection', 'count=21'].map((each) => scene.log.order.indexOf(each));
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
    const [gap] = scene.log.gaps;
    assert.ok(gap !== undefined && gap.fromMs <= gap.toMs);
  });

  test('a restart of the server is told as a gap, before the first value after it', async () => {
    await scene.follow({ retryMostMs: 500 }).start();
    await until('the first values', () => scene.log.readings.length === 2);
    const beforeMs = Date.now();
    const { port } = scene.server;
    await scene.server.stop();
    // Another namespace table: the index of our namespace is a different one now.
    await scene.replaceServer(port, ['urn:test:other']);
    await until('connected again', () => scene.log.gaps.length > 0 && scene.log.states.at(-1)?.state === 'connected');
    scene.server.set('count', { type: 'Int32', value: 77 });
    await until('a value again', () => scene.log.values('count').includes(77));
    const [gap, ...more] = scene.log.gaps;
    assert.ok(gap !== undefined && more.length === 0);
    assert.equal(gap.reason, 'connection');
    assert.ok(gap.fromMs <= beforeMs + 2_500 && gap.toMs >= beforeMs && gap.fromMs < gap.toMs);
    assert.deepEqual(scene.log.order.slice(0, 3).sort(), ['count=0', 'gap connection', 'speed=0']);
    assert.equal(scene.log.order.indexOf('gap connection'), 2);
  });

  test('a server that hangs is noticed, and what follows is a gap', async () => {
    await scene.follow({ requestTimeoutMs: 1_000, retryMostMs: 500, resumeWithinMs: 2_000 }).start();
    await until('the first values', () => scene.log.readings.length === 2);
    scene.proxy.freeze();
    await until('the silence is noticed', () => scene.log.states.at(-1)?.state !== 'connected');
    await scene.proxy.restore();
    await until('connected again', () => scene.log.states.at(-1)?.state === 'connected');
    scene.server.set('count', { type: 'Int32', value: 5 });
    await until('a value again', () => scene.log.values('count').includes(5));
    assert.deepEqual(
      scene.log.gaps.map((gap) => gap.reason),
      ['connection'],
    );
  });
});
