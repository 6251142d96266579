import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, fromUtf8 } from '../../src/core/index.ts';
import { Clearing, compilePolicy, type MappingPolicy, type RawReading } from '../../src/policy/index.ts';
import { BAD, condition, GOOD, reading, ua, UNCERTAIN } from './policies.ts';

const AGGREGATES = ['last', 'max', 'min', 'mean', 'sum', 'count', 'delta'] as const;

function stream(name: string, aggregate: string, other: Record<string, unknown>): Record<string, unknown> {
  const conditions = [
    condition(0, { ranges: [{ to: 3 }] }),
    condition(1, { ranges: [{ from: 3, to: 20 }] }),
    condition(2, { ranges: [{ from: 20 }] }),
    condition(7),
  ];
  const delta = aggregate === 'delta' ? { decrease: 'signed' } : {};
  return { name, title: { en: name, de: name }, aggregate, conditions, ...delta, ...other };
}

/** Every aggregation over an integer, a double and a model of both; and the other kinds of streams. */
const policy: MappingPolicy = compilePolicy({
  name: 'all.json',
  text: JSON.stringify({
    id: 'all',
    version: 1,
    tags: [
      { name: 'I', type: 'Int64', staleAfterMs: 2500 },
      { name: 'D', type: 'Double', minimum: -1000, maximum: 1000, staleAfterMs: 4000 },
      { name: 'B', type: 'Boolean' },
      { name: 'S', type: 'String' },
    ],
    streams: [
      ...AGGREGATES.map((how) => stream(`I-${how}`, how, { tags: ['I'], quality: { missing: 'hold', stale: 7, bad: 'ignore' } })),
      ...AGGREGATES.map((how) =>
        stream(`D-${how}`, how, { tags: ['D'], quality: { missing: 'none', uncertain: 7, bad: 'none', stale: 'ignore' } }),
      ),
      ...AGGREGATES.map((how) =>
        stream(`M-${how}`, how, {
          tags: ['D', 'I'],
          compute: { kind: 'linear', intercept: 0.1, weights: { D: 0.3, I: 1.7 } },
          quality: { missing: 7, uncertain: 'use', stale: 'none' },
        }),
      ),
      { ...stream('B', 'max', { tags: ['B'] }), conditions: [condition(0, { values: [false] }), condition(1, { values: [true] })] },
      {
        ...stream('S', 'last', { tags: ['S'] }),
        conditions: [condition(0, { values: ['a'] }), condition(1, { otherwise: true })],
        quality: { missing: 'hold' },
      },
      {
        ...stream('St', 'last', { tags: ['D'], input: 'status' }),
        conditions: [condition(0, { values: ['Good'] }), condition(1, { otherwise: true })],
      },
    ],
  }),
});

type Event = { readonly reading: RawReading } | { readonly end: true };

const readings: fc.Arbitrary<RawReading> = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: -40n, max: 40n }).map((value) => ['I', ua('Int64', value)] as const),
      fc.double({ min: -1001, max: 1001 }).map((value) => ['D', ua('Double', value)] as const),
      fc.boolean().map((value) => ['B', ua('Boolean', value)] as const),
      fc.constantFrom('a', 'b').map((value) => ['S', ua('String', value)] as const),
    ),
    fc.constantFrom(GOOD, GOOD, GOOD, UNCERTAIN, BAD),
  )
  .map(([[tag, value], status]) => reading(tag, value, { status }));

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: readings.map((one): Event => ({ reading: one })) },
    { weight: 1, arbitrary: fc.constant<Event>({ end: true }) },
  ),
  { maxLength: 40 },
);

/** One event every 500 ms. */
function happen(clearing: Clearing, event: Event, at: number): void {
  if ('end' in event) clearing.endInterval(at * 500);
  else clearing.accept({ ...event.reading, acceptedMs: at * 500, sourceMs: at * 500 });
}

function conditions(clearing: Clearing, at: number): number[] {
  return policy.streams.map((_, index) => clearing.condition(index, at * 500));
}

function allConditions(list: readonly Event[], eachTime: (clearing: Clearing) => Clearing = (same) => same): number[][] {
  let clearing = new Clearing(policy);
  return list.map((event, at) => {
    happen(clearing, event, at);
    clearing = eachTime(clearing);
    return conditions(clearing, at);
  });
}

test('a clearing that is stored and restored at any time cannot be told from one that went on', () => {
  fc.assert(
    fc.property(events, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (list, restarts) => {
      let at = 0;
      const stored = allConditions(list, (clearing) => {
        if (restarts[at++] !== true) return clearing;
        const bytes = canonicalJson(clearing.snapshot());
        return Clearing.restore(policy, JSON.parse(fromUtf8(bytes)));
      });
      assert.deepEqual(stored, allConditions(list));
    }),
  );
});

test('a restored clearing gives the same snapshot', () => {
  fc.assert(
    fc.property(events, (list) => {
      const clearing = new Clearing(policy);
      list.forEach((event, at) => happen(clearing, event, at));
      assert.deepEqual(Clearing.restore(policy, clearing.snapshot()).snapshot(), clearing.snapshot());
    }),
  );
});

test('equal readings give equal conditions', () => {
  fc.assert(fc.property(events, (list) => assert.deepEqual(allConditions(list), allConditions(list))));
});

test('asking for conditions changes none of the later ones', () => {
  fc.assert(
    fc.property(events, (list) => {
      const silent = new Clearing(policy);
      list.forEach((event, at) => happen(silent, event, at));
      assert.deepEqual(allConditions(list).at(-1) ?? conditions(silent, 0), conditions(silent, Math.max(list.length - 1, 0)));
    }),
  );
});

test('the readings of other tags, and where among a stream’s own they come, do not matter', () => {
  const sourcesOf = (index: number) => new Set(policy.streams[index]!.tags.map((tag) => policy.tags[tag]!.name));
  fc.assert(
    fc.property(events, (list) => {
      const last = list.length;
      policy.streams.forEach((_, index) => {
        const sources = sourcesOf(index);
        const alone = new Clearing(policy);
        list.forEach((event, at) => {
          if ('end' in event || sources.has(event.reading.tag)) happen(alone, event, at);
        });
        const together = new Clearing(policy);
        list.forEach((event, at) => happen(together, event, at));
        assert.equal(alone.condition(index, last * 500), together.condition(index, last * 500));
      });
    }),
    { numRuns: 50 },
  );
});

test('every condition is one that the stream lists, or NONE', () => {
  fc.assert(
    fc.property(events, (list) => {
      for (const codes of allConditions(list)) {
        codes.forEach((code, index) => assert.ok(code === -1 || policy.streams[index]!.conditions.some((one) => one.code === code)));
      }
    }),
  );
});

test('the state does not grow with the number of readings', () => {
  const clearing = new Clearing(policy);
  const fill = (count: number) => {
    for (let i = 0; i < count; i++)
      clearing.accept(reading(i % 2 === 0 ? 'I' : 'D', i % 2 === 0 ? ua('Int64', BigInt(i % 7)) : ua('Double', 0.1 * (i % 7))));
    return canonicalJson(clearing.snapshot()).length;
  };
  const few = fill(100);
  assert.ok(fill(50_000) <= few + 200);
});
