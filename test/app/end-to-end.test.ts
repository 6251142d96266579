import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RESERVED_CODES } from '../../src/core/index.ts';
import type { ReceiverModule, SenderModule } from '../../src/app/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { until } from '../support/until.ts';
import { codeIn, heat, LOOK_AHEAD_MS, pieces, surprises, TestPlant, Told } from './plant.ts';
import { UaPerson } from './operator.ts';

const OUTAGE_MS = 3 * LOOK_AHEAD_MS;
const EPOCH_MS = 2000;

/** One plant's life in order: each test goes on where the one before it ended. */
describe('an owner and a manufacturer, on real connections and one ledger', () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let receiver: ReceiverModule;
  let plc: TagWriter;
  let operatorsOwn: ApplicationIdentity;
  let viewersOwn: ApplicationIdentity;
  let ofOwner = new Told();
  let ofManufacturer = new Told();

  before(async () => {
    plant = await TestPlant.create();
    [operatorsOwn, viewersOwn] = await Promise.all([UaPerson.trusted(plant, 'ingest'), UaPerson.trusted(plant, 'applications')]);
    await start();
  });
  after(() => plant.end());

  async function start(shiftMs = 0): Promise<void> {
    [ofOwner, ofManufacturer] = [new Told(), new Told()];
    const clock = { now: () => Date.now() + shiftMs };
    [sender, receiver] = await Promise.all([
      plant.startSender(ofOwner, undefined, { clock }),
      plant.startReceiver(ofManufacturer, undefined, { clock }),
    ]);
    await until('the module runs', () => ofOwner.of('running').length === 1);
    plc = await plant.plc();
  }

  async function stop(): Promise<void> {
    await plc.close();
    await plant.stop(sender);
    await plant.stop(receiver);
  }

  const settled = (): boolean => {
    const { sealed, anchored, receipted } = sender.counts();
    return anchored === sealed && receipted === sealed;
  };

  test('what the PLC writes is cleared, delivered and receipted, and nothing else is', async () => {
    const results = await plc.write([pieces(5367), heat(12)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['Good', 'Good'],
    );
    await until('the condition is received', () =>
      ofManufacturer.of('received').some((event) => codeIn(event, 'Maintenance') === 1 && codeIn(event, 'Overheated') === 0),
    );
    await until('it is receipted and anchored', settled);
    const { n } = ofOwner.of('cleared').find((event) => codeIn(event, 'Maintenance') === 1)!;
    for (const event of ['sealed', 'anchored', 'receipted'] as const)
      assert.ok(
        ofOwner.of(event).some((each) => each.n === n),
        event,
      );
  });

  test('a value that may not be written is refused, counted, and gives no condition', async () => {
    const [result] = await plc.write([heat(2e6)]);
    assert.equal(result?.status, 'BadOutOfRange');
    await until('the count is sealed', () => ofOwner.of('sealed').some(({ refused }) => refused === 1));
    assert.equal(codeIn(ofOwner.of('cleared').at(-1)!, 'Overheated'), 0);
  });

  test("Anchor() answers with a batch that shows no condition and is anchored as the others are; the interval's condition stays", async () => {
    const operator = await UaPerson.at(plant, 'ingest', plant.plant.logins.operator, operatorsOwn);
    await plc.write([pieces(5500)]);
    const n = await operator.anchor();
    await operator.close();
    assert.ok(typeof n === 'number', String(n));
    await until(
      'it is anchored and receipted',
      () => ofOwner.of('anchored').some((event) => event.n === n) && ofOwner.of('receipted').some((event) => event.n === n),
    );
    const sealed = ofOwner.of('sealed').find((event) => event.n === n)!;
    const received = ofManufacturer.of('received').find((event) => event.n === n)!;
    assert.equal(received.row, sealed.row);
    if (sealed.row > 0) assert.deepEqual(received.conditions, []);
    const grid = (): boolean =>
      ofManufacturer
        .of('received')
        .some(
          ({ interval, row, ...event }) =>
            interval === sealed.interval && row === 0 && codeIn({ interval, row, ...event }, 'Maintenance') === 2,
        );
    await until("the interval's own condition is received", grid);
  });

  test('a PLC may not call Anchor()', async () => {
    const person = await UaPerson.at(plant, 'ingest', plant.plant.logins.plc, operatorsOwn);
    assert.equal(await person.anchor(), 'BadUserAccessDenied');
    await person.close();
  });

  test("the manufacturer's own applications see the condition", async () => {
    const viewer = await UaPerson.at(plant, 'applications', plant.plant.logins.viewer, viewersOwn);
    assert.equal(await viewer.conditionCode('Maintenance'), 2);
    await viewer.close();
  });

  test('the keys that opened the channel are gone, and both sides know of no finding', () => {
    for (const party of [plant.plant.owner, plant.plant.manufacturer]) assert.ok(!existsSync(join(party, 'keys', 'exchange.pem')), party);
    assert.deepEqual([surprises(ofOwner), surprises(ofManufacturer)], [[], []]);
  });

  test('a stop seals what is open; both audits prove every batch', async () => {
    await stop();
    const { sealed } = ofOwner.of('stopped')[0]!;
    assert.deepEqual(ofOwner.of('stopped')[0], { event: 'stopped', sealed, anchored: sealed, receipted: sealed });
    for (const file of [plant.ownerFile, plant.manufacturerFile]) {
      const report = await plant.audit(file);
      assert.deepEqual([report.findings, report.counts], [[], { PROVEN: sealed }], file);
    }
  });

  test('a restart of both goes on with numbers, chain and epochs, without a finding', async () => {
    const last = ofOwner.of('sealed').at(-1)!;
    await start();
    await plc.write([pieces(100)]);
    await until('three more are received', () => ofManufacturer.of('received').filter(({ row }) => row === 0).length >= 3);
    assert.equal(ofOwner.of('sealed')[0]?.n, last.n + 1);
    assert.equal(ofOwner.of('sealed')[0]?.interval, last.interval + 1);
    await until('the condition is received', () => ofManufacturer.of('received').some((event) => codeIn(event, 'Maintenance') === 0));
    await stop();
    const report = await plant.audit(plant.ownerFile);
    assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
    assert.deepEqual(ofManufacturer.of('finding'), []);
  });

  test('after an outage longer than look-ahead and dispute window the missed intervals are evidence, and the module goes on', async () => {
    const before = ofOwner.of('sealed').at(-1)!;
    await start(OUTAGE_MS);
    await plc.write([pieces(5350)]);
    await until('the condition is received', () => ofManufacturer.of('received').some((event) => codeIn(event, 'Maintenance') === 1));
    await until('all is anchored and receipted', settled);
    const missed = ofOwner.of('cleared').filter((event) => codeIn(event, 'Maintenance') === RESERVED_CODES.MISSED);
    assert.ok(missed.length >= OUTAGE_MS / EPOCH_MS, `${missed.length} batches for ${OUTAGE_MS / EPOCH_MS} epochs`);
    assert.equal(missed[0]?.interval, before.interval + 1);
    assert.deepEqual([...new Set(surprises(ofOwner).map(({ code }) => code))], ['MISSED']);
    assert.deepEqual(
      ofOwner.of('warning').filter(({ code }) => code === 'LEDGER_FAULT'),
      [],
    );
    await stop();
    for (const file of [plant.ownerFile, plant.manufacturerFile]) {
      const report = await plant.audit(file);
      // That they came late, and without tokens that nobody could sign ahead for so long, is all that there is to find.
      assert.deepEqual([...new Set(report.findings.map(({ code }) => code))].sort(), ['LATE', 'NO_TOKENS'], file);
      const verdicts = new Set(report.channels.flatMap(({ batches }) => batches.map(({ verdict }) => verdict)));
      assert.deepEqual([...verdicts].sort(), ['LATE', 'PROVEN'], file);
    }
  });
});
