import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type ClearedCondition, type LinkState, ModuleConnection, type ModuleConnectionOptions } from '../../src/client/index.ts';
import { type Json, RejectedError, UnavailableError } from '../../src/core/index.ts';
import { type ApplicationIdentity, type ClearedServer, startClearedServer } from '../../src/server/index.ts';
import { thumbprintOf } from '../../src/server/identity/index.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';
import { until } from '../support/until.ts';

const CHANNEL = 'acme';
const STREAM = {
  name: 'maintenance',
  title: { en: 'Maintenance', de: 'Wartung' },
  conditions: [
    { code: 0, text: { en: 'Good', de: 'Gut' }, importance: 1 },
    { code: 1, text: { en: 'Imminent', de: 'Fällig' }, importance: 800 },
  ],
};

/** What the owner's module would do behind its cleared server. */
class Module {
  readonly received: Json[] = [];
  readonly countersigned: Json[] = [];
  answer: (n: number) => Promise<Json | undefined> = async () => undefined;

  readonly hooks = {
    fetchDelivery: (n: number) => this.answer(n),
    getEvidence: (n: number) => this.answer(n),
    epochProposal: (k: number) => this.answer(k),
    acknowledge: async (receipt: Json) => void this.received.push(receipt),
    countersigned: async (envelope: Json) => void this.countersigned.push(envelope),
    refusedCertificate: () => undefined,
  };
}

describe("the receiver's connection to a cleared server", () => {
  let owner: ApplicationIdentity;
  let receiver: ApplicationIdentity;
  let user: ApplicationIdentity;
  let server: ClearedServer;
  let module: Module;
  let connection: ModuleConnection;
  let conditions: ClearedCondition[];
  let batches: number[];
  let states: LinkState[];

  before(async () => {
    [owner, receiver, user] = (await Promise.all(['owner', 'receiver', 'user'].map(testIdentity))) as [
      ApplicationIdentity,
      ApplicationIdentity,
      ApplicationIdentity,
    ];
    server = await startServer(0);
  });
  after(() => server.stop());

  const startServer = (port: number) =>
    startClearedServer(
      {
        host: '127.0.0.1',
        port,
        hostname: 'localhost',
        identity: owner,
        trusted: [receiver.certificate],
        users: [{ name: 'maker', roles: ['Manufacturer'], certificate: thumbprintOf(user.certificate) }],
        machine: { name: 'Press1', manufacturer: 'Acme', serialNumber: '4711' },
        channel: { name: CHANNEL, id: 'A'.repeat(43), ledgerId: 'B'.repeat(43), agreementVersion: 1, intervalMs: 1000 },
        streams: [STREAM],
      },
      {
        fetchDelivery: (n) => module.hooks.fetchDelivery(n),
        getEvidence: (n) => module.hooks.getEvidence(n),
        epochProposal: (k) => module.hooks.epochProposal(k),
        history: () => Promise.resolve([]),
        acknowledge: (receipt) => module.hooks.acknowledge(receipt),
        countersigned: (envelope) => module.hooks.countersigned(envelope),
        refusedCertificate: () => undefined,
      },
    );

  function connect(overrides: Partial<ModuleConnectionOptions> = {}): ModuleConnection {
    connection = new ModuleConnection(
      {
        endpointUrl: server.endpointUrl,
        identity: receiver,
        trust: trusting(owner.certificate),
        user: { kind: 'certificate', certificate: user.certificate, privateKeyPem: user.privateKeyPem },
        channel: CHANNEL,
        streams: [STREAM.name],
        retryMostMs: 300,
        ...overrides,
      },
      {
        condition: (condition) => conditions.push(condition),
        batch: (n) => batches.push(n),
        state: (state) => states.push(state),
      },
    );
    return connection;
  }

  beforeEach(() => {
    module = new Module();
    conditions = [];
    batches = [];
    states = [];
  });
  afterEach(() => connection.close());

  const publish = (code: number, gridMs: number, batch: number): void =>
    server.publish([{ stream: 0, code, gridMs, nextMs: gridMs + 1000, batch, publishAtMs: Date.now() }]);

  test('conditions and batch numbers arrive, unchanged conditions too', async () => {
    await connect().connect();
    const base = Math.floor(Date.now() / 1000) * 1000;
    for (const [n, code] of [1, 1, 0].entries()) {
      publish(code, base + n * 1000, 10 + n);
      await until(`batch ${10 + n}`, () => batches.includes(10 + n) && conditions.some(({ gridMs }) => gridMs === base + n * 1000));
    }
    const good = conditions.filter((condition) => condition.status === 0);
    assert.deepEqual(
      good.map(({ stream, code, gridMs }) => ({ stream, code, gridMs })),
      [1, 1, 0].map((code, n) => ({ stream: STREAM.name, code, gridMs: base + n * 1000 })),
    );
  });

  test('the greatest protocol version that both speak is used', async () => {
    await connect({ protocolVersions: [0, 1, 7] }).connect();
    assert.equal(connection.protocolVersion, 0);
  });

  test('without a common protocol version there is no connection, and one sentence has both lists', async () => {
    const message = `${server.endpointUrl} speaks protocol version 0, this module versions 1, 2: they cannot work together until the older one is updated.`;
    await assert.rejects(connect({ protocolVersions: [1, 2] }).connect(), { code: 'NO_COMMON_VERSION', message });
    void connect({ protocolVersions: [3] }).connectPatiently();
    await until('the refusal is told', () => states.length > 0);
    const [first] = states;
    assert.ok(first?.state === 'waiting');
    assert.match(first.error.message, /protocol version 0, this module version 3/);
    assert.deepEqual([connection.connected, connection.protocolVersion], [false, undefined]);
  });

  test('a delivery, evidence and an epoch proposal are fetched by number', async () => {
    await connect().connect();
    module.answer = async (n) => ({ number: n, list: ['x'] });
    assert.deepEqual(await connection.fetchDelivery(7), { number: 7, list: ['x'] });
    assert.deepEqual(await connection.getEvidence(8), { number: 8, list: ['x'] });
    assert.deepEqual(await connection.fetchEpochRecord(0), { number: 0, list: ['x'] });
  });

  test('what the module has not got is undefined', async () => {
    await connect().connect();
    assert.equal(await connection.fetchDelivery(99), undefined);
    assert.equal(await connection.getEvidence(99), undefined);
    assert.equal(await connection.fetchEpochRecord(99), undefined);
  });

  test('a delivery of 64 streams fits', async () => {
    await connect().connect();
    const big = { text: 'x'.repeat(200_000) };
    module.answer = async () => big;
    assert.deepEqual(await connection.fetchDelivery(1), big);
  });

  test('a receipt and a countersigned epoch record are handed over', async () => {
    await connect().connect();
    await connection.acknowledge({ payload: 'receipt' });
    await connection.countersignEpochRecord({ payload: 'epoch' });
    assert.deepEqual(module.received, [{ payload: 'receipt' }]);
    assert.deepEqual(module.countersigned, [{ payload: 'epoch' }]);
  });

  test('what the module rejects is Rejected, and what it cannot answer now is Unavailable', async () => {
    await connect().connect();
    module.answer = async () => {
      throw new RejectedError('BAD_SHAPE', 'no');
    };
    await assert.rejects(connection.fetchDelivery(1), { code: 'CALL_REFUSED', kind: 'Rejected' });
    module.answer = async () => {
      throw new UnavailableError('BUSY', 'later');
    };
    await assert.rejects(connection.fetchDelivery(1), { code: 'CALL_REFUSED', kind: 'Unavailable' });
  });

  test('an answer that takes too long is given up', async () => {
    await connect({ requestTimeoutMs: 500 }).connect();
    module.answer = () => new Promise(() => undefined);
    await assert.rejects(connection.fetchDelivery(1), { code: 'TIMED_OUT', kind: 'Unavailable' });
  });

  test('a stream that the server does not have is refused', async () => {
    await assert.rejects(connect({ streams: ['other'] }).connect(), { code: 'NODE_REFUSED' });
  });

  test('without a connection a call is Unavailable', async () => {
    await assert.rejects(connect().fetchDelivery(1), { code: 'NOT_CONNECTED', kind: 'Unavailable' });
  });

  test('after a restart of the server it connects again by itself, and says that it was not resumed', async () => {
    await connect().connect();
    const port = Number(new URL(server.endpointUrl.replace('opc.tcp', 'http')).port);
    await server.stop();
    await until('the loss is noticed', () => !connection.connected);
    await assert.rejects(connection.fetchDelivery(1), { code: 'NOT_CONNECTED' });
    server = await startServer(port);
    await until('connected again', () => connection.connected);
    const last = states.at(-1);
    assert.ok(last?.state === 'connected' && !last.resumed);
    publish(1, 1_700_000_000_000, 5);
    await until('a condition again', () => conditions.some(({ gridMs }) => gridMs === 1_700_000_000_000));
    assert.equal(await connection.fetchDelivery(1), undefined);
  });
});
