import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ReceiverModule, SenderModule } from '../../src/app/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import { UnavailableError } from '../../src/core/index.ts';
import type { SenderStore, StoredBatch } from '../../src/store/index.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { codeIn, pieces, TestPlant, Told } from '../app/plant.ts';

const DEADLINES = { anchorWithinMs: 1500, receiptWithinMs: 60_000, depositAfterIntervals: 3 };

/** An owner's module that shows another condition than it has delivered, when it goes on after a fault of its disk. */
class Liar {
  #isLying = false;
  #isDue = false;

  store = (store: SenderStore): SenderStore =>
    new Proxy(store, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (key === 'batches' && this.#isLying) return otherwise(target.batches(...(args as Parameters<SenderStore['batches']>)));
          if (key === 'seal' && !this.#isLying) this.#fault();
          return Reflect.apply(member, target, args);
        };
      },
    });

  /** The next seal fails; after it, the module reads its store again. */
  begin(): void {
    this.#isDue = true;
  }

  end(): void {
    this.#isDue = false;
    this.#isLying = false;
  }

  #fault(): void {
    if (!this.#isDue) return;
    this.#isLying = true;
    throw new UnavailableError('STORE_FULL', 'The disk is full.');
  }
}

function otherwise(batches: StoredBatch[]): StoredBatch[] {
  return batches.map((batch) => ({ ...batch, codes: [2, 2] }));
}

/** One plant's life in order: each test goes on where the one before it ended. */
describe("the manufacturer's module and the deadlines of the agreement", () => {
  let plant: TestPlant;
  let network: TcpProxy;
  let sender: SenderModule;
  let receiver: ReceiverModule;
  let plc: TagWriter;
  const ofOwner = new Told();
  const told = new Told();
  const liar = new Liar();

  before(async () => {
    plant = await TestPlant.create({ applications: false, terms: { deadlines: DEADLINES } });
    network = await TcpProxy.start(plant.port + 1);
    const config = plant.manufacturerConfig({ sender: { endpointUrl: `opc.tcp://localhost:${network.port}` } });
    [sender, receiver] = await Promise.all([
      plant.startSender(ofOwner, undefined, { adapters: { senderStore: liar.store } }),
      plant.startReceiver(told, config),
    ]);
    plc = await plant.plc();
    await until('batches are acknowledged', () => told.of('acknowledged').length >= 2);
  });
  after(async () => {
    await network.stop();
    await plant.end();
  });

  const findings = (code: string): Told['all'] => told.of('finding').filter((event) => event.code === code);

  test('a deposit on the ledger is taken as the delivery while the link is down, and answered on the ledger', async () => {
    await network.cut();
    await plc.write([pieces(5367)]);
    const isTaken = (): boolean => told.of('received').some((event) => event.via === 'delivery' && codeIn(event, 'Maintenance') === 1);
    await until('it is taken', isTaken);
    const { n } = told.of('received').find((event) => event.via === 'delivery' && codeIn(event, 'Maintenance') === 1)!;
    assert.ok(!told.of('acknowledged').some((event) => event.n === n));
    await until('its receipt is on the ledger', () => told.of('claimed').some(({ claim }) => claim === `receipt:${n}`));
    await network.restore();
    await until('its receipt is given when the link is back', () => told.of('acknowledged').some((event) => event.n === n), 30_000);
    assert.deepEqual(findings('BAD_DEPOSIT'), []);
  });

  test('a cleared value that is not that of the delivered record of the same grid time is found', async () => {
    liar.begin();
    await until('it is found', () => findings('CLEARED_VALUE_DIFFERS').length > 0);
    liar.end();
    const text = JSON.stringify(findings('CLEARED_VALUE_DIFFERS')[0]);
    assert.match(text, /showed a condition of \w+ for 20\S+Z, and the record of that time says another one\. .*trust the record/);
    for (const { message } of told.of('finding')) assert.doesNotMatch(message, /Soon|Well|5367/);
  });

  test('an interval that has no batch when its time is over is claimed as overdue, once', async () => {
    await plc.close();
    await plant.stop(sender);
    await until('it is claimed', () => told.of('claimed').some(({ claim }) => claim.startsWith('overdue:')));
    const [overdue] = findings('OVERDUE');
    assert.match(JSON.stringify(overdue), /Interval \d+, which ended 20.*has no batch on the ledger.*Ask the owner/);
    const claims = told.of('claimed').map(({ claim }) => claim);
    assert.deepEqual(claims, [...new Set(claims)]);
  });

  test('what is anchored after its time is said to be late, and the audit blames the owner', async () => {
    sender = await plant.startSender(ofOwner);
    await until('it is said', () => findings('LATE_ANCHOR').length > 0, 30_000);
    assert.match(JSON.stringify(findings('LATE_ANCHOR')[0]), /Batch \d+ was anchored \d+ ms after the time that the agreement gives/);
    await plant.stop(sender);
    await plant.stop(receiver);
    const report = await plant.audit(plant.manufacturerFile);
    // On a slow machine intervals are overdue, too, while the owner's module stops.
    const owners = ['LATE owner', 'INTERVAL_MISSING owner'];
    const found = new Set(report.findings.map(({ code, party }) => `${code} ${party}`));
    assert.ok(found.has('LATE owner'));
    assert.deepEqual(
      [...found].filter((each) => !owners.includes(each)),
      [],
    );
  });
});
