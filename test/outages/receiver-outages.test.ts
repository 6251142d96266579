import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  type ActionEntry,
  listActions,
  type ModuleOptions,
  type ReceiverModule,
  repeatActions,
  type SenderModule,
} from '../../src/app/index.ts';
import { UnavailableError } from '../../src/core/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import type { ReceiverStore } from '../../src/store/index.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { until } from '../support/until.ts';
import { UaPerson } from '../app/operator.ts';
import { codeIn, pieces, surprises, TestPlant, Told } from '../app/plant.ts';

/** Lets every call through while it is up; else every call fails as a ledger does that is away. */
class Switch {
  isUp = true;

  ledger = (ledger: Ledger): Ledger =>
    new Proxy(ledger, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        if (key === 'close') return () => target.close();
        if (key === 'events') return (...args: Parameters<Ledger['events']>) => this.#events(target, ...args);
        return (...args: unknown[]): unknown => (this.isUp ? Reflect.apply(member, target, args) : Promise.reject(away()));
      },
    });

  async *#events(ledger: Ledger, ...args: Parameters<Ledger['events']>): ReturnType<Ledger['events']> {
    if (!this.isUp) throw away();
    for await (const event of ledger.events(...args)) {
      if (!this.isUp) throw away();
      yield event;
    }
  }
}

function away(): UnavailableError {
  return new UnavailableError('LEDGER_UNAVAILABLE', 'The ledger is away.');
}

/** Lets the store's writes fail as a full disk does. */
class Disk {
  isFull = false;

  store = (store: ReceiverStore): ReceiverStore =>
    new Proxy(store, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (this.isFull && (key === 'store' || key === 'setAcknowledged')) throw new UnavailableError('STORE_FULL', 'The disk is full.');
          return Reflect.apply(member, target, args);
        };
      },
    });
}

/** One plant's life in order: each test goes on where the one before it ended. */
describe("the manufacturer's module, while what it needs is away", () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let receiver: ReceiverModule;
  let plc: TagWriter;
  let viewer: ApplicationIdentity;
  const ofOwner = new Told();
  let told = new Told();
  const ledger = new Switch();
  const disk = new Disk();
  const options: ModuleOptions = { adapters: { ledger: ledger.ledger, receiverStore: disk.store } };
  const EXIT_CODE = `process.stdin.resume().on('end', () => process.exit(require('node:fs').existsSync(process.argv[1]) ? 0 : 7))`;

  const receivedConditions = (code: number): number => told.of('received').filter((event) => codeIn(event, 'Maintenance') === code).length;
  const acknowledged = (): number => told.of('acknowledged').length;

  async function start(): Promise<void> {
    told = new Told();
    const program = { command: [process.execPath, '-e', EXIT_CODE, `${plant.plant.folder}/mended`] };
    const actions = [{ name: 'order', stream: 'Maintenance', codes: [1], mostTries: 1, program }];
    receiver = await plant.startReceiver(told, plant.manufacturerConfig({ actions }), options);
  }

  before(async () => {
    plant = await TestPlant.create();
    viewer = await UaPerson.trusted(plant, 'applications');
    [sender] = await Promise.all([plant.startSender(ofOwner), start()]);
    await until('batches are acknowledged', () => acknowledged() >= 2);
    plc = await plant.plc();
    await plc.write([pieces(5367)]);
    await until('the condition is received', () => receivedConditions(1) > 0);
  });
  after(() => plant.end());

  test('a dead letter is listed with its error and tries, and repeated while the module runs', async () => {
    const find = async (): Promise<ActionEntry | undefined> => (await listActions(plant.manufacturerFile))[0];
    await until('it is a dead letter', () => told.of('action').some(({ state }) => state === 'failed'));
    const dead = await find();
    assert.deepEqual([dead?.state, dead?.tries, dead?.error], ['failed', 1, 'The program ended with exit code 7.']);
    assert.ok(dead!.causedAtMs > 0 && dead!.triedAtMs >= dead!.causedAtMs);
    await assert.rejects(repeatActions(plant.manufacturerFile, 'order:99999'), /no dead letter "order:99999"/);
    writeFileSync(`${plant.plant.folder}/mended`, '');
    assert.deepEqual(await repeatActions(plant.manufacturerFile, 'all'), [dead!.key]);
    await until('it is done', () => told.of('action').some(({ state }) => state === 'done'));
    assert.deepEqual([(await find())?.state, (await find())?.error], ['done', '']);
    assert.deepEqual(await repeatActions(plant.manufacturerFile, 'all'), []);
  });

  test('a restart without the ledger takes and receipts what is delivered', async () => {
    await plant.stop(receiver);
    ledger.isUp = false;
    await start();
    await until('batches are acknowledged', () => acknowledged() >= 3);
    assert.deepEqual(told.of('finding'), []);
  });

  test("after the restart the manufacturer's applications see the last known condition at once", async () => {
    await plc.write([pieces(5500)]);
    await until('another condition is received', () => receivedConditions(2) > 0);
    await plant.stop(sender, 0);
    await plant.stop(receiver);
    await start();
    const person = await UaPerson.at(plant, 'applications', plant.plant.logins.viewer, viewer);
    assert.equal(await person.conditionCode('Maintenance'), 2);
    await person.close();
    assert.deepEqual(told.of('received'), [], 'nothing new has come');
    await plc.close();
    sender = await plant.startSender(ofOwner);
    await until('batches come again', () => acknowledged() >= 2);
    plc = await plant.plc();
  });

  test('once the ledger answers, what was taken is compared, and all is well', async () => {
    ledger.isUp = true;
    await until('anchors are seen', () => receiver.counts().acknowledged > 0);
    const n = ofOwner.of('sealed').at(-1)!.n;
    await until('the newest is acknowledged', () => told.of('acknowledged').some((event) => event.n >= n));
    assert.deepEqual(surprises(told), []);
  });

  test('a disk that is full stops the fetching, and when there is room again nothing is lost or done twice', async () => {
    disk.isFull = true;
    await until('it is told', () => told.of('warning').some(({ code }) => code === 'STORE_FULL'));
    const before = receiver.counts().received;
    const sealed = ofOwner.of('sealed').at(-1)!.n;
    await until('more is sealed', () => ofOwner.of('sealed').at(-1)!.n >= sealed + 2);
    assert.equal(receiver.counts().received, before);
    disk.isFull = false;
    await until('all is acknowledged', () => told.of('acknowledged').some(({ n }) => n >= sealed + 2));
    const numbers = told
      .of('received')
      .filter(({ via }) => via === 'delivery')
      .map(({ n }) => n);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    await plc.close();
    await plant.stop(sender);
    await plant.stop(receiver);
    const report = await plant.audit(plant.manufacturerFile);
    assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
  });
});
