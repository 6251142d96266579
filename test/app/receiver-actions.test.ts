import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { type ActionConfig, loadAgreement, type LoadedAgreement } from '../../src/app/index.ts';
import { trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { ReceiverActions } from '../../src/app/receiver-actions.ts';
import { UnavailableError } from '../../src/core/index.ts';
import { thumbprintOf } from '../../src/server/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { ManualClock } from '../support/ledger-network.ts';
import { PlcServer } from '../support/plc-server.ts';
import { testIdentity } from '../support/ua-server.ts';
import { until } from '../support/until.ts';
import { receivedBatch } from '../store/batches.ts';
import { type EventOf, TestPlant, Told } from './plant.ts';
import { STORE_KEY } from '../support/store-key.ts';

interface Request {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A web service that answers with the statuses it is told, then 204. */
class WebService {
  readonly requests: Request[] = [];
  readonly answers: number[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<WebService> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        service.requests.push({ headers: request.headers, body });
        response.writeHead(service.answers.shift() ?? 204, { location: '/elsewhere' }).end();
      });
    });
    const service = new WebService(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/parts`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('actions of the receiver', () => {
  let plant: TestPlant;
  let loaded: LoadedAgreement;
  let service: WebService;

  before(async () => {
    plant = await TestPlant.create();
    loaded = loadAgreement(join(plant.plant.manufacturer, 'agreement.json'));
    service = await WebService.start();
  });
  after(async () => {
    service.stop();
    await plant.end();
  });

  const pki = (): string => join(plant.plant.manufacturer, 'pki');
  const action = (changes: Partial<ActionConfig>): ActionConfig => ({ name: 'order', stream: 'Maintenance', codes: [1, 2], ...changes });

  /** Actions over a store of their own. */
  function actionsOf(t: TestContext, configured: readonly ActionConfig[], store = new ReceiverStore(':memory:', 'test', STORE_KEY)) {
    const told = new Told();
    const facts = { agreement: loaded.agreement, channel: 'channel', store, pki: pki(), firstRetryMs: 1, stopWithinMs: 50 };
    const actions = new ReceiverActions(configured, facts, told.listen);
    t.after(() => actions.stop());
    const arrive = (n: number, codes: readonly number[], row = 0): void => {
      const batch = receivedBatch(n, { codes, row });
      store.store(batch, actions.keysFor({ n, interval: n, row, toMs: 0, codes }, store.lastCodes()));
      actions.wake();
    };
    const ended = (count: number): Promise<void> =>
      until(`${count} actions end`, () => told.of('action').filter(({ state }) => state !== 'retry').length >= count);
    return { actions, store, told, arrive, ended };
  }

  test('run when a condition begins, not while it lasts, nor again after a call in between', async (t) => {
    service.requests.length = 0;
    const { arrive, ended, told } = actionsOf(t, [action({ webhook: { url: service.url } })]);
    arrive(0, [0, 0]);
    arrive(1, [1, 0]);
    arrive(2, [-1, -1], 1);
    arrive(3, [1, 0]);
    arrive(4, [2, 0]);
    await ended(2);
    assert.deepEqual(
      told.of('action').map(({ key, state }) => [key, state]),
      [
        ['order:1', 'done'],
        ['order:4', 'done'],
      ],
    );
    assert.equal(service.requests.length, 2);
  });

  test('run in every interval where that is configured', async (t) => {
    service.requests.length = 0;
    const { arrive, ended } = actionsOf(t, [action({ on: 'every', webhook: { url: service.url } })]);
    for (const n of [0, 1, 2]) arrive(n, [1, 0]);
    await ended(3);
    assert.deepEqual(
      service.requests.map(({ headers }) => headers['idempotency-key']),
      ['channel:order:0', 'channel:order:1', 'channel:order:2'],
    );
  });

  test('a webhook is told condition, text and importance, with a key that every repetition has', async (t) => {
    service.requests.length = 0;
    service.answers.push(500, 302);
    const { arrive, ended, told, store } = actionsOf(t, [action({ webhook: { url: service.url } })]);
    arrive(7, [1, 0]);
    await ended(1);
    assert.deepEqual(
      told.of('action').map(({ state }) => state),
      ['retry', 'retry', 'done'],
    );
    assert.equal(new Set(service.requests.map(({ body, headers }) => `${String(headers['idempotency-key'])} ${body}`)).size, 1);
    assert.equal(service.requests.length, 3);
    assert.deepEqual(JSON.parse(service.requests[0]!.body), {
      idempotencyKey: 'channel:order:7',
      channel: 'channel',
      batch: 7,
      interval: 7,
      condition: {
        stream: 'Maintenance',
        code: 1,
        text: { en: 'Maintenance: Soon', de: 'Maintenance: Soon (de)' },
        importance: 500,
      },
    });
    assert.deepEqual(store.waitingActions(), []);
  });

  test('a program gets the same on its standard input; one that fails five times has failed for good', async (t) => {
    const file = join(plant.plant.folder, 'told.txt');
    writeFileSync(file, '');
    const append = `let text = ''; process.stdin.on('data', (part) => (text += part)).on('end', () => {
      require('node:fs').appendFileSync(process.argv[1], text); process.exit(Number(process.argv[2])); })`;
    const command = (exitCode: number): string[] => [process.execPath, '-e', append, file, String(exitCode)];
    const { arrive, ended, told } = actionsOf(t, [
      action({ name: 'works', codes: [1], program: { command: command(0) } }),
      action({ name: 'fails', codes: [2], program: { command: command(3) } }),
    ]);
    arrive(0, [1, 0]);
    await ended(1);
    arrive(1, [2, 0]);
    await ended(2);
    const keys = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { idempotencyKey: string }).idempotencyKey);
    assert.deepEqual(keys, ['channel:works:0', ...Array<string>(5).fill('channel:fails:1')]);
    assert.deepEqual(
      told.of('action').map(({ key, state }) => [key, state]),
      [['works:0', 'done'], ...Array<string[]>(4).fill(['fails:1', 'retry']), ['fails:1', 'failed']],
    );
    assert.match(told.of('action').at(-1)!.message, /exit code 3/);
    arrive(2, [2, 1]);
    assert.equal(told.of('action').length, 6, 'it is not tried again');
  });

  test('a program that does not end is ended, and one that is not there is told', async (t) => {
    const hangs = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    const { arrive, told, store } = actionsOf(t, [
      action({ name: 'hangs', timeoutMs: 300, program: { command: hangs } }),
      action({ name: 'absent', program: { command: [join(plant.plant.folder, 'no-such-program')] } }),
    ]);
    arrive(0, [1, 0]);
    const first = (key: string): EventOf<'action'> | undefined => told.of('action').find((event) => event.key === key);
    await until('both were tried', () => first('hangs:0') !== undefined && first('absent:0') !== undefined);
    assert.deepEqual([first('hangs:0')?.state, first('absent:0')?.state], ['retry', 'retry']);
    assert.match(first('hangs:0')!.message, /did not end in time \(SIGKILL\)/);
    assert.match(first('absent:0')!.message, /ENOENT/);
    for (const key of ['hangs:0', 'absent:0']) store.endAction(key, { state: 'failed', error: '' });
  });

  test('an OPC UA write gives the code to a server that trusts this module', async (t) => {
    const [identity, own] = [await testIdentity('line'), loadIdentity(pki(), 'receiver')];
    const line = await PlcServer.start({
      identity,
      clients: [own.certificate],
      userCertificates: [own.certificate],
      variables: [{ name: 'Order', type: 'Int32', value: 0 }],
    });
    t.after(() => line.stop());
    trustListOf(pki(), 'receiver').add(identity.certificate);
    const write = { endpointUrl: line.endpointUrl, nodeId: PlcServer.nodeId('Order') };
    const { arrive, ended, told } = actionsOf(t, [action({ write }), action({ name: 'wrong', write: { ...write, type: 'Double' } })]);
    arrive(0, [2, 0]);
    await ended(1);
    assert.deepEqual(line.get('Order'), { type: 'Int32', value: 2 });
    assert.deepEqual([told.of('action')[0]?.key, told.of('action')[0]?.state], ['order:0', 'done']);
    await until('the wrong type is refused', () => told.of('action').some(({ key }) => key === 'wrong:0'));
    assert.match(told.of('action').find(({ key }) => key === 'wrong:0')!.message, /BadTypeMismatch/);
    assert.ok(thumbprintOf(identity.certificate).length === 64);
  });

  test('those that wait at a restart run then, and each once', async (t) => {
    service.requests.length = 0;
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(3, { codes: [1, 0] }), ['order:3']);
    const first = actionsOf(t, [action({ webhook: { url: service.url } })], store);
    first.actions.wake();
    await first.ended(1);
    await first.actions.stop();
    const second = actionsOf(t, [action({ webhook: { url: service.url } })], store);
    second.actions.wake();
    await second.actions.stop();
    assert.equal(service.requests.length, 1);
  });

  test('one that waits for its next try is not hurried by the conditions that follow', async (t) => {
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    const facts = { agreement: loaded.agreement, channel: 'channel', store, pki: pki(), firstRetryMs: 60_000 };
    const told = new Told();
    const unreachable = action({ webhook: { url: 'http://127.0.0.1:9/' } });
    const actions = new ReceiverActions([unreachable], facts, told.listen);
    t.after(() => actions.stop());
    store.store(receivedBatch(0, { codes: [1, 0] }), ['order:0']);
    actions.wake();
    await until('it was tried', () => told.of('action').length === 1);
    for (let i = 0; i < 5; i++) actions.wake();
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    await actions.stop();
    assert.equal(store.waitingActions()[0]?.tries, 1);
  });

  test('one that was under way when the module was killed runs again, with the same key', async (t) => {
    service.requests.length = 0;
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(3, { codes: [1, 0] }), ['order:3']);
    store.beginAction('order:3', 1);
    const { actions, ended } = actionsOf(t, [action({ webhook: { url: service.url } })], store);
    actions.wake();
    await ended(1);
    assert.deepEqual(
      service.requests.map(({ headers }) => headers['idempotency-key']),
      ['channel:order:3'],
    );
    assert.deepEqual([store.actions()[0]?.state, store.actions()[0]?.tries], ['done', 2]);
  });

  test('a try that takes the module with it still counts, so that it ends as a dead letter', async (t) => {
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(3, { codes: [1, 0] }), ['order:3']);
    for (let i = 0; i < 4; i++) store.beginAction('order:3', 1);
    const { actions, ended, told } = actionsOf(t, [action({ webhook: { url: 'http://127.0.0.1:9/' } })], store);
    actions.wake();
    await ended(1);
    assert.deepEqual([told.of('action')[0]?.state, store.actions()[0]?.tries], ['failed', 5]);
  });

  test('the rest before the next try doubles, up to five minutes, and is never the same for all', (t) => {
    const rests = (byte: number): Promise<number[]> => restsOf(t, byte);
    return Promise.all([rests(255), rests(0)]).then(([longest, shortest]) => {
      assert.deepEqual(
        longest,
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => 1000 * seconds),
      );
      assert.deepEqual(
        shortest,
        longest.map((ms) => ms / 2),
      );
    });
  });

  /** Rests between the tries of an action that always fails, by a clock that goes only when it is told. */
  async function restsOf(t: TestContext, byte: number): Promise<number[]> {
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(0, { codes: [1, 0] }), ['order:0']);
    const clock = new ManualClock();
    const random = { bytes: (length: number) => new Uint8Array(length).fill(byte) };
    const told = new Told();
    const facts = { agreement: loaded.agreement, channel: 'channel', store, pki: pki(), clock, random };
    const failing = action({ mostTries: 12, program: { command: [join(plant.plant.folder, 'no-such-program')] } });
    const actions = new ReceiverActions([failing], facts, told.listen);
    t.after(() => actions.stop());
    const rests: number[] = [];
    for (let tries = 1; tries < 12; tries++) {
      actions.wake();
      await until(`try ${tries}`, () => told.of('action').length === tries);
      const due = store.actions()[0]!.dueAtMs;
      rests.push(due - clock.now());
      clock.timeMs = due;
    }
    actions.wake();
    await until('it is given up', () => told.of('action').at(-1)?.state === 'failed');
    return rests;
  }

  test('a dead letter that is repeated runs again with the same key, without a restart of the module', async (t) => {
    service.requests.length = 0;
    service.answers.push(...Array<number>(5).fill(503));
    const { arrive, ended, store } = actionsOf(t, [action({ webhook: { url: service.url } })]);
    arrive(4, [1, 0]);
    await ended(1);
    assert.deepEqual([store.actions()[0]?.state, store.actions()[0]?.error], ['failed', 'The webhook answered 503.']);
    assert.equal(store.repeatAction('order:4'), true);
    await ended(2);
    assert.deepEqual([store.actions()[0]?.state, store.actions()[0]?.error], ['done', '']);
    assert.equal(new Set(service.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  });

  test('one that hangs holds up none of another name', async (t) => {
    const hangs = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
    const { arrive, told, store } = actionsOf(t, [
      action({ name: 'hangs', timeoutMs: 60_000, program: { command: hangs } }),
      action({ name: 'works', program: { command: [process.execPath, '-e', ''] } }),
    ]);
    arrive(0, [1, 0]);
    await until('the other one is done', () => told.of('action').length > 0);
    assert.deepEqual(told.of('action')[0], { event: 'action', key: 'works:0', state: 'done', message: '' });
    assert.equal(store.actions()[0]?.state, 'waiting');
  });

  test('a store that fails is told, and asked again at leisure', async (t) => {
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(0, { codes: [1, 0] }), ['order:0']);
    store.beginAction = () => {
      throw new UnavailableError('STORE_FULL', 'The disk is full.');
    };
    const faults: unknown[] = [];
    const facts = {
      agreement: loaded.agreement,
      channel: 'channel',
      store,
      pki: pki(),
      storeFault: (error: unknown) => void faults.push(error),
    };
    const actions = new ReceiverActions([action({ webhook: { url: service.url } })], facts, () => undefined);
    t.after(() => actions.stop());
    service.requests.length = 0;
    actions.wake();
    await until('it is told', () => faults.length > 0);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    assert.deepEqual([faults.length, service.requests.length], [1, 0], 'it does not run before its begin is stored');
  });

  test('one whose configuration is gone has failed, and says so', async (t) => {
    const store = new ReceiverStore(':memory:', 'test', STORE_KEY);
    store.store(receivedBatch(0, { codes: [1, 0] }), ['gone:0']);
    const { actions, ended, told } = actionsOf(t, [], store);
    actions.wake();
    await ended(1);
    assert.deepEqual([told.of('action')[0]?.state, /no such action/.test(told.of('action')[0]!.message)], ['failed', true]);
  });
});
