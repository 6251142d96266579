import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { ModuleOptions, SenderModule, TraceEvent } from '../../src/app/index.ts';
import { fromBase64Url, UnavailableError } from '../../src/core/index.ts';
import { decodeRecord, type DeliveryPackage } from '../../src/evidence/index.ts';
import type { SenderStore } from '../../src/store/index.ts';
import type { BatchJournal } from '../../src/transfer/index.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from '../app/plant.ts';

const BAD_RESOURCE_UNAVAILABLE = 0x80040000;

let plant: TestPlant;
before(async () => {
  plant = await TestPlant.create();
});
after(() => plant.end());

function start(told: Told, options: ModuleOptions = {}): Promise<SenderModule> {
  return plant.startSender(told, plant.ownerConfig({ firstStartWaitMs: 0 }), options);
}

/** Offers values one after the other. @returns how many were taken, and whether one was refused at last */
async function offer(module: SenderModule, count: number): Promise<number[]> {
  const answers: number[] = [];
  for (let value = 0; value < count; value++) answers.push(await module.offer('Pieces', { type: 'UInt32', value }));
  return answers;
}

const sealedReadings = (told: Told): number => told.of('sealed').reduce((sum, { readings }) => sum + readings, 0);

describe("an owner's module whose surroundings fail", { timeout: 120_000 }, () => {
  test('starts, seals and takes values without a ledger, once it has run; anchors when that is back', async () => {
    const first = new Told();
    const module = await start(first);
    await until('a batch is anchored', () => first.of('anchored').length > 0);
    await plant.stop(module, 0);
    const { ledger } = plant.ownerConfig();
    assert.ok(ledger.kind === 'embedded');
    const { file } = ledger;
    const files = ['', '-wal', '-shm'].map((end) => `${file}${end}`).filter((each) => existsSync(each));
    for (const each of files) renameSync(each, `${each}.away`);

    const told = new Told();
    const again = await start(told);
    await until('it runs', () => told.of('running').length > 0);
    assert.deepEqual(await offer(again, 3), [0, 0, 0]);
    await until('two batches are sealed', () => told.of('sealed').length >= 2);
    assert.deepEqual(told.of('anchored'), []);
    assert.ok(told.of('warning').some(({ code }) => code === 'LEDGER_FAULT'));

    for (const each of files) renameSync(`${each}.away`, each);
    const last = told.of('sealed').at(-1)!.n;
    await until('all of it is anchored', () => told.of('anchored').some(({ n }) => n >= last), 20_000);
    await plant.stop(again, 0);
    assert.deepEqual(told.of('failed'), []);
  });

  test('says what was lost where the journal is gone, in a finding and in the gap record', async () => {
    const first = new Told();
    const module = await start(first);
    await until('it runs', () => first.of('running').length > 0);
    await plant.stop(module, 0);
    const { store } = plant.ownerConfig().channels[0];
    for (const end of ['', '-wal', '-shm']) rmSync(`${store}.journal${end}`, { force: true });
    const told = new Told();
    const gaps: string[] = [];
    const senderStore = (real: SenderStore): SenderStore =>
      adapted(real, 'seal', (seal, batch, progress) => {
        const { leaves } = (batch.deliveryPackage as unknown as DeliveryPackage).conditions;
        for (const record of leaves.map((leaf) => decodeRecord(fromBase64Url(leaf.record))))
          if (record.kind === 'gap') gaps.push(record.reason);
        seal(batch, progress);
      });
    const again = await start(told, { adapters: { senderStore } });
    await until('two batches are sealed', () => told.of('sealed').length >= 2);
    await plant.stop(again, 0);
    const { n } = told.of('sealed')[0]!;
    assert.ok(told.of('finding').some((finding) => finding.code === 'READINGS_LOST' && finding.n === n));
    assert.equal(gaps[0], 'storage');
    const later = new Told();
    const third = await start(later);
    await until('one more is sealed', () => later.of('sealed').length > 0);
    await plant.stop(third, 0);
    assert.ok(!later.of('finding').some(({ code }) => code === 'READINGS_LOST'));
  });

  // Every operation, before and after it took effect: npm run test:faults.
  for (const fault of ['seal before it took effect', 'append after it took effect']) {
    test(`refuses values while its disk fails, and loses none that it took when that is back: ${fault}`, async () => {
      const told = new Told();
      const traced: TraceEvent[] = [];
      let isBroken = false;
      let faults = 0;
      const fail = (): never => {
        faults++;
        throw new UnavailableError('STORE_FULL', 'The disk is full, as the test wants it.');
      };
      const isAfter = fault.includes('after');
      const senderStore = (store: SenderStore): SenderStore =>
        adapted(store, 'seal', (seal, ...args) => {
          const isFailing = isBroken && fault.startsWith('seal');
          if (isFailing && !isAfter) fail();
          seal(...args);
          if (isFailing) fail();
        });
      const journal = (real: BatchJournal): BatchJournal =>
        adapted(real, 'append', async (append, ...args) => {
          const isFailing = isBroken && fault.startsWith('append');
          if (isFailing && !isAfter) fail();
          await append(...args);
          if (isFailing) fail();
        });
      const module = await start(told, { adapters: { senderStore, journal }, trace: (event) => void traced.push(event) });
      await until('it runs', () => told.of('running').length > 0);
      let good = 0;
      const count = async (values: number): Promise<number[]> => {
        const answers = await offer(module, values);
        good += answers.filter((status) => status === 0).length;
        return answers;
      };
      await count(5);
      isBroken = true;
      while (!(await count(3)).includes(BAD_RESOURCE_UNAVAILABLE)) await pause(20);
      isBroken = false;
      await until('it goes on', () => told.of('running').length > 1, 20_000);
      assert.deepEqual(await count(4), [0, 0, 0, 0]);
      const { n } = told.of('sealed').at(-1) ?? { n: -1 };
      await until('two more are sealed', () => (told.of('sealed').at(-1)?.n ?? -1) >= n + 2);
      await plant.stop(module, 0);
      assert.ok(faults > 0);
      assert.ok(told.of('warning').some(({ code }) => code === 'STORE_FAULT'));
      assert.deepEqual(told.of('failed'), []);
      assert.equal(traced.filter(({ kind }) => kind === 'started').length, told.of('running').length);
      // What was refused may have been taken.
      assert.ok(sealedReadings(told) >= good, `${sealedReadings(told)} of ${good}`);
    });
  }
});

type Method = (...args: never[]) => unknown;

/** The same object with another way of doing one thing. */
function adapted<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  instead: Target[Name] extends (...args: infer Args) => infer Result ? (real: (...args: Args) => Result, ...args: Args) => Result : never,
): Target {
  return new Proxy(target, {
    get(real, key) {
      const member: unknown = Reflect.get(real, key, real);
      if (typeof member !== 'function') return member;
      const bound = (member as Method).bind(real);
      return key === name ? (...args: unknown[]) => (instead as (...all: unknown[]) => unknown)(bound, ...args) : bound;
    },
  });
}
