import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, test } from 'node:test';
import { StatusCodes } from 'node-opcua';
import { type LinkState, type PlcGap, type PlcReading, PlcSubscription, type PlcSubscriptionOptions } from '../../src/client/index.ts';
import { hasCode } from '../../src/core/index.ts';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { PlcServer, type PlcVariable } from '../support/plc-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';
import { until } from '../support/until.ts';

const VARIABLES: readonly PlcVariable[] = [
  { name: 'count', type: 'Int32', value: 0 },
  { name: 'speed', type: 'Double', value: 0 },
];

/** Everything that a subscription told, in order. */
class Log {
  readonly readings: PlcReading[] = [];
  readonly gaps: PlcGap[] = [];
  readonly refused: { tag: string; reason: Error }[] = [];
  readonly states: LinkState[] = [];
  readonly order: string[] = [];

  readonly hooks = {
    reading: (reading: PlcReading) => {
      this.readings.push(reading);
      this.order.push(`${reading.tag}=${String(reading.value?.value)}`);
    },
    gap: (gap: PlcGap) => {
      this.gaps.push(gap);
      this.order.push(`gap ${gap.reason}`);
    },
    refused: (tag: string, reason: Error) => this.refused.push({ tag, reason }),
    state: (state: LinkState) => this.states.push(state),
  };

  values(tag: string): unknown[] {
    return this.readings.filter((reading) => reading.tag === tag).map((reading) => reading.value?.value);
  }
}

describe('following the variables of a PLC', () => {
  let identity: ApplicationIdentity;
  let client: ApplicationIdentity;
  let server: PlcServer;
  let proxy: TcpProxy;
  let subscription: PlcSubscription;
  let log: Log;

  before(async () => {
    [identity, client] = await Promise.all([testIdentity('plc'), testIdentity('client')]);
  });

  const startServer = (port = 0, namespaces: readonly string[] = []) =>
    PlcServer.start({ identity, clients: [client.certificate], passwords: { module: 'secret' }, variables: VARIABLES, port, namespaces });

  function follow(overrides: Partial<PlcSubscriptionOptions> = {}): PlcSubscription {
    log = new Log();
    subscription = new PlcSubscription(
      {
        endpointUrl: `opc.tcp://localhost:${proxy.port}`,
        identity: client,
        trust: trusting(identity.certificate),
        user: { kind: 'password', userName: 'module', password: 'secret' },
        tags: VARIABLES.map(({ name }) => ({ tag: name, nodeId: PlcServer.nodeId(name) })),
        publishingMs: 50,
        ...overrides,
      },
      log.hooks,
    );
    return subscription;
  }

  beforeEach(async () => {
    server = await startServer();
    proxy = await TcpProxy.start(server.port);
  });
  afterEach(async () => {
    await subscription.stop();
    await proxy.stop();
    await server.stop();
  });

  test('every change arrives, in order, with the time that the PLC gave', async () => {
    await follow().start();
    for (let i = 1; i <= 50; i++) server.set('count', { type: 'Int32', value: i }, 1_700_000_000_000 + i);
    await until('50 readings', () => log.values('count').includes(50));
    assert.deepEqual(log.values('count'), [0, ...Array.from({ length: 50 }, (_, i) => i + 1)]);
    const counts = log.readings.filter((reading) => reading.tag === 'count');
    assert.deepEqual(counts.at(-1), { tag: 'count', value: { type: 'Int32', value: 50 }, status: 0, sourceMs: 1_700_000_000_050 });
    assert.deepEqual(log.gaps, []);
  });

  test('an unchanged value with a new time is a reading of its own', async () => {
    await follow().start();
    server.set('count', { type: 'Int32', value: 0 }, 1_700_000_000_001);
    server.set('count', { type: 'Int32', value: 0 }, 1_700_000_000_002);
    await until('both readings', () => log.values('count').length === 3);
  });

  test('a bad status arrives with the value beside it', async () => {
    await follow().start();
    server.set('speed', { type: 'Double', value: 3 }, 1_700_000_000_001, StatusCodes.BadSensorFailure);
    await until('the reading', () => log.readings.some((reading) => reading.tag === 'speed' && reading.status === 0x808c0000));
  });

  test('more changes than the queue holds are told as a gap of that tag', async () => {
    await follow({ tags: [{ tag: 'count', nodeId: PlcServer.nodeId('count'), queueSize: 5 }], publishingMs: 500 }).start();
    await until('the first value', () => log.readings.length === 1);
    for (let i = 1; i <= 50; i++) server.set('count', { type: 'Int32', value: i }, 1_700_000_000_000 + i);
    await until('the last value', () => log.values('count').includes(50));
    assert.ok(log.gaps.length > 0);
    assert.ok(log.gaps.every((gap) => gap.reason === 'overflow' && gap.tag === 'count'));
    assert.ok(
      log.readings.every((reading) => reading.status === 0),
      'the overflow bit is no part of the status',
    );
  });

  /** Values of before, during and after the break arrive as if there had been none. */
  async function nothingIsLostIn(theBreak: () => Promise<void>): Promise<void> {
    await follow().start();
    await until('the first values', () => log.readings.length === 2);
    await proxy.cut();
    await theBreak();
    await proxy.restore();
    await until('it goes on', () => log.states.at(-1)?.state === 'connected');
    server.set('count', { type: 'Int32', value: 21 });
    await until('the value after the break', () => log.values('count').includes(21));
    const last = log.states.at(-1);
    assert.ok(last?.state === 'connected' && last.resumed);
    assert.deepEqual(
      log.values('count'),
      Array.from({ length: 22 }, (_, i) => i),
    );
    assert.deepEqual(log.gaps, []);
  }

  const countToTwenty = (): void => {
    for (let i = 1; i <= 20; i++) server.set('count', { type: 'Int32', value: i });
  };
  const lossIsNoticed = (): Promise<void> => until('the loss is noticed', () => log.states.at(-1)?.state === 'disconnected');

  test('a short break of the network loses nothing', () =>
    nothingIsLostIn(async () => {
      countToTwenty();
      await lossIsNoticed();
    }));

  test('with a deadband, what changes by less is no reading, and a new time alone is none either', async () => {
    const tags = [{ tag: 'speed', nodeId: PlcServer.nodeId('speed'), deadband: { kind: 'absolute', value: 5 } }] as const;
    await follow({ tags }).start();
    await until('the first value', () => log.readings.length === 1);
    const steps = [4, 5, 5, 6, 11, -3];
    for (const [i, value] of steps.entries()) server.set('speed', { type: 'Double', value }, 1_700_000_000_000 + i);
    await until('the last value', () => log.values('speed').includes(-3));
    assert.deepEqual(log.values('speed'), [0, 6, -3]);
  });

  test('a deadband that the server can not apply is told at the start', async () => {
    const tags = [{ tag: 'speed', nodeId: PlcServer.nodeId('speed'), deadband: { kind: 'percent', value: 5 } }] as const;
    await assert.rejects(follow({ tags }).start(), { code: 'NODE_REFUSED', kind: 'Rejected' });
  });

  test('a server that ended the session, but kept the subscription, has it transferred, and nothing is lost', () =>
    nothingIsLostIn(async () => {
      await lossIsNoticed();
      server.endSessions();
      countToTwenty();
    }));

  test('what was sent into a broken connection and can not be sent again is told as a gap, before the values after it', async () => {
    await follow().start();
    await until('the first values', () => log.readings.length === 2);
    proxy.freeze();
    for (let i = 1; i <= 20; i++) server.set('count', { type: 'Int32', value: i });
    await until('it is sent', () => server.sentMessages > 0);
    await proxy.cut();
    await until('the loss is noticed', () => log.states.at(-1)?.state === 'disconnected');
    server.forgetSent();
    await proxy.restore();
    await until('it goes on', () => log.states.at(-1)?.state === 'connected');
    server.set('count', { type: 'Int32', value: 21 });
    await until('the value after the break', () => log.values('count').includes(21));
    assert.deepEqual(
      log.gaps.map(({ reason }) => reason),
      ['connection'],
    );
    assert.ok(log.values('count').length < 22, 'some are lost, or the test shows nothing');
    const places = ['count=0', 'gap connection', 'count=21'].map((each) => log.order.indexOf(each));
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    );
    const [gap] = log.gaps;
    assert.ok(gap !== undefined && gap.fromMs <= gap.toMs);
  });

  test('a restart of the server is told as a gap, before the first value after it', async () => {
    await follow({ retryMostMs: 500 }).start();
    await until('the first values', () => log.readings.length === 2);
    const beforeMs = Date.now();
    const { port } = server;
    await server.stop();
    // Another namespace table: the index of our namespace is a different one now.
    server = await startServer(port, ['urn:test:other']);
    await until('connected again', () => log.gaps.length > 0 && log.states.at(-1)?.state === 'connected');
    server.set('count', { type: 'Int32', value: 77 });
    await until('a value again', () => log.values('count').includes(77));
    const [gap, ...more] = log.gaps;
    assert.ok(gap !== undefined && more.length === 0);
    assert.equal(gap.reason, 'connection');
    assert.ok(gap.fromMs <= beforeMs + 2_500 && gap.toMs >= beforeMs && gap.fromMs < gap.toMs);
    assert.deepEqual(log.order.slice(0, 3).sort(), ['count=0', 'gap connection', 'speed=0']);
    assert.equal(log.order.indexOf('gap connection'), 2);
  });

  test('a server that hangs is noticed, and what follows is a gap', async () => {
    await follow({ requestTimeoutMs: 1_000, retryMostMs: 500, resumeWithinMs: 2_000 }).start();
    await until('the first values', () => log.readings.length === 2);
    proxy.freeze();
    await until('the silence is noticed', () => log.states.at(-1)?.state !== 'connected');
    await proxy.restore();
    await until('connected again', () => log.states.at(-1)?.state === 'connected');
    server.set('count', { type: 'Int32', value: 5 });
    await until('a value again', () => log.values('count').includes(5));
    assert.deepEqual(
      log.gaps.map((gap) => gap.reason),
      ['connection'],
    );
  });

  test('a variable with an array is no reading, and is told', async () => {
    await follow({ tags: [{ tag: 'array', nodeId: 'i=2255' }] }).start();
    await until('the refusal', () => log.refused.length > 0);
    assert.equal(log.refused[0]?.tag, 'array');
    assert.ok(hasCode(log.refused[0]?.reason, 'NOT_SCALAR'));
    assert.deepEqual(log.readings, []);
  });

  test('it waits for a server that is not there yet', async () => {
    await proxy.cut();
    const started = follow({ retryFirstMs: 50, retryMostMs: 100 }).startPatiently();
    await until('a failed attempt', () => log.states.some((state) => state.state === 'waiting'));
    await proxy.restore();
    await started;
    await until('the first values', () => log.readings.length === 2);
    assert.deepEqual(log.gaps, [], 'before the first connection there is nothing to miss');
  });

  test('stopping ends the wait for a server that never comes', async () => {
    await proxy.cut();
    const started = follow({ retryFirstMs: 60_000 }).startPatiently();
    await until('a failed attempt', () => log.states.some((state) => state.state === 'waiting'));
    await subscription.stop();
    await started;
  });

  for (const [nodeId, code] of [
    ['ns=2;s=count', 'BAD_NODE_ID'],
    ['nsu=urn:nowhere;s=count', 'NAMESPACE_UNKNOWN'],
    [PlcServer.nodeId('nothing'), 'NODE_REFUSED'],
  ] as const) {
    test(`the node id ${nodeId} is refused with ${code}`, async () => {
      await assert.rejects(follow({ tags: [{ tag: 'count', nodeId }] }).start(), { code, kind: 'Rejected' });
    });
  }
});
