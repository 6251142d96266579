import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  AttributeIds,
  type ClientSession,
  ClientSubscription,
  DataType,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  TimestampsToReturn,
} from 'node-opcua';
import { statusNameOf } from '../../src/client/errors.ts';
import { MaterialTrust, onlyThese, Users } from '../../src/server/identity/index.ts';
import { createSecureServer, type SecureServer } from '../../src/server/secure-server.ts';
import { type Ingest, PASSWORD, startIngest } from './ingest-support.ts';
import { client, identity, passwordUser, until } from './support.ts';

const tags = [{ name: 'blob', type: 'ByteString', maxBytes: 8_000_000, timestamps: { use: 'server' } }] as const;
const USER = passwordUser('operator', PASSWORD);

/** Two sessions at a time, so twice as many subscriptions and a hundred items for each session. */
const SESSIONS = 2;

describe('the limits of a server', () => {
  let on: Ingest;
  before(async () => {
    const endpoint = { port: 0, host: '127.0.0.1', hostname: '127.0.0.1', maxSessions: SESSIONS };
    on = await startIngest({ tags, config: { endpoint } });
  });
  after(() => on.stop());

  /** Runs something in a session of its own. */
  async function inSession<Result>(work: (session: ClientSession) => Promise<Result>, user = USER): Promise<Result> {
    const own = client(on.application, on.own);
    try {
      await own.connect(on.server.endpointUrl);
      const session = await own.createSession(user);
      try {
        return await work(session);
      } finally {
        await session.close().catch(() => undefined);
      }
    } finally {
      await own.disconnect();
    }
  }
  const statusOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'Good', statusNameOf);

  test('one session more is BadTooManySessions, and there is room again when one is closed', async () => {
    const third = (): Promise<string> => statusOf(inSession(async () => undefined));
    await inSession(async () => {
      await inSession(async () => {
        assert.equal(await third(), 'BadTooManySessions');
      });
      assert.equal(await third(), 'Good');
    });
  });

  test('one subscription more is BadTooManySubscriptions', async () => {
    await inSession(async (session) => {
      const made: string[] = [];
      for (let i = 0; i < 5; i++) {
        const ask = {
          requestedPublishingInterval: 1000,
          requestedLifetimeCount: 100,
          requestedMaxKeepAliveCount: 10,
          publishingEnabled: true,
        };
        made.push(await statusOf(session.createSubscription2(ask)));
      }
      assert.deepEqual(made, ['Good', 'Good', 'Good', 'Good', 'BadTooManySubscriptions']);
    });
  });

  test('one monitored item more is BadTooManyMonitoredItems; a queue is as long as the server says, not the client', async () => {
    await inSession(async (session) => {
      const subscription = ClientSubscription.create(session, { publishingEnabled: true, requestedPublishingInterval: 1000 });
      await until('it is there', () => subscription.isActive);
      const items = Array.from({ length: 201 }, () => ({ nodeId: 'i=2258', attributeId: AttributeIds.Value }));
      const group = await subscription.monitorItems(items, { queueSize: 4_000_000_000, samplingInterval: 1000 }, TimestampsToReturn.Both);
      const statuses = group.monitoredItems.map(({ statusCode }) => statusCode.name);
      assert.deepEqual([...new Set(statuses.slice(0, 200)), statuses[200]], ['Good', 'BadTooManyMonitoredItems']);
      assert.equal(group.monitoredItems[0]?.result?.revisedQueueSize, 1000);
      await subscription.terminate();
    });
  });

  test('more operations in a request than told are BadTooManyOperations', async () => {
    await inSession(async (session) => {
      const nodes = (count: number) => Array.from({ length: count }, () => ({ nodeId: 'i=2258', attributeId: AttributeIds.Value }));
      assert.equal((await session.read(nodes(1000))).length, 1000);
      assert.equal(await statusOf(session.read(nodes(1001))), 'BadTooManyOperations');
    });
  });

  test('a message above 4 MiB is refused, and the server goes on', async () => {
    const write = (bytes: number) =>
      inSession(
        (session) =>
          session.write({
            nodeId: 'nsu=urn:dcmb:instance;s=Tags/blob',
            attributeId: AttributeIds.Value,
            value: { value: { dataType: DataType.ByteString, value: Buffer.alloc(bytes) } },
          }),
        passwordUser('operator', PASSWORD),
      );
    await assert.rejects(write(5 * 1024 * 1024));
    await inSession(async (session) => {
      assert.equal((await session.read({ nodeId: 'i=2258' })).statusCode.name, 'Good');
    });
  });

  test('connections that do nothing give way to one that opens a session, and fill no log', async (t) => {
    const printed = t.mock.method(console, 'log', () => undefined);
    const { hostname, port } = new URL(on.server.endpointUrl);
    const idle: Socket[] = Array.from({ length: 60 }, () => connect(Number(port), hostname).on('error', () => undefined));
    await Promise.race([Promise.all(idle.map((socket) => once(socket, 'connect'))), new Promise((resolve) => setTimeout(resolve, 2000))]);
    await inSession(async (session) => {
      assert.equal((await session.read({ nodeId: 'i=2258' })).statusCode.name, 'Good');
    });
    for (const socket of idle) socket.destroy();
    assert.equal(printed.mock.callCount(), 0);
  });
});

describe('a connection', () => {
  let secure: SecureServer;
  let endpointUrl: string;
  before(async () => {
    const own = await identity('server');
    secure = await createSecureServer({
      endpoint: { port: 0, host: '127.0.0.1', hostname: 'localhost' },
      identity: own,
      trust: new MaterialTrust(onlyThese([])),
      users: new Users([]),
      verifyPassword: () => Promise.resolve(false),
      connectionTimes: { secureWithinMs: 300, unsecuredForMs: 600 },
      instanceUri: 'urn:test:instance',
    });
    await secure.server.start();
    endpointUrl = `opc.tcp://localhost:${secure.server.endpoints[0]?.port ?? 0}`;
  });
  after(() => secure.server.shutdown(0));

  test('without a secure channel is ended', async () => {
    const socket = connect(Number(new URL(endpointUrl).port), '127.0.0.1');
    await once(socket, 'close');
    assert.equal(socket.destroyed, true);
  });

  test('that asks for the endpoints has time for it, and is ended then', async () => {
    const own = OPCUAClient.create({
      endpointMustExist: false,
      connectionStrategy: { maxRetry: 0 },
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
    });
    await own.connect(endpointUrl);
    const closed = new Promise<void>((resolve) => void own.once('close', () => resolve()));
    const lost = new Promise<void>((resolve) => void own.once('connection_lost', () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.ok((await own.getEndpoints()).length > 0);
    await Promise.race([closed, lost]);
    await own.disconnect();
  });
});
