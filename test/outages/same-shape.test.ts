import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SenderModule } from '../../src/app/index.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { ModuleConnection, type TagWriter } from '../../src/client/index.ts';
import { intervalEnd, type Json } from '../../src/core/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import { openOwnLedger } from '../../src/app/ledger-access.ts';
import { SenderStore, type StoredBatch } from '../../src/store/index.ts';
import { shapeOf } from '../support/shape-of.ts';
import { until } from '../support/until.ts';
import { pieces, TestPlant, Told } from '../app/plant.ts';

/** Readings of one tag in an interval: none, one, one more than a part of its tree holds, and very many. */
const TAG_DEPTH = 6;
const COUNTS = [0, 1, 2 ** TAG_DEPTH, 5000] as const;
const INTERVAL_MS = 2000;
const DELAY_MS = 900;
const WRITES_A_REQUEST = 500;
const MOST_ATTEMPTS = 6;

describe(`intervals with ${COUNTS.join(', ')} readings look the same to everybody but the owner`, () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let plc: TagWriter;
  const ofOwner = new Told();
  const shown: { stream: string; gridMs: number }[] = [];
  /** Batch of each count. */
  const chosen = new Map<number, StoredBatch>();
  const openings = new Map<number, { readonly payload: string }>();
  let anchors: Map<number, Json>;

  before(async () => {
    const interval = { lengthMs: INTERVAL_MS, calls: 1, callGridMs: INTERVAL_MS / 4, publishDelayMs: DELAY_MS };
    plant = await TestPlant.create({ applications: false, terms: { interval } });
    [sender] = await Promise.all([plant.startSender(ofOwner, plant.ownerConfig({ tagDepth: TAG_DEPTH })), plant.startReceiver(new Told())]);
    plc = await plant.plc();
    const viewer = await follow();
    await until('the module runs', () => ofOwner.of('sealed').length >= 1);
    const numbers: number[] = [];
    for (const count of COUNTS) numbers.push(await intervalWith(count));
    await until('all are receipted', () => numbers.every((n) => ofOwner.of('receipted').some((event) => event.n === n)));
    await until('all are anchored', () => numbers.every((n) => ofOwner.of('anchored').some((event) => event.n === n)));
    // A receipt may be quicker than a subscriber's notification.
    const ends = numbers.map((n) => endOf(ofOwner.of('sealed').find((event) => event.n === n)!.interval));
    await until('all are shown', () => ends.every((end) => shown.filter(({ gridMs }) => gridMs === end).length >= 2));
    await viewer.close();
    await plc.close();
    await plant.stop(sender);
    const store = new SenderStore(
      join(plant.plant.owner, 'data', 'store.db'),
      plant.plant.channelId,
      await loadStoreKey(plant.ownerConfig().keys.store),
    );
    COUNTS.forEach((count, index) => chosen.set(count, store.batch(numbers[index]!)!));
    for (const n of numbers) openings.set(n, store.opening(n)!);
    store.close();
    anchors = await anchorsOnLedger();
  });
  after(() => plant.end());

  /** Grid point at which an interval ends, ms since 1970 UTC. */
  function endOf(interval: number): number {
    return intervalEnd(loadAgreement(join(plant.plant.owner, 'agreement.json')).agreement.params, interval);
  }

  /** Follows the cleared server as the manufacturer's module does. */
  async function follow(): Promise<ModuleConnection> {
    const pki = join(plant.plant.manufacturer, 'pki');
    const link = linkOptions(
      `opc.tcp://localhost:${plant.port + 1}`,
      loadIdentity(pki, 'receiver'),
      trustListOf(pki, 'receiver'),
      undefined,
    );
    const connection = new ModuleConnection(
      { ...link, channel: 'press', streams: ['Maintenance', 'Overheated'] },
      {
        // Before the first grid point the server has nothing to show, and says so with a status.
        condition: ({ stream, gridMs, status }) => void (status === 0 && shown.push({ stream, gridMs })),
      },
    );
    await connection.connect();
    return connection;
  }

  /** Writes so many values in one interval; again where a slow machine let them fall into two, or sealed too late. */
  async function intervalWith(count: number): Promise<number> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const seen = ofOwner.of('sealed').length;
      await until('an interval begins', () => ofOwner.of('sealed').length > seen);
      for (let written = 0; written < count; written += WRITES_A_REQUEST) {
        const size = Math.min(WRITES_A_REQUEST, count - written);
        await plc.write(Array.from({ length: size }, (_, index) => pieces(written + index)));
      }
      await until('it is sealed', () => ofOwner.of('sealed').length > seen + 1);
      const { n, readings } = ofOwner.of('sealed')[seen + 1]!;
      const late = ofOwner.of('finding').some((finding) => finding.n === n && finding.code === 'LATE_PUBLICATION');
      if (readings === count && !late) return n;
    }
    throw new Error(`The machine is too slow for ${count} readings in ${INTERVAL_MS} ms.`);
  }

  async function anchorsOnLedger(): Promise<Map<number, Json>> {
    const reader = await openOwnLedger(plant.ownerConfig());
    const blocks = (await reader.blocks(0)) as unknown as { transactions?: { event: { kind: string; body: { n: number } } }[] }[];
    await reader.close();
    const all = blocks.flatMap(({ transactions = [] }) => transactions).filter(({ event }) => event.kind === 'anchor');
    return new Map(all.map((transaction) => [transaction.event.body.n, transaction as unknown as Json]));
  }

  /** What is compared is the same for all counts as for no reading at all. */
  function sameForAll(look: (batch: StoredBatch) => unknown): void {
    const expected = look(chosen.get(0)!);
    assert.notEqual(expected, undefined);
    for (const count of COUNTS) assert.deepEqual(look(chosen.get(count)!), expected, `${count} readings`);
  }

  test('the readings are in the batches', () => {
    for (const [count, { n }] of chosen) {
      const { payload } = openings.get(n)!;
      const { kept } = JSON.parse(payload) as { kept: string };
      assert.equal((JSON.parse(kept) as { readings: unknown[] }).readings.length, count);
    }
  });

  test('headers have the same fields and lengths', () => sameForAll(({ header }) => shapeOf(header)));
  test('deliveries have the same fields and lengths, in the openings too', () =>
    sameForAll(({ deliveryPackage }) => shapeOf(deliveryPackage)));
  test('receipts have the same fields and lengths', () => sameForAll(({ receipt }) => shapeOf(receipt)));
  test('transactions on the ledger have the same fields and lengths, with the same marks', () =>
    sameForAll(({ n }) => {
      const { event } = anchors.get(n) as { event: { body: { marks: string[] } } };
      return { shape: shapeOf(anchors.get(n)), marks: event.body.marks };
    }));

  test('states change in the same order', () =>
    sameForAll(({ n }) => {
      const kinds = ofOwner.all.filter((event) => 'n' in event && event.n === n).map(({ event }) => event);
      // Ledger and delivery advance independently of each other.
      const only = (...wanted: string[]): string[] => kinds.filter((kind) => wanted.includes(kind));
      return [only('sealed', 'cleared', 'anchored'), only('sealed', 'delivered', 'receipted'), [...kinds].sort()];
    }));

  test('each is scheduled for its grid point plus the constant delay', () => {
    const { params } = loadAgreement(join(plant.plant.owner, 'agreement.json')).agreement;
    sameForAll(({ interval, publishAtMs }) => publishAtMs - intervalEnd(params, interval));
    assert.equal(chosen.get(0)!.publishAtMs - intervalEnd(params, chosen.get(0)!.interval), DELAY_MS);
  });

  test('each shows once, with its grid point as time, for both streams', () => {
    sameForAll(({ interval }) => {
      const end = endOf(interval);
      return shown
        .filter(({ gridMs }) => gridMs === end)
        .map(({ stream }) => stream)
        .sort();
    });
    const times = shown.filter(({ stream }) => stream === 'Maintenance').map(({ gridMs }) => gridMs);
    assert.deepEqual(
      times.slice(1).map((time, index) => time - times[index]!),
      times.slice(1).map(() => INTERVAL_MS),
      'no grid point is left out',
    );
  });
});
