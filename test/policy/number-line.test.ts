import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { after, before, clip, integers, inWords, nextUp, reals, UNREACHED } from '../../src/policy/number-line.ts';

describe('neighbours', () => {
  test('nextUp gives the least double above', () => {
    assert.equal(nextUp(0), Number.MIN_VALUE);
    assert.equal(nextUp(-0), Number.MIN_VALUE);
    assert.equal(nextUp(-Number.MIN_VALUE), 0);
    assert.ok(!Object.is(nextUp(-Number.MIN_VALUE), -0));
    assert.equal(nextUp(1), 1 + Number.EPSILON);
    assert.equal(nextUp(Number.MAX_VALUE), Infinity);
    assert.equal(nextUp(-1), -1 + Number.EPSILON / 2);
  });

  test('there is no double between a value and its neighbour, and the way back leads to the value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, max: 1e300 }), (value) => {
        const next = after(value) as number;
        assert.ok(next > value);
        const middle = value / 2 + next / 2;
        assert.ok(middle <= value || middle >= next);
        assert.ok(before(next) === value);
      }),
    );
  });

  test('integers have their neighbours at a distance of one', () => {
    assert.equal(after(2n ** 70n), 2n ** 70n + 1n);
    assert.equal(before(-5n), -6n);
  });
});

describe('clip', () => {
  test('a range is half-open by default', () => {
    assert.deepEqual(clip(integers(0n, 99n), { from: 10, to: 20 }), { lowest: 10n, highest: 19n });
    assert.deepEqual(clip(reals(0, 99), { from: 10, to: 20 }), { lowest: 10, highest: before(20) });
  });

  test('either bound can be open, closed or absent', () => {
    assert.deepEqual(clip(integers(0n, 99n), { from: 10, fromIncluded: false, to: 20, toIncluded: true }), { lowest: 11n, highest: 20n });
    assert.deepEqual(clip(integers(0n, 99n), { to: 20 }), { lowest: 0n, highest: 19n });
    assert.deepEqual(clip(integers(0n, 99n), { from: 20 }), { lowest: 20n, highest: 99n });
    assert.deepEqual(clip(reals(0, undefined), {}), { lowest: 0, highest: Number.MAX_VALUE });
  });

  test('fractions as bounds of integers mean the integers between them', () => {
    assert.deepEqual(clip(integers(-99n, 99n), { from: 0.5, to: 2.5 }), { lowest: 1n, highest: 2n });
    assert.deepEqual(clip(integers(-99n, 99n), { from: -2.5, to: -0.5, toIncluded: true }), { lowest: -2n, highest: -1n });
    assert.equal(clip(integers(-99n, 99n), { from: 0.2, to: 0.8 }), undefined);
  });

  test('what lies beyond the line, or is empty or turned round, gives nothing', () => {
    assert.equal(clip(integers(0n, 99n), { from: 100 }), undefined);
    assert.equal(clip(integers(0n, 99n), { to: 0 }), undefined);
    assert.equal(clip(reals(0, 99), { from: 5, to: 5 }), undefined);
    assert.equal(clip(reals(0, 99), { from: 6, to: 5 }), undefined);
    assert.deepEqual(clip(reals(0, 99), { from: 5, to: 5, toIncluded: true }), { lowest: 5, highest: 5 });
  });
});

test('ranges in words name their bounds, but not those that stand for "without bound"', () => {
  const line = integers(-UNREACHED, UNREACHED);
  assert.equal(inWords(line, { lowest: 5n, highest: 5n }), '5');
  assert.equal(inWords(line, { lowest: 5n, highest: 7n }), '5 to 7, both included');
  assert.equal(inWords(line, { lowest: -UNREACHED, highest: 7n }), 'all numbers up to and including 7');
  assert.equal(inWords(line, { lowest: 5n, highest: UNREACHED }), '5 and above');
  assert.equal(inWords(line, line), 'all numbers');
});
