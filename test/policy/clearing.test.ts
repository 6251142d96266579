import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, RESERVED_CODES } from '../../src/core/index.ts';
import { Clearing } from '../../src/policy/index.ts';
import { BAD, compile, condition, GOOD, policyText, reading, ua, UNCERTAIN } from './policies.ts';

const { NONE } = RESERVED_CODES;
const SPLIT = [condition(0, { ranges: [{ to: 10 }] }), condition(1, { ranges: [{ from: 10 }] })];
const FAULT = condition(9);

interface Given {
  readonly tag?: Record<string, unknown>;
  readonly stream?: Record<string, unknown>;
  readonly quality?: Record<string, unknown>;
}

function clearing({ tag = {}, stream = {}, quality = {} }: Given = {}): Clearing {
  const conditions = Object.values(quality).includes(9) ? [...SPLIT, FAULT] : SPLIT;
  return new Clearing(compile(policyText(tag, { conditions, ...stream, quality })));
}

function int(value: number, status = GOOD, acceptedMs = 0) {
  return reading('T', ua('Int32', value), { status, acceptedMs });
}

describe('quality of readings', () => {
  const after = (quality: Record<string, unknown>, ...readings: ReturnType<typeof reading>[]) => {
    const one = clearing({ quality });
    readings.forEach((each) => one.accept(each));
    return one.condition(0, 0);
  };

  test('a bad reading is left out, makes the interval NONE, or gives its condition', () => {
    assert.equal(after({ bad: 'ignore' }, int(20), int(5, BAD)), 1);
    assert.equal(after({ bad: 'none' }, int(20), int(5, BAD), int(20)), NONE);
    assert.equal(after({ bad: 9 }, int(20), int(5, BAD), int(20)), 9);
  });

  test('the reserved severity counts as bad', () => {
    assert.equal(after({ bad: 9 }, int(20, 0xc0000000)), 9);
  });

  test('an uncertain reading is taken, left out, makes the interval NONE, or gives its condition', () => {
    assert.equal(after({ uncertain: 'use' }, int(20), int(5, UNCERTAIN)), 0);
    assert.equal(after({ uncertain: 'ignore' }, int(20), int(5, UNCERTAIN)), 1);
    assert.equal(after({ uncertain: 'none' }, int(20), int(5, UNCERTAIN)), NONE);
    assert.equal(after({ uncertain: 9 }, int(20), int(5, UNCERTAIN)), 9);
  });

  test('bad readings decide before uncertain ones', () => {
    assert.equal(after({ bad: 'none', uncertain: 9 }, int(5, UNCERTAIN), int(5, BAD)), NONE);
    assert.equal(after({ bad: 9, uncertain: 'none' }, int(5, UNCERTAIN), int(5, BAD)), 9);
  });

  test('what happened to an interval ends with it', () => {
    const one = clearing({ quality: { bad: 'none' } });
    one.accept(int(5, BAD));
    assert.equal(one.condition(0, 0), NONE);
    one.endInterval(0);
    one.accept(int(5));
    assert.equal(one.condition(0, 0), 0);
  });

  test('left-out readings alone leave the interval without a sample', () => {
    assert.equal(after({ bad: 'ignore', missing: 9 }, int(5, BAD)), 9);
  });

  for (const [what, type, value] of [
    ['NaN', 'Double', Number.NaN],
    ['Infinity', 'Double', Infinity],
    ['-Infinity', 'Float', -Infinity],
    ['no value', 'Double', undefined],
    ['a value of another type', 'Double', ua('Float', 1)],
    ['a value below the minimum', 'Double', -1],
    ['a value above the maximum', 'Double', 101],
    ['a fraction in an integer', 'Int32', 1.5],
    ['an integer that its type cannot hold', 'Byte', 300],
    ['a number in a Boolean', 'Boolean', 1],
    ['a lone surrogate in a text', 'String', '\ud800'],
  ] as const) {
    test(`${what} never counts, whatever the status says`, () => {
      const limits = type === 'Double' || type === 'Float' ? { minimum: 0, maximum: 100 } : {};
      const mapping = { Boolean: [condition(0, { values: [true, false] })], String: [condition(0, { otherwise: true })] }[type as string];
      const conditions = [...(mapping ?? [condition(0, { ranges: [{}] })]), FAULT];
      const one = new Clearing(compile(policyText({ type, ...limits }, { conditions, quality: { bad: 9 } })));
      const given = value === undefined || typeof value === 'object' ? value : ua(type, value);
      one.accept(reading('T', given));
      assert.equal(one.condition(0, 0), 9);
    });
  }
});

describe('missing readings', () => {
  test('give NONE, a condition, zero, or hold the last one', () => {
    assert.equal(clearing().condition(0, 0), NONE);
    assert.equal(clearing({ quality: { missing: 9 } }).condition(0, 0), 9);
    const sum = { aggregate: 'sum' };
    assert.equal(clearing({ tag: { minimum: 0 }, stream: sum, quality: { missing: 'zero' } }).condition(0, 0), 0);
    assert.equal(clearing({ tag: { type: 'Double' }, stream: sum, quality: { missing: 'zero' } }).condition(0, 0), 0);
  });

  test('hold gives NONE at first, then what the last interval ended with', () => {
    const one = clearing({ quality: { missing: 'hold', bad: 'none' } });
    assert.equal(one.condition(0, 0), NONE);
    one.accept(int(20));
    one.endInterval(0);
    assert.equal(one.condition(0, 0), 1);
    one.endInterval(0);
    assert.equal(one.condition(0, 0), 1);
    one.accept(int(20, BAD));
    one.endInterval(0);
    assert.equal(one.condition(0, 0), NONE);
  });
});

describe('stale readings', () => {
  const tag = { staleAfterMs: 1000 };

  test('are those older than the tag allows, at the instant of clearing', () => {
    const one = clearing({ tag });
    one.accept(int(20, GOOD, 5000));
    assert.deepEqual(
      [5000, 6000, 6001].map((atMs) => one.condition(0, atMs)),
      [1, 1, NONE],
    );
  });

  test('give NONE, a condition, or nothing', () => {
    for (const [stale, expected] of [
      ['none', NONE],
      [9, 9],
      ['ignore', 1],
      ['use', 1],
    ] as const) {
      const one = clearing({ tag, quality: { stale } });
      one.accept(int(20, GOOD, 5000));
      assert.equal(one.condition(0, 7000), expected);
    }
  });

  test('end what hold repeats', () => {
    const one = clearing({ tag, quality: { missing: 'hold' } });
    one.accept(int(20, GOOD, 5000));
    one.endInterval(5500);
    assert.deepEqual(
      [5900, 6001].map((atMs) => one.condition(0, atMs)),
      [1, NONE],
    );
  });

  test('never were, where no reading has come or the tag has no limit', () => {
    assert.equal(clearing({ tag, quality: { stale: 9, missing: 'none' } }).condition(0, 1e12), NONE);
    const one = clearing();
    one.accept(int(20));
    assert.equal(one.condition(0, 1e15), 1);
  });

  test('go by the source’s time where the tag’s timestamp policy says so', () => {
    const timestamps = { use: 'source', maxAgeMs: 60_000, maxFutureMs: 1000 };
    for (const [given, expected] of [
      [{ ...tag, timestamps }, NONE],
      [tag, 1],
    ] as const) {
      const one = clearing({ tag: given });
      one.accept(reading('T', ua('Int32', 20), { sourceMs: 3000, acceptedMs: 5000 }));
      assert.equal(one.condition(0, 5500), expected);
    }
  });
});

describe('publications within an interval', () => {
  test('clear what was accepted so far, and change nothing', () => {
    const one = clearing({ stream: { aggregate: 'sum' } });
    one.accept(int(6));
    assert.deepEqual([one.condition(0, 0), one.condition(0, 0)], [0, 0]);
    one.accept(int(6));
    assert.equal(one.condition(0, 0), 1);
  });
});

describe('compute', () => {
  const U = { name: 'U', type: 'Int32', staleAfterMs: 1000 };
  const linear = { tags: ['T', 'U'], compute: { kind: 'linear', intercept: 1, weights: { T: 2, U: -1 } } };
  const u = (value: number, status = GOOD, acceptedMs = 0) => reading('U', ua('Int32', value), { status, acceptedMs });

  function computing(stream: Record<string, unknown>, quality: Record<string, unknown> = {}): Clearing {
    const conditions = [...SPLIT, condition(9)];
    return new Clearing(compile(policyText({}, { conditions, ...linear, ...stream, quality: { bad: 9, ...quality } }, [U])));
  }

  test('gives one sample for each reading of the trigger, over the last values of all sources', () => {
    const one = computing({
      aggregate: 'count',
      conditions: [condition(1, { ranges: [{ to: 2 }] }), condition(2, { ranges: [{ from: 2 }] }), condition(9)],
    });
    [int(1), int(2), u(1), int(3), int(4)].forEach((each) => one.accept(each));
    assert.equal(one.condition(0, 0), 1);
    one.accept(u(1));
    assert.equal(one.condition(0, 0), 2);
  });

  test('the trigger is the last tag named, unless another is', () => {
    const one = computing({});
    [int(5), u(1)].forEach((each) => one.accept(each));
    assert.equal(one.condition(0, 0), 1); // 1 + 2*5 - 1 = 10
    one.accept(int(4));
    assert.equal(one.condition(0, 0), 1);
    const other = computing({ trigger: 'T' });
    [u(1), int(4)].forEach((each) => other.accept(each));
    assert.equal(other.condition(0, 0), 0); // 1 + 2*4 - 1 = 8
  });

  test('no sample comes of it before every source has had a reading', () => {
    const one = computing({});
    one.accept(u(1));
    assert.equal(one.condition(0, 0), NONE);
  });

  test('a bad or uncertain last value of any source decides about the sample', () => {
    const bad = computing({});
    [int(5, BAD), u(1)].forEach((each) => bad.accept(each));
    assert.equal(bad.condition(0, 0), 9);
    for (const [uncertain, expected] of [
      ['use', 1],
      ['ignore', NONE],
      ['none', NONE],
      [9, 9],
    ] as const) {
      const one = computing({}, { uncertain });
      [int(5, UNCERTAIN), u(1)].forEach((each) => one.accept(each));
      assert.equal(one.condition(0, 0), expected);
    }
  });

  test('a stale value of another source decides about the sample', () => {
    for (const [stale, expected] of [
      ['use', 0],
      ['ignore', NONE],
      ['none', NONE],
      [9, 9],
    ] as const) {
      const one = computing({ trigger: 'T' }, { stale });
      [u(1, GOOD, 0), int(1, GOOD, 1001)].forEach((each) => one.accept(each));
      one.accept(u(1, GOOD, 1001));
      assert.equal(one.condition(0, 1001), expected);
    }
  });

  test('a model that overflows gives a bad reading', () => {
    const one = new Clearing(
      compile(
        policyText(
          { type: 'Double' },
          { compute: { kind: 'linear', weights: { T: 1e300 } }, conditions: [...SPLIT, FAULT], quality: { bad: 9 } },
        ),
      ),
    );
    one.accept(reading('T', ua('Double', 1e300)));
    assert.equal(one.condition(0, 0), 9);
  });

  test('true counts as 1 and false as 0 in a linear model', () => {
    const one = new Clearing(
      compile(policyText({ type: 'Boolean' }, { aggregate: 'sum', compute: { kind: 'linear', weights: { T: 5 } }, conditions: SPLIT })),
    );
    [true, false, true].forEach((value) => one.accept(reading('T', ua('Boolean', value))));
    assert.equal(one.condition(0, 0), 1);
  });

  test('a module sees the last values by the tags’ names, and what it cannot compute is a bad reading', () => {
    const seen: unknown[] = [];
    const sha256 = 'a'.repeat(64);
    const run = (inputs: Readonly<Record<string, number | boolean | string>>) => (seen.push(inputs), Number(inputs['T']));
    const text = policyText(
      { type: 'String' },
      { conditions: [...SPLIT, FAULT], tags: ['T', '__proto__'], compute: { kind: 'module', file: 'm.js', sha256 }, quality: { bad: 9 } },
      [{ name: '__proto__', type: 'Int64' }],
    );
    const one = new Clearing(compile(text, new Map([[sha256, { digest: sha256, run }]])));
    [reading('T', ua('String', '20')), reading('__proto__', ua('Int64', 7n))].forEach((each) => one.accept(each));
    assert.deepEqual(Object.entries(seen[0] as object), [
      ['T', '20'],
      ['__proto__', 7],
    ]);
    assert.equal(one.condition(0, 0), 1);
    [reading('T', ua('String', 'no number')), reading('__proto__', ua('Int64', 7n))].forEach((each) => one.accept(each));
    assert.equal(one.condition(0, 0), 9);
  });
});

describe('refusals', () => {
  const refusedWith = (code: string) => (error: unknown) => error instanceof RejectedError && error.code === code;

  test('a reading of an unknown tag, without its name in the message', () => {
    assert.throws(
      () => clearing().accept(reading('secret', undefined)),
      (error) => refusedWith('UNKNOWN_TAG')(error) && !String(error).includes('secret'),
    );
  });

  test('an unknown stream', () => {
    assert.throws(() => clearing().condition(1, 0), refusedWith('UNKNOWN_STREAM'));
  });

  test('a snapshot of another policy, version or form, and a damaged one', () => {
    const one = clearing();
    one.accept(int(5));
    const snapshot = JSON.parse(JSON.stringify(one.snapshot())) as Record<string, unknown> & { tags: object[]; streams: object[] };
    Clearing.restore(one.policy, snapshot);
    const others = [
      { policy: 'other' },
      { version: 2 },
      { form: clearing({ stream: { aggregate: 'max' } }).snapshot() as string },
      { form: (clearing({ stream: { aggregate: 'max' } }).snapshot() as { form: string }).form },
      { extra: 1 },
      { tags: [] },
      { streams: [] },
      { streams: [{ ...snapshot.streams[0], exact: '01' }] },
      { streams: [{ ...snapshot.streams[0], kept: 'Integer:x' }] },
      { streams: [{ ...snapshot.streams[0], kept: 'Int32:5' }] },
      { streams: [{ ...snapshot.streams[0], base: 'Boolean:true' }] },
      { streams: [{ ...snapshot.streams[0], sum: '' }] },
      { streams: [{ ...snapshot.streams[0], count: -1 }] },
    ];
    for (const other of others) assert.throws(() => Clearing.restore(one.policy, { ...snapshot, ...other }), refusedWith('BAD_SNAPSHOT'));
    assert.throws(() => Clearing.restore(one.policy, undefined), refusedWith('BAD_SNAPSHOT'));
  });
});
