import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ChannelParams, epochOf, hasCode, intervalAt, intervalEnd, intervalStart, parseChannelParams } from '../../src/core/index.ts';

const good: ChannelParams = {
  streams: 3,
  codesPerSlot: 8,
  epochIntervals: 64,
  intervalMs: 60_000,
  originMs: 1_700_000_040_000,
  publications: 60,
  callsPerInterval: 2,
  callGridMs: 1000,
  publishDelayMs: 100,
  anchorWithinMs: 10_000,
  receiptWithinMs: 60_000,
  depositAfter: 5,
  unreceiptedLimit: 100,
  conditionDepth: 8,
  topDepth: 4,
  argon2Profile: 1,
};

describe('channel parameters', () => {
  test('are accepted as they are', () => assert.deepEqual(parseChannelParams(good), good));

  const apart: readonly [string, Partial<ChannelParams>][] = [
    ['codesPerSlot is not a power of two', { codesPerSlot: 12 }],
    ['epochIntervals is not a power of two', { epochIntervals: 60 }],
    ['originMs is not on the grid', { originMs: 1_700_000_040_001 }],
    ['publications does not divide the interval', { publications: 7 }],
    ['callGridMs does not divide the interval', { callGridMs: 7000 }],
    ['the call grid has too few points', { callGridMs: 30_000 }],
    ['a slot has fewer places than batch keys', { callsPerInterval: 8 }],
    ['conditionDepth is too small by one', { conditionDepth: 7 }],
  ];
  for (const [name, change] of apart) {
    test(`are refused where ${name}`, () =>
      assert.throws(
        () => parseChannelParams({ ...good, ...change }),
        (error) => hasCode(error, 'BAD_CHANNEL_PARAMS'),
      ));
  }

  const ranges: readonly [keyof ChannelParams, number, number | undefined][] = [
    ['streams', 1, 64],
    ['codesPerSlot', 4, 256],
    ['epochIntervals', 2, 4096],
    ['intervalMs', 100, 86_400_000],
    ['originMs', 0, undefined],
    ['publications', 1, 60],
    ['callsPerInterval', 0, 16],
    ['callGridMs', 100, undefined],
    ['publishDelayMs', 1, undefined],
    ['anchorWithinMs', 1, undefined],
    ['receiptWithinMs', 1, undefined],
    ['depositAfter', 1, 100_000],
    ['unreceiptedLimit', 1, 1_000_000],
    ['conditionDepth', 1, 12],
    ['topDepth', 0, 12],
    ['argon2Profile', 0, 1],
  ];
  for (const [key, min, max] of ranges) {
    test(`are refused where ${key} is out of its range, no integer or missing`, () => {
      const { [key]: _, ...without } = good;
      for (const value of [min - 1, max === undefined ? 2 ** 53 : max + 1, min + 0.5, String(min)]) {
        assert.throws(
          () => parseChannelParams({ ...good, [key]: value }),
          (error) => hasCode(error, 'BAD_SHAPE'),
        );
      }
      assert.throws(
        () => parseChannelParams(without),
        (error) => hasCode(error, 'BAD_SHAPE'),
      );
    });
  }

  test('are refused with a key more', () => {
    assert.throws(
      () => parseChannelParams({ ...good, comment: '' }),
      (error) => hasCode(error, 'BAD_SHAPE'),
    );
  });
});

describe('the grid', () => {
  test('has every instant in exactly one interval, a grid point in the one that begins there', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (after) => {
        const time = good.originMs + after;
        const interval = intervalAt(good, time);
        assert.ok(intervalStart(good, interval) <= time && time < intervalEnd(good, interval));
        assert.equal(intervalAt(good, intervalEnd(good, interval)), interval + 1);
        assert.equal(epochOf(good, interval), Math.floor(interval / 64));
      }),
    );
  });
});
