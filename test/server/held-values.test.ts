import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { HeldValues } from '../../src/server/ingest/held-values.ts';

const MINUTE: { originMs: number; intervalMs: number } = { originMs: 500, intervalMs: 60_000 };

describe('held values', () => {
  let nowMs: number;
  const clock = { now: () => nowMs };
  const forgotten: string[] = [];
  const holder = (name: string) => ({ forget: () => void forgotten.push(name) });

  beforeEach(() => {
    nowMs = 600_500;
    forgotten.length = 0;
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => mock.timers.reset());

  function pass(ms: number): void {
    nowMs += ms;
    mock.timers.tick(ms);
  }

  test('are forgotten at the grid point, not before', () => {
    const held = new HeldValues([MINUTE], clock);
    assert.ok(held.add(holder('a'), nowMs));
    pass(40_000);
    assert.ok(held.add(holder('b'), nowMs));
    pass(19_999);
    assert.deepEqual(forgotten, []);
    pass(1);
    assert.deepEqual(forgotten, ['a', 'b']);
  });

  test('are forgotten at the first grid point of several channels', () => {
    const held = new HeldValues([MINUTE, { originMs: 0, intervalMs: 7000 }], clock);
    held.add(holder('a'), nowMs);
    // 602,000 is a multiple of 7,000.
    pass(1499);
    assert.deepEqual(forgotten, []);
    pass(1);
    assert.deepEqual(forgotten, ['a']);
  });

  test('are forgotten when they are asked for after the end, though the timer is late', () => {
    const held = new HeldValues([MINUTE], clock);
    held.add(holder('a'), nowMs);
    nowMs += 60_000;
    held.review();
    assert.deepEqual(forgotten, ['a']);
  });

  test('are forgotten in time though the clock is set back', () => {
    const held = new HeldValues([MINUTE], clock);
    held.add(holder('a'), nowMs);
    nowMs -= 3_600_000;
    mock.timers.tick(60_000);
    assert.deepEqual(forgotten, ['a']);
  });

  test('of the next interval are not forgotten with those of the one before', () => {
    const held = new HeldValues([MINUTE], clock);
    held.add(holder('a'), nowMs);
    nowMs += 60_001;
    held.add(holder('b'), nowMs);
    assert.deepEqual(forgotten, ['a']);
    pass(59_998);
    assert.deepEqual(forgotten, ['a']);
    pass(1);
    assert.deepEqual(forgotten, ['a', 'b']);
  });

  test('may not be held where their interval was over before they stood on the disk', () => {
    const held = new HeldValues([MINUTE], clock);
    assert.equal(held.add(holder('a'), nowMs - 1), false);
    held.clear();
    assert.deepEqual(forgotten, []);
  });

  test('are held for a minute at most where no channel says how long', () => {
    const held = new HeldValues([], clock);
    held.add(holder('a'), nowMs);
    pass(60_000);
    assert.deepEqual(forgotten, ['a']);
  });
});
