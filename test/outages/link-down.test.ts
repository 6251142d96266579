import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadStoreKey } from '../../src/platform/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import type { SenderModule } from '../../src/app/index.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { codeIn, type EventOf, pieces, surprises, TestPlant, Told } from '../app/plant.ts';

const ALARM = ['process.stdin.resume()'];

/** One plant's life in order, with a network between manufacturer and owner that fails. The ledger stays in reach. */
describe("while the manufacturer can't reach the owner's cleared server", () => {
  let plant: TestPlant;
  let network: TcpProxy;
  let plc: TagWriter;
  let sender: SenderModule;
  const ofOwner = new Told();
  const ofManufacturer = new Told();

  before(async () => {
    plant = await TestPlant.create({ applications: false, terms: { epoch: { intervals: 4, disputeWindow: 30, lookAheadMs: 60_000 } } });
    network = await TcpProxy.start(plant.port + 1);
    const actions = [{ name: 'alarm', stream: 'Maintenance', codes: [1, 2], program: { command: [process.execPath, '-e', ...ALARM] } }];
    const config = plant.manufacturerConfig({ sender: { endpointUrl: `opc.tcp://localhost:${network.port}` }, actions });
    [sender] = await Promise.all([plant.startSender(ofOwner), plant.startReceiver(ofManufacturer, config)]);
    plc = await plant.plc();
    await until('batches are acknowledged', () => ofManufacturer.of('acknowledged').length >= 1);
  });
  after(async () => {
    await network.stop();
    await plant.end();
  });

  const received = (via: 'ledger' | 'delivery', code: number): EventOf<'received'>[] =>
    ofManufacturer.of('received').filter((event) => event.via === via && codeIn(event, 'Maintenance') === code);
  let alarmed = -1;

  test("a condition is raised from the ledger's event alone, with its text and importance", async () => {
    await network.cut();
    await until('the cut is noticed', () => ofManufacturer.of('link').at(-1)?.state !== 'connected');
    await plc.write([pieces(5367)]);
    await until('it is raised', () => received('ledger', 1).length > 0);
    const [event] = received('ledger', 1);
    alarmed = event!.n;
    assert.deepEqual(
      event!.conditions.find(({ stream }) => stream === 'Maintenance'),
      { stream: 'Maintenance', code: 1, text: { en: 'Maintenance: Soon', de: 'Maintenance: Soon (de)' }, importance: 500 },
    );
    assert.deepEqual(received('delivery', 1), []);
  });

  test('no action runs on it before the delivery is verified, stored and countersigned', () => {
    assert.deepEqual(ofManufacturer.of('action'), []);
  });

  test('each interval is raised once and in order, for longer than an epoch', async () => {
    await until('epochs pass', () => received('ledger', 1).length >= 10);
    const intervals = received('ledger', 1).map(({ interval }) => interval);
    assert.deepEqual(
      intervals,
      [...new Set(intervals)].sort((a, b) => a - b),
    );
  });

  test('when the link is back, the deliveries are verified and receipted, and the action runs once', async () => {
    await network.restore();
    await until('all is receipted', () => ofOwner.of('receipted').some(({ n }) => n >= received('ledger', 1).at(-1)!.n), 30_000);
    await until('the action has run', () => ofManufacturer.of('action').length > 0);
    assert.deepEqual(ofManufacturer.of('action'), [{ event: 'action', key: `alarm:${alarmed}`, state: 'done', message: '' }]);
    assert.deepEqual([surprises(ofOwner), surprises(ofManufacturer)], [[], []]);
  });

  test('what came by the ledger came by delivery too, with the same conditions, and was shown once', async () => {
    for (const { n, conditions } of received('ledger', 1)) {
      const delivered = ofManufacturer.of('received').filter((event) => event.n === n && event.via === 'delivery');
      assert.deepEqual(
        delivered.map((event) => event.conditions),
        [conditions],
      );
    }
  });

  test('both audits prove every batch', async () => {
    await plc.close();
    await plant.stop(sender);
    const store = new SenderStore(
      join(plant.plant.owner, 'data', 'store.db'),
      plant.plant.channelId,
      await loadStoreKey(plant.ownerConfig().keys.store),
    );
    const { sealed } = store.counts();
    store.close();
    for (const file of [plant.ownerFile, plant.manufacturerFile]) {
      const report = await plant.audit(file);
      assert.deepEqual([report.findings, report.passed], [[], true], file);
      assert.equal(report.channels[0]?.batches.length, sealed);
    }
  });
});
