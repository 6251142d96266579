import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CacheFill } from '../../src/store/index.ts';
import {
  type AtLimit,
  cachePolicy,
  type CachePolicy,
  DEFAULT_CACHE_POLICY,
  hasRoomAgain,
  limitReached,
  nextDrop,
  usedPartOf,
} from '../../src/transfer/index.ts';

const NOW = 100_000;

function fill(changes: Partial<CacheFill> = {}): CacheFill {
  return { batches: 10, openable: 10, bytes: 1000, oldestMs: 90_000, oldestOpenableMs: 90_000, newestOpenableMs: 99_000, ...changes };
}

const EMPTY: CacheFill = {
  batches: 0,
  openable: 0,
  bytes: 0,
  oldestMs: undefined,
  oldestOpenableMs: undefined,
  newestOpenableMs: undefined,
};

/** Limits that none of the fills above reaches, but for what is given. */
function policy(atLimit: AtLimit, limits: Partial<CachePolicy> = {}): CachePolicy {
  return cachePolicy({ maxBytes: 1e6, atLimit, ...limits });
}

describe('what is not configured', () => {
  test('gives up nothing, and is limited by bytes alone', () => {
    assert.deepEqual(cachePolicy(), DEFAULT_CACHE_POLICY);
    assert.deepEqual(cachePolicy({}), { maxBytes: 1_073_741_824, maxBatches: Infinity, maxAgeMs: Infinity, atLimit: 'stop' });
    assert.deepEqual(cachePolicy({ maxAgeMs: 5, atLimit: 'dropOldest' }).maxBytes, DEFAULT_CACHE_POLICY.maxBytes);
  });
});

describe('a limit is reached', () => {
  for (const [name, limits, expected] of [
    ['by bytes', { maxBytes: 1000 }, 'bytes'],
    ['by batches', { maxBatches: 10 }, 'batches'],
    ['by age', { maxAgeMs: 10_000 }, 'age'],
    ['by none', { maxBytes: 1001, maxBatches: 11, maxAgeMs: 10_001 }, undefined],
  ] as const) {
    test(name, () => {
      for (const atLimit of ['stop', 'dropOldest', 'dropNewest'] as const)
        assert.equal(limitReached(policy(atLimit, limits), fill(), NOW), expected);
    });
  }

  test('never by an empty cache', () => {
    assert.equal(limitReached(policy('stop', { maxBytes: 1, maxBatches: 1, maxAgeMs: 1 }), EMPTY, NOW), undefined);
  });

  test('and there is room again at nine tenths of every limit, not before', () => {
    const limits = policy('stop', { maxBytes: 1000, maxBatches: 10 });
    const roomWith = (changes: Partial<CacheFill>): boolean => hasRoomAgain(limits, fill({ bytes: 10, openable: 1, ...changes }), NOW);
    assert.deepEqual(
      [{ bytes: 900 }, { bytes: 901 }, { openable: 9 }, { openable: 10 }].map((changes) => roomWith(changes)),
      [true, false, true, false],
    );
    assert.equal(hasRoomAgain(limits, EMPTY, NOW), true);
  });

  test('how full it is tells the greatest part of any limit', () => {
    assert.equal(usedPartOf(policy('stop', { maxBytes: 4000, maxBatches: 20, maxAgeMs: 100_000 }), fill(), NOW), 0.5);
    assert.equal(usedPartOf(policy('stop'), EMPTY, NOW), 0);
  });
});

describe('at a limit', () => {
  const beyond = { maxBytes: 999, maxBatches: 9, maxAgeMs: 1 };

  test('stop drops nothing, whatever the limit', () => {
    for (const limit of [beyond, { maxBytes: 1 }]) assert.equal(nextDrop(policy('stop', limit), fill(), NOW), undefined);
  });

  test('readings go from the end that the policy names, and nothing goes at the limit itself', () => {
    for (const [atLimit, end] of [
      ['dropOldest', 'oldest'],
      ['dropNewest', 'newest'],
    ] as const) {
      assert.deepEqual(nextDrop(policy(atLimit, { maxBytes: 999 }), fill(), NOW), { what: 'readings', end, because: 'bytes' });
      assert.deepEqual(nextDrop(policy(atLimit, { maxBatches: 9 }), fill(), NOW), { what: 'readings', end, because: 'batches' });
      assert.equal(nextDrop(policy(atLimit, { maxBytes: 1000, maxBatches: 10 }), fill(), NOW), undefined);
    }
  });

  test('by age the oldest go once they are too old', () => {
    assert.deepEqual(nextDrop(policy('dropOldest', { maxAgeMs: 9999 }), fill(), NOW)?.because, 'age');
    assert.equal(nextDrop(policy('dropOldest', { maxAgeMs: 10_000 }), fill(), NOW), undefined);
    assert.equal(nextDrop(policy('dropOldest', { maxAgeMs: 10_000 }), fill({ oldestMs: 0 }), NOW), undefined, 'whose readings are kept');
  });

  test('by age the newest go that are later than the first stretch of the outage, however long that lasts', () => {
    const limits = policy('dropNewest', { maxAgeMs: 9000 });
    assert.equal(nextDrop(limits, fill(), NOW), undefined);
    assert.equal(nextDrop(limits, fill(), NOW + 1e9), undefined);
    assert.deepEqual(nextDrop(limits, fill({ newestOpenableMs: 99_001 }), NOW), { what: 'readings', end: 'newest', because: 'age' });
  });

  test('deliveries go for bytes alone, and only when no readings are left', () => {
    const none = { openable: 0, oldestOpenableMs: undefined, newestOpenableMs: undefined };
    assert.deepEqual(nextDrop(policy('dropOldest', beyond), fill(none), NOW), { what: 'delivery', end: 'oldest', because: 'bytes' });
    assert.deepEqual(nextDrop(policy('dropNewest', beyond), fill(none), NOW), { what: 'delivery', end: 'newest', because: 'bytes' });
    assert.equal(nextDrop(policy('dropOldest', { ...beyond, maxBytes: 1000 }), fill(none), NOW), undefined);
    assert.equal(nextDrop(policy('dropOldest', { maxBytes: 0.5 }), { ...EMPTY, bytes: 1 }, NOW), undefined);
  });
});

/** A cache as the store would have it: what is kept of each batch. */
interface Held {
  readonly at: number;
  readings: number;
  delivery: number;
}

function fillOf(held: readonly Held[]): CacheFill {
  const cached = held.filter(({ delivery }) => delivery > 0);
  const openable = cached.filter(({ readings }) => readings > 0);
  return {
    batches: cached.length,
    openable: openable.length,
    bytes: cached.reduce((sum, { readings, delivery }) => sum + readings + delivery, 0),
    oldestMs: cached[0]?.at,
    oldestOpenableMs: openable[0]?.at,
    newestOpenableMs: openable.at(-1)?.at,
  };
}

/** Drops until the policy is content. @returns what went, in order */
function applied(limits: CachePolicy, held: readonly Held[], nowMs: number): { n: number; what: string }[] {
  const gone: { n: number; what: string }[] = [];
  for (let step = nextDrop(limits, fillOf(held), nowMs); step !== undefined; step = nextDrop(limits, fillOf(held), nowMs)) {
    const { what, end } = step;
    const part = what === 'readings' ? 'readings' : 'delivery';
    const isThere = (each: Held): boolean => each.delivery > 0 && each[part] > 0;
    const n = end === 'oldest' ? held.findIndex(isThere) : held.findLastIndex(isThere);
    held[n]![part] = 0;
    gone.push({ n, what });
  }
  return gone;
}

const heldBatches = fc
  .array(fc.record({ readings: fc.integer({ min: 1, max: 500 }), delivery: fc.integer({ min: 1, max: 100 }) }), { maxLength: 20 })
  .map((list) => list.map((each, index): Held => ({ at: 1000 * index, ...each })));
const limits = (atLimit: fc.Arbitrary<AtLimit>): fc.Arbitrary<CachePolicy> =>
  fc.record({
    atLimit,
    maxBytes: fc.integer({ min: 1, max: 6000 }),
    maxBatches: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity)),
    maxAgeMs: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constant(Infinity)),
  });

describe('whatever the cache holds and the limits are', () => {
  const dropping = limits(fc.constantFrom('dropOldest', 'dropNewest'));

  test('dropping ends, and then every limit is kept', () => {
    fc.assert(
      fc.property(heldBatches, dropping, (held, policy) => {
        const nowMs = 1000 * held.length;
        applied(policy, held, nowMs);
        const after = fillOf(held);
        assert.ok(after.bytes <= policy.maxBytes);
        assert.ok(after.openable <= policy.maxBatches);
        if (policy.atLimit === 'dropOldest' && after.oldestOpenableMs !== undefined)
          assert.ok(nowMs - after.oldestOpenableMs <= policy.maxAgeMs);
        if (policy.atLimit === 'dropNewest' && after.newestOpenableMs !== undefined)
          assert.ok(after.newestOpenableMs - (after.oldestMs ?? 0) <= policy.maxAgeMs);
      }),
    );
  });

  test('no delivery goes before all readings, and nothing goes in vain: without the last drop a limit is exceeded', () => {
    fc.assert(
      fc.property(heldBatches, dropping, (held, policy) => {
        const before = held.map((each) => ({ ...each }));
        const gone = applied(policy, held, 1000 * held.length);
        const kinds = gone.map(({ what }) => what);
        assert.deepEqual(kinds, [...kinds].sort().reverse());
        if (kinds.includes('delivery')) assert.equal(kinds.filter((what) => what === 'readings').length, before.length);
        const last = gone.at(-1);
        if (last === undefined) return;
        const part = last.what === 'readings' ? 'readings' : 'delivery';
        held[last.n]![part] = before[last.n]![part];
        assert.ok(nextDrop(policy, fillOf(held), 1000 * held.length) !== undefined);
      }),
    );
  });

  test('what is dropped is one run from the end that the policy names', () => {
    fc.assert(
      fc.property(heldBatches, dropping, (held, policy) => {
        const gone = applied(policy, held, 1000 * held.length);
        for (const kind of ['readings', 'delivery']) {
          const numbers = gone.filter(({ what }) => what === kind).map(({ n }) => n);
          const expected = numbers.map((_, index) => (policy.atLimit === 'dropOldest' ? index : held.length - 1 - index));
          assert.deepEqual(numbers, expected);
        }
      }),
    );
  });

  test('stop keeps everything', () => {
    fc.assert(
      fc.property(heldBatches, limits(fc.constant('stop')), (held, policy) => {
        assert.deepEqual(applied(policy, held, 1e9), []);
      }),
    );
  });

  test('what has room again is not at a limit', () => {
    fc.assert(
      fc.property(heldBatches, limits(fc.constantFrom('stop', 'dropOldest', 'dropNewest')), (held, policy) => {
        const nowMs = 1000 * held.length;
        if (hasRoomAgain(policy, fillOf(held), nowMs)) assert.equal(limitReached(policy, fillOf(held), nowMs), undefined);
      }),
    );
  });
});
