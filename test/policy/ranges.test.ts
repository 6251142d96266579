import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { codeFor, Clearing } from '../../src/policy/index.ts';
import { nextUp } from '../../src/policy/number-line.ts';
import { codeOf, compile, condition, policyText, reading, refusal, ua } from './policies.ts';

const COUNTER = { type: 'Int32', minimum: 0, maximum: 9999 };

function paper(...ranges: readonly object[]): string {
  return policyText(COUNTER, { conditions: ranges.map((range, code) => condition(code, { ranges: [range] })) });
}

describe('the paper’s case', () => {
  const policy = compile(paper({ to: 5300 }, { from: 5300, to: 5400, toIncluded: true }, { from: 5400, fromIncluded: false }));

  test('5300 up to and including 5400 gives condition 1, their neighbours do not', () => {
    assert.deepEqual(
      [0, 5299, 5300, 5367, 5400, 5401, 9999].map((count) => codeOf(policy, count)),
      [0, 0, 1, 1, 1, 2, 2],
    );
  });

  test('strict bounds as in the paper are refused, with the values that they leave out', () => {
    const strict = paper({ to: 5300 }, { from: 5300, fromIncluded: false, to: 5400 }, { from: 5400, fromIncluded: false });
    assert.match(refusal('POLICY_HOLE', strict), /no condition covers 5300\./);
    const second = paper({ to: 5300 }, { from: 5300, to: 5400 }, { from: 5400, fromIncluded: false });
    assert.match(refusal('POLICY_HOLE', second), /no condition covers 5400\./);
  });
});

describe('holes', () => {
  test('at the lower end of the tag’s range', () => {
    assert.match(refusal('POLICY_HOLE', paper({ from: 10 })), /no condition covers 0 to 9, both included/);
  });

  test('at the upper end', () => {
    assert.match(refusal('POLICY_HOLE', paper({ to: 9999 })), /no condition covers 9999\./);
  });

  test('between ranges, whatever their order in the file', () => {
    assert.match(refusal('POLICY_HOLE', paper({ from: 300 }, { to: 200 })), /no condition covers 200 to 299, both included/);
  });

  test('of one single double', () => {
    const text = policyText(
      { type: 'Double' },
      { conditions: [condition(0, { ranges: [{ to: 5 }] }), condition(1, { ranges: [{ from: 5, fromIncluded: false }] })] },
    );
    assert.match(refusal('POLICY_HOLE', text), /no condition covers 5\./);
  });

  test('beyond the bounds where the tag has none', () => {
    const text = policyText({ type: 'Double' }, { conditions: [condition(0, { ranges: [{ from: 5 }] })] });
    assert.match(refusal('POLICY_HOLE', text), /no condition covers all numbers up to and including 4\.999999999999999/);
  });

  test('everything, where no condition has a range', () => {
    const text = policyText(COUNTER, { conditions: [condition(0)], quality: { bad: 0 } });
    assert.match(refusal('POLICY_HOLE', text), /no condition covers 0 to 9999, both included/);
  });

  test('none between neighbouring integers, but one between the same bounds of doubles', () => {
    const conditions = [condition(0, { ranges: [{ to: 5, toIncluded: true }] }), condition(1, { ranges: [{ from: 6 }] })];
    compile(policyText({ type: 'Int16' }, { conditions }));
    assert.match(
      refusal('POLICY_HOLE', policyText({ type: 'Float' }, { conditions })),
      /5\.000000000000001 to 5\.999999999999999, both included/,
    );
  });

  test('a mean of integers is not an integer', () => {
    const conditions = [condition(0, { ranges: [{ to: 5, toIncluded: true }] }), condition(1, { ranges: [{ from: 6 }] })];
    assert.match(refusal('POLICY_HOLE', policyText({ type: 'Int16' }, { conditions, aggregate: 'mean' })), /no condition covers 5\.0/);
  });
});

describe('overlaps', () => {
  test('of one value name both conditions and the value', () => {
    assert.match(refusal('POLICY_OVERLAP', paper({ to: 5300, toIncluded: true }, { from: 5300 })), /conditions 0 and 1 both cover 5300\./);
  });

  test('of several values, and of a range within another', () => {
    assert.match(refusal('POLICY_OVERLAP', paper({ to: 60 }, { from: 50 })), /conditions 0 and 1 both cover 50 to 59, both included/);
    assert.match(refusal('POLICY_OVERLAP', paper({}, { from: 50, to: 60 })), /conditions 0 and 1 both cover 50 to 59/);
  });

  test('within one condition', () => {
    const text = policyText(COUNTER, { conditions: [condition(7, { ranges: [{ to: 60 }, { from: 59 }] })] });
    assert.match(refusal('POLICY_OVERLAP', text), /condition 7 covers twice 59\./);
  });
});

describe('unreachable ranges', () => {
  for (const [what, range] of Object.entries({
    'above the tag’s range': { from: 10_000 },
    'below it': { to: 0 },
    empty: { from: 5, to: 5 },
    'turned round': { from: 9, to: 5 },
    'between two integers': { from: 5.2, to: 5.8 },
  })) {
    test(what, () => {
      assert.match(
        refusal('POLICY_UNREACHABLE', paper({}, range)),
        /condition 1 has a range that nothing can reach: the stream has 0 to 9999/,
      );
    });
  }

  test('below what the type can hold', () => {
    const text = policyText({ type: 'Byte' }, { conditions: [condition(0, { ranges: [{}] }), condition(1, { ranges: [{ to: 0 }] })] });
    assert.match(refusal('POLICY_UNREACHABLE', text), /0 to 255/);
  });

  test('a negative growth of a counter', () => {
    const conditions = [condition(0, { ranges: [{ from: 0 }] }), condition(1, { ranges: [{ to: 0 }] })];
    const text = policyText({ type: 'UInt32' }, { aggregate: 'delta', decrease: 'restart', conditions });
    assert.match(refusal('POLICY_UNREACHABLE', text), /0 and above/);
  });

  test('a count of 0 where an interval without readings is no count', () => {
    const conditions = [condition(0, { ranges: [{ to: 1 }] }), condition(1, { ranges: [{ from: 1 }] })];
    refusal('POLICY_UNREACHABLE', policyText({}, { aggregate: 'count', conditions }));
    compile(policyText({}, { aggregate: 'count', conditions, quality: { missing: 'zero' } }));
  });
});

test('a bound beyond 2^53 is refused for integers, for JSON does not hold it exactly', () => {
  const text = policyText(
    { type: 'Int64' },
    { conditions: [condition(0, { ranges: [{ to: 2 ** 60 }] }), condition(1, { ranges: [{ from: 2 ** 60 }] })] },
  );
  refusal('POLICY_INCONSISTENT', text);
});

test('64-bit integers are compared exactly', () => {
  const policy = compile(
    policyText(
      { type: 'UInt64' },
      { conditions: [condition(0, { ranges: [{ to: 2 ** 53 - 1 }] }), condition(1, { ranges: [{ from: 2 ** 53 - 1 }] })] },
    ),
  );
  assert.deepEqual(
    [2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 64n - 1n].map((value) => codeOf(policy, value)),
    [0, 1, 1],
  );
});

/** Ranges between ascending bounds: complete, and with one bound shifted or its side changed. */
const bounds = (numbers: fc.Arbitrary<number>) =>
  fc.uniqueArray(numbers, { minLength: 1, maxLength: 8, comparator: (a, b) => a === b }).map((all) => all.sort((a, b) => a - b));
const integersWithin = fc.integer({ min: 1, max: 9998 });
const doublesWithin = fc.double({ min: -1e6, max: 1e6, noNaN: true });

function partition(cuts: readonly number[], cutGoesUp: readonly boolean[]): object[] {
  return [...cuts, undefined].map((cut, index) => ({
    ...(index === 0 ? {} : { from: cuts[index - 1], fromIncluded: cutGoesUp[index - 1] ?? true }),
    ...(cut === undefined ? {} : { to: cut, toIncluded: !(cutGoesUp[index] ?? true) }),
  }));
}

interface Range {
  from?: number;
  to?: number;
  fromIncluded?: boolean;
  toIncluded?: boolean;
}

function contains({ from, to, fromIncluded = true, toIncluded = false }: Range, value: number): boolean {
  const isAbove = from === undefined || value > from || (fromIncluded && value === from);
  return isAbove && (to === undefined || value < to || (toIncluded && value === to));
}

describe('properties', () => {
  const sides = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });

  test('what compiles gives every double exactly one condition: the one whose range holds it', () => {
    fc.assert(
      fc.property(bounds(doublesWithin), sides, fc.array(doublesWithin), (cuts, up, probes) => {
        // Between neighbouring doubles a range with both bounds left out is empty, and rightly refused.
        fc.pre(cuts.every((cut, index) => index === 0 || nextUp(cuts[index - 1]!) < cut));
        const policy = compile(
          policyText({ type: 'Double' }, { conditions: partition(cuts, up).map((range, code) => condition(code, { ranges: [range] })) }),
        );
        for (const value of [
          ...probes,
          ...cuts,
          ...cuts.map(nextUp),
          ...cuts.map((cut) => -nextUp(-cut)),
          -Number.MAX_VALUE,
          Number.MAX_VALUE,
        ]) {
          const expected = cuts.filter((cut, index) => (up[index] ? value >= cut : value > cut)).length;
          assert.equal(codeOf(policy, value), expected);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('arbitrary ranges of integers are let through exactly where each integer is in one, and each range has one', () => {
    const bound = fc.integer({ min: -2, max: 12 });
    const lower = fc.oneof(fc.constant({}), fc.record({ from: bound, fromIncluded: fc.boolean() }, { requiredKeys: ['from'] }));
    const upper = fc.oneof(fc.constant({}), fc.record({ to: bound, toIncluded: fc.boolean() }, { requiredKeys: ['to'] }));
    const arbitrary = fc.array(
      fc.tuple(lower, upper).map(([from, to]): Range => ({ ...from, ...to })),
      { minLength: 1, maxLength: 3 },
    );
    const complete = fc.tuple(bounds(bound), sides).map(([cuts, up]): Range[] => partition(cuts, up));
    const all = Array.from({ length: 11 }, (_, value) => value);
    fc.assert(
      fc.property(fc.oneof(arbitrary, complete), (ranges) => {
        const holding = all.map((value) => ranges.flatMap((one, code) => (contains(one, value) ? [code] : [])));
        const isPartition =
          holding.every((codes) => codes.length === 1) && ranges.every((one) => all.some((value) => contains(one, value)));
        const text = policyText(
          { type: 'Int32', minimum: 0, maximum: 10 },
          { conditions: ranges.map((one, code) => condition(code, { ranges: [one] })) },
        );
        if (isPartition)
          assert.deepEqual(
            all.map((value) => [codeOf(compile(text), value)]),
            holding,
          );
        else assert.throws(() => compile(text), { code: /^POLICY_/ });
      }),
      { numRuns: 500 },
    );
  });

  test('moving one bound of a complete policy is refused, and the value shown is in no range or in two', () => {
    const by = fc.integer({ min: -3, max: 3 }).filter((distance) => distance !== 0);
    fc.assert(
      fc.property(bounds(integersWithin), fc.nat(), by, (cuts, which, distance) => {
        const ranges = partition(cuts, []) as Range[];
        const moved = ranges[which % cuts.length]!;
        moved.to = moved.to! + distance;
        const text = policyText(COUNTER, { conditions: ranges.map((range, code) => condition(code, { ranges: [range] })) });
        assert.throws(
          () => compile(text),
          (error: Error) => {
            if (error.message.includes('nothing can reach')) return moved.to! <= (moved.from ?? 0);
            const shown = Number(error.message.match(/covers? (\d+)/)?.[1]);
            return Number.isInteger(shown) && ranges.filter((range) => contains(range, shown)).length !== 1;
          },
        );
      }),
    );
  });
});

test('the code of a value outside the domain is not guessed', () => {
  const policy = compile(paper({}));
  assert.equal(codeFor(policy.streams[0]!.mapping, 10_000n), undefined);
  assert.equal(codeFor(policy.streams[0]!.mapping, true), undefined);
  const clearing = new Clearing(policy);
  clearing.accept(reading('T', ua('Int32', 10_000)));
  assert.equal(clearing.condition(0, 0), -1);
});
