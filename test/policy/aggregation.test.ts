import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type AggregationRule,
  type AggregationState,
  emptyAggregation,
  resultOf,
  startInterval,
  take,
} from '../../src/policy/aggregation.ts';
import type { Aggregate } from '../../src/policy/domain.ts';
import type { Sample } from '../../src/policy/index.ts';
import { codeOf, compile, condition, policyText } from './policies.ts';

function rule(aggregate: Aggregate, decrease: 'restart' | 'signed' = 'signed'): AggregationRule {
  return { aggregate, decrease };
}

function taken(how: AggregationRule, samples: readonly Sample[], state: AggregationState = emptyAggregation()): AggregationState {
  for (const sample of samples) take(how, state, sample);
  return state;
}

const aggregate = (how: AggregationRule, samples: readonly Sample[]) => resultOf(how, taken(how, samples));

const doubles = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });
const integers = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1, maxLength: 50 });

/** A double as an exact multiple of 2^-1074. */
function exactly(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = bits >> 52n;
  const fraction = bits & (2n ** 52n - 1n);
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

const absolute = (value: bigint) => (value < 0n ? -value : value);

describe('without samples', () => {
  for (const name of ['last', 'max', 'min', 'mean', 'sum', 'count', 'delta'] as const) {
    test(`${name} gives nothing, also in a later interval`, () => {
      assert.equal(aggregate(rule(name), []), undefined);
      const state = taken(rule(name), [1n, 2n]);
      startInterval(rule(name), state);
      assert.equal(resultOf(rule(name), state), undefined);
    });
  }
});

describe('last, max, min and count', () => {
  test('agree with the list of samples', () => {
    fc.assert(
      fc.property(doubles, (samples) => {
        assert.equal(aggregate(rule('last'), samples), samples.at(-1));
        assert.equal(
          aggregate(rule('max'), samples),
          samples.reduce((a, b) => (b > a ? b : a)),
        );
        assert.equal(
          aggregate(rule('min'), samples),
          samples.reduce((a, b) => (b < a ? b : a)),
        );
        assert.equal(aggregate(rule('count'), samples), BigInt(samples.length));
      }),
    );
  });
});

describe('sum and mean', () => {
  test('of integers are exact, also beyond 2^53', () => {
    fc.assert(
      fc.property(integers, (samples) => {
        const total = samples.reduce((a, b) => a + b, 0n);
        assert.equal(aggregate(rule('sum'), samples), total);
        const mean = aggregate(rule('mean'), samples) as number;
        const off = exactly(mean) * BigInt(samples.length) - (total << 1074n);
        const tolerance = (exactly(Math.abs(mean)) >> 51n) * BigInt(samples.length) + 1n;
        assert.ok(off <= tolerance && off >= -tolerance);
      }),
    );
  });

  test('of doubles lose no more than the rounding of the result, whatever cancels out', () => {
    fc.assert(
      fc.property(doubles, (samples) => {
        const total = samples.reduce((sum, value) => sum + exactly(value), 0n);
        const magnitude = samples.reduce((sum, value) => sum + absolute(exactly(value)), 0n);
        const result = exactly(aggregate(rule('sum'), samples) as number);
        const rounding = absolute(result) >> 52n;
        assert.ok(absolute(result - total) <= rounding + ((magnitude * BigInt(samples.length ** 2)) >> 104n) + 1n);
      }),
    );
  });

  test('small samples do not drown in a large one', () => {
    const samples = [1e16, ...Array.from({ length: 1000 }, () => 1), -1e16];
    assert.equal(aggregate(rule('sum'), samples), 1000);
  });

  test('beyond the largest double a sum stays at the end of its domain, and the policy still has a condition for it', () => {
    const conditions = [condition(0, { ranges: [{ to: 0 }] }), condition(1, { ranges: [{ from: 0 }] })];
    for (const name of ['sum', 'mean']) {
      const policy = compile(policyText({ type: 'Double' }, { aggregate: name, conditions }));
      assert.deepEqual([codeOf(policy, 1.7e308, 1.7e308), codeOf(policy, -1.7e308, -1.7e308, 1)], [1, 0]);
    }
  });

  test('a mean of equal samples at the end of the tag’s range stays within it', () => {
    const policy = compile(
      policyText({ type: 'Double', minimum: 0, maximum: 0.1 }, { aggregate: 'mean', conditions: [condition(0, { ranges: [{}] })] }),
    );
    assert.equal(codeOf(policy, ...Array.from({ length: 1001 }, () => 0.1)), 0);
  });
});

describe('delta', () => {
  test('is the last sample less the first, of the first interval', () => {
    assert.equal(aggregate(rule('delta'), [10n, 15n, 12n]), 2n);
    assert.equal(aggregate(rule('delta'), [10n]), 0n);
  });

  test('goes on from the last sample of the interval before, over empty intervals too', () => {
    const state = taken(rule('delta'), [10n, 15n]);
    startInterval(rule('delta'), state);
    startInterval(rule('delta'), state);
    assert.equal(resultOf(rule('delta'), taken(rule('delta'), [18n], state)), 3n);
  });

  test('a counter that begins again at 0 keeps what it had counted', () => {
    const how = rule('delta', 'restart');
    assert.equal(aggregate(how, [100n, 110n, 3n, 5n]), 15n);
    assert.equal(aggregate(how, [100, 110.5, 3, 5]), 15.5);
    const state = taken(how, [100n, 110n]);
    startInterval(how, state);
    assert.equal(resultOf(how, taken(how, [4n], state)), 4n);
    startInterval(how, state);
    assert.equal(resultOf(how, taken(how, [9n], state)), 5n);
  });

  test('of a signed value a decrease is a decrease', () => {
    assert.equal(aggregate(rule('delta'), [100n, 110n, 3n, 5n]), -95n);
  });

  test('the growths of all intervals add up to the growth of all of them, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.bigInt({ min: 0n, max: 1000n }), { maxLength: 5 }), { maxLength: 6 }),
        fc.constantFrom('restart', 'signed'),
        (cut, decrease) => {
          const how = rule('delta', decrease);
          const state = emptyAggregation();
          let total = 0n;
          for (const samples of cut) {
            total += (resultOf(how, taken(how, samples, state)) as bigint | undefined) ?? 0n;
            startInterval(how, state);
          }
          assert.equal(total, (aggregate(how, cut.flat()) as bigint | undefined) ?? 0n);
        },
      ),
    );
  });

  test('of doubles without a restart is exactly the difference, not a sum of steps', () => {
    fc.assert(
      fc.property(doubles, (samples) => {
        assert.equal(aggregate(rule('delta'), samples), 0 + (samples.at(-1)! - samples[0]!));
      }),
    );
  });
});
