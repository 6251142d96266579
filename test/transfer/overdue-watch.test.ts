import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { intervalEnd } from '../../src/core/index.ts';
import { OverdueWatch } from '../../src/transfer/index.ts';
import { transferParams } from './fixture.ts';

/** Epochs of 4 intervals of a second, anchored within half a second. */
const PARAMS = transferParams();
const PATIENCE_MS = 1000;
const dueMs = (interval: number): number => intervalEnd(PARAMS, interval) + PARAMS.anchorWithinMs + PATIENCE_MS;
const single = (interval: number, row = 0) => ({ interval, through: interval, row });

describe('overdue intervals', () => {
  test('there are none before the first anchor of the channel, however late it is', () => {
    assert.deepEqual(new OverdueWatch(PARAMS, undefined, 1000).due(1e15), []);
  });

  test('the first interval without an anchor is due once its deadline has passed, and some more for the clocks', () => {
    const watch = new OverdueWatch(PARAMS, undefined, 1000);
    watch.anchored(single(5));
    assert.deepEqual([watch.due(dueMs(6)), watch.due(dueMs(6) + 1)], [[], [6]]);
    assert.equal(watch.anchored(single(6)), true);
    assert.deepEqual(watch.due(dueMs(6) + 1), []);
  });

  test('a batch that was called for covers nothing', () => {
    const watch = new OverdueWatch(PARAMS, 6, 1000);
    assert.equal(watch.anchored(single(6, 1)), false);
    assert.deepEqual(watch.due(dueMs(6) + 1), [6]);
  });

  test('of a long outage the first interval is named, and the first of each further epoch', () => {
    const watch = new OverdueWatch(PARAMS, 6, 1000);
    assert.deepEqual(watch.due(dueMs(17) + 1), [6, 8, 12, 16]);
    watch.anchored({ interval: 6, through: 9, row: 0 });
    assert.deepEqual(watch.due(dueMs(17) + 1), [10, 12, 16]);
  });

  test('anchors that overtake others are known when those come, and what they cover is not named', () => {
    const watch = new OverdueWatch(PARAMS, 6, 1000);
    watch.anchored({ interval: 7, through: 9, row: 0 });
    assert.equal(watch.next, 6);
    assert.deepEqual(watch.due(dueMs(12) + 1), [6, 12]);
    watch.anchored(single(6));
    assert.equal(watch.next, 10);
  });

  test('none lies beyond the end of the agreement', () => {
    const watch = new OverdueWatch(PARAMS, 6, 9);
    assert.deepEqual(watch.due(1e15), [6, 8]);
    for (const interval of [6, 7, 8, 9]) watch.anchored(single(interval));
    assert.deepEqual(watch.due(1e15), []);
  });

  test('it goes on where an earlier life had got to', () => {
    const first = new OverdueWatch(PARAMS, undefined, 1000);
    for (const interval of [3, 4]) first.anchored(single(interval));
    assert.deepEqual(new OverdueWatch(PARAMS, first.next, 1000).due(dueMs(5) + 1), [5]);
  });

  test('in whichever order anchors come, no covered interval is named', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(20).keys()].slice(1)), fc.integer({ min: 1, max: 30 }), (order, until) => {
        const watch = new OverdueWatch(PARAMS, undefined, 1000);
        watch.anchored(single(0));
        for (const interval of order) watch.anchored(single(interval));
        const named = watch.due(dueMs(until) + 1);
        assert.ok(named.every((interval) => !order.includes(interval) && interval <= until && interval > 0));
        const first = [...Array(until + 1).keys()].slice(1).find((interval) => !order.includes(interval));
        assert.equal(named[0], first);
      }),
    );
  });
});
