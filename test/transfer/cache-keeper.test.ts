import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBase64Url, hasCode, toBase64Url, UnavailableError } from '../../src/core/index.ts';
import { type ConditionOpening, type GapRecord, openHeader, verifyConditionOpening } from '../../src/evidence/index.ts';
import { type AtLimit, CacheKeeper, cachePolicy, type CacheTerms, gapOf } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { count, OWNER, termsFor, TestSender } from './fixture.ts';

/** An owner's module whose manufacturer can't be reached, with what its cache told. */
class CachingSender {
  readonly sender: TestSender;
  readonly keeper: CacheKeeper;
  readonly told: string[] = [];

  constructor(limits: CacheTerms, before?: CachingSender) {
    this.sender = before === undefined ? new TestSender() : new TestSender(termsFor(), before.sender.store);
    if (before !== undefined) this.sender.clock.timeMs = before.sender.clock.timeMs;
    const { store, clock } = this.sender;
    this.keeper = new CacheKeeper({
      policy: cachePolicy(limits),
      store,
      clock,
      listener: {
        dropped: ({ what, because, fromBatch, toBatch }) => void this.told.push(`${what} ${fromBatch}-${toBatch} ${because}`),
        full: (because) => void this.told.push(`full ${because}`),
        free: () => void this.told.push('free'),
      },
    });
  }

  /** Seals so many batches, each with a reading, and looks after each as the module does. */
  async batches(number: number): Promise<void> {
    for (let i = 0; i < number; i++) {
      this.sender.collecting.accept(count(i, this.sender.clock.now()));
      await this.sender.seal(1);
      this.keeper.review();
    }
  }

  receipt(...numbers: number[]): void {
    for (const n of numbers) {
      this.sender.clock.timeMs += 100;
      this.sender.store.setReceipted(n, SOME_ENVELOPE);
      this.keeper.left();
    }
  }

  /** Numbers of the batches that can still be opened. */
  get openable(): number[] {
    return this.sender.store
      .batches(0, 999)
      .map(({ n }) => n)
      .filter((n) => this.sender.store.opening(n) !== undefined);
  }

  /** What the gap records of all batches say, but for those that say nothing. Each is verified up to its signed header. */
  get gaps(): string[] {
    return this.sender.store.batches(0, 999).flatMap(({ n, header, deliveryPackage }) => {
      const { conditions } = deliveryPackage as unknown as { conditions: ConditionOpening };
      const root = fromBase64Url(openHeader(header, OWNER.publicKey).value.root);
      const { reason, fromBatch, toBatch }: GapRecord = verifyConditionOpening(this.sender.terms.params, n, root, conditions).gap;
      return reason === 'none' ? [] : [`${n}: ${reason} ${fromBatch}-${toBatch}`];
    });
  }

  /** Numbers and previous hashes of all headers are without a gap. */
  requireChain(): void {
    const headers = this.sender.store.batches(0, 999).map(({ header }) => openHeader(header, OWNER.publicKey));
    headers.forEach(({ value }, index) => {
      assert.equal(value.n, index);
      if (index > 0) assert.equal(value.prev, toBase64Url(headers[index - 1]!.hash));
    });
    assert.ok(headers.length > 0);
  }
}

const refusesReadings = (keeper: CacheKeeper): boolean => {
  try {
    keeper.requireRoom();
    return false;
  } catch (error) {
    assert.ok(error instanceof UnavailableError && hasCode(error, 'CACHE_FULL'));
    return true;
  }
};

describe('a cache with atLimit stop', () => {
  test('takes no reading from the limit on until receipts are back, and gives up nothing', async () => {
    const caching = new CachingSender({ maxBatches: 3, atLimit: 'stop' });
    await caching.batches(2);
    assert.equal(refusesReadings(caching.keeper), false);
    await caching.batches(2);
    assert.equal(refusesReadings(caching.keeper), true);
    assert.deepEqual([caching.openable, caching.told, caching.gaps], [[0, 1, 2, 3], ['full batches'], []]);
    caching.receipt(0);
    assert.equal(refusesReadings(caching.keeper), true, 'three are left');
    caching.receipt(1);
    assert.equal(refusesReadings(caching.keeper), false);
    assert.deepEqual(caching.told, ['full batches', 'free']);
    await caching.batches(1);
    assert.deepEqual([refusesReadings(caching.keeper), caching.told.at(-1)], [true, 'full batches']);
  });

  test('is full by age as soon as the next batch is sealed after it', async () => {
    const caching = new CachingSender({ maxAgeMs: 2500 });
    await caching.batches(3);
    assert.equal(caching.keeper.isFull, false);
    await caching.batches(1);
    assert.deepEqual([caching.keeper.isFull, caching.told], [true, ['full age']]);
  });

  test('is found full again after a restart, before any reading is taken', async () => {
    const caching = new CachingSender({ maxBatches: 3 });
    await caching.batches(3);
    const again = new CachingSender({ maxBatches: 3 }, caching);
    again.keeper.review();
    assert.deepEqual([refusesReadings(again.keeper), again.told], [true, ['full batches']]);
    const larger = new CachingSender({ maxBatches: 30 }, caching);
    larger.keeper.review();
    assert.deepEqual([refusesReadings(larger.keeper), larger.told], [false, []]);
  });
});

describe('a cache that drops', () => {
  for (const [atLimit, kept, said] of [
    ['dropOldest', [3, 4, 5], ['4: dropped 0-0', '5: dropped 1-1']],
    ['dropNewest', [0, 1, 2], ['4: dropped 3-3', '5: dropped 4-4']],
  ] as const) {
    test(`${atLimit} keeps the readings of that end, and the next batch's gap record names each that went`, async () => {
      const caching = new CachingSender({ maxBatches: 3, atLimit });
      await caching.batches(6);
      assert.deepEqual([caching.openable, caching.gaps], [kept, said]);
      assert.equal(refusesReadings(caching.keeper), false);
      const gone = [0, 1, 2, 3, 4, 5].filter((n) => !(kept as readonly number[]).includes(n));
      assert.deepEqual(caching.told.filter((each) => each.startsWith('readings')), gone.map((n) => `readings ${n}-${n} batches`)); // prettier-ignore
      caching.requireChain();
      assert.equal(caching.sender.store.unreceipted(), 6, 'every delivery is still there');
    });
  }

  test('tells once that it is full, and once that it is free', async () => {
    const caching = new CachingSender({ maxBatches: 3, atLimit: 'dropOldest' });
    await caching.batches(6);
    caching.receipt(3, 4, 5);
    assert.deepEqual(
      caching.told.filter((each) => !each.startsWith('readings')),
      ['full batches', 'free'],
    );
  });

  test('a cache that had to drop was full, also where it is far below its limit after that', async () => {
    const caching = new CachingSender({ maxAgeMs: 1000, atLimit: 'dropOldest' });
    await caching.batches(1);
    caching.sender.clock.timeMs += 60_000;
    caching.keeper.review();
    assert.deepEqual(caching.told, ['readings 0-0 age', 'full age']);
    caching.keeper.review();
    assert.deepEqual(caching.told.slice(2), ['free']);
  });

  test('what was dropped and not said yet is said after a restart', async () => {
    const caching = new CachingSender({ maxBatches: 3, atLimit: 'dropOldest' });
    await caching.batches(4);
    assert.deepEqual(caching.gaps, []);
    const again = new CachingSender({ maxBatches: 9, atLimit: 'dropOldest' }, caching);
    again.keeper.review();
    await again.batches(2);
    assert.deepEqual(again.gaps, ['4: dropped 0-0']);
    again.requireChain();
  });

  test('several runs between two batches are said as one span', async () => {
    const caching = new CachingSender({ maxBatches: 9, atLimit: 'dropOldest' });
    await caching.batches(6);
    for (const n of [1, 2, 4]) caching.sender.store.dropOpening(n);
    await caching.batches(2);
    assert.deepEqual(caching.gaps, ['6: dropped 1-4']);
  });

  test('a batch that lacks something itself says that; the drops wait for the next one', async () => {
    const caching = new CachingSender({ maxBatches: 9, atLimit: 'dropOldest' });
    await caching.batches(3);
    caching.sender.store.dropOpening(1);
    caching.sender.collecting.noteGap('connection');
    await caching.batches(2);
    assert.deepEqual(caching.gaps, ['3: connection 0-0', '4: dropped 1-1']);
  });

  test('with room for less than all deliveries it gives up the oldest ones, headers and chain stay', async () => {
    const bytes = await bytesOfBatches(8);
    const caching = new CachingSender({ maxBytes: Math.floor(bytes.deliveries / 2), atLimit: 'dropOldest' });
    await caching.batches(8);
    const states = caching.sender.store.batches(0, 7).map(({ deliveryState }) => deliveryState);
    assert.ok(states.indexOf('Waiting') > 0 && !states.slice(states.indexOf('Waiting')).includes('Expired'), states.join());
    assert.deepEqual(caching.openable, []);
    assert.ok(caching.sender.store.cacheFill().bytes <= bytes.deliveries / 2);
    assert.ok(caching.told.includes('delivery 0-0 bytes'), caching.told.join());
    caching.requireChain();
  });

  test('works through a backlog a few at a time, and says it as one run', async () => {
    const caching = new CachingSender({ maxBatches: 99, atLimit: 'dropOldest' });
    await caching.batches(40);
    const again = new CachingSender({ maxBatches: 2, atLimit: 'dropOldest' }, caching);
    again.keeper.review();
    assert.deepEqual(again.told, ['readings 0-31 batches', 'full batches']);
    again.keeper.review();
    assert.deepEqual([again.told.at(-1), again.openable], ['readings 32-37 batches', [38, 39]]);
  });
});

async function bytesOfBatches(number: number): Promise<{ deliveries: number }> {
  const caching = new CachingSender({});
  await caching.batches(number);
  for (let n = 0; n < number; n++) caching.sender.store.dropOpening(n);
  return { deliveries: caching.sender.store.cacheFill().bytes };
}

describe('the gap record of a batch', () => {
  const drops = { fromBatch: 3, toBatch: 5 };

  test('says nothing where there is nothing to say', () => {
    assert.deepEqual(gapOf({ gap: 'none' }, undefined), { reason: 'none', fromBatch: 0, toBatch: 0 });
  });

  test('names the drops, unless the batch lacks something itself', () => {
    assert.deepEqual(gapOf({ gap: 'none' }, drops), { reason: 'dropped', ...drops });
    for (const gap of ['connection', 'missed', 'storage'] as const)
      assert.deepEqual(gapOf({ gap }, drops), { reason: gap, fromBatch: 0, toBatch: 0 });
  });
});

test('how full the cache is can be asked at any time', async () => {
  const caching = new CachingSender({ maxBatches: 4, atLimit: 'stop' satisfies AtLimit });
  assert.deepEqual([caching.keeper.fill().usedPart, caching.keeper.fill().batches], [0, 0]);
  await caching.batches(3);
  assert.deepEqual([caching.keeper.fill().usedPart, caching.keeper.fill().batches], [0.75, 3]);
});
