import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { GridClock, gridStep } from '../../src/transfer/index.ts';
import { FakeTime } from '../support/fake-time.ts';
import { transferParams } from './fixture.ts';

const START = Date.UTC(2026, 0, 1);

function grid(stepMs = 100): { time: FakeTime; points: number[]; jumps: number[]; clock: GridClock } {
  const time = new FakeTime(START);
  const points: number[] = [];
  const jumps: number[] = [];
  const clock = new GridClock({
    clock: time.wall,
    stepMs,
    fromMs: START,
    listener: (point) => void points.push(point - START),
    onJump: ({ byMs }) => void jumps.push(byMs),
    timer: time,
  });
  clock.start();
  return { time, points, jumps, clock };
}

const upTo = (last: number, stepMs = 100): number[] => Array.from({ length: last / stepMs + 1 }, (_, index) => index * stepMs);

describe('a grid clock', () => {
  test('tells every point once, never before its time', () => {
    const { time, points } = grid();
    time.pass(99);
    assert.deepEqual(points, [0]);
    time.pass(1);
    assert.deepEqual(points, [0, 100]);
    time.pass(400, 30);
    assert.deepEqual(points, upTo(400));
  });

  test('begins with the first point at or after the instant it is given', () => {
    const time = new FakeTime(START);
    const points: number[] = [];
    const listener = (point: number): void => void points.push(point - START);
    const clock = new GridClock({ clock: time.wall, stepMs: 100, fromMs: START + 101, listener, onJump: () => assert.fail(), timer: time });
    clock.start();
    time.pass(300);
    assert.deepEqual(points, [200, 300]);
  });

  test('repeats no point when the clock is set back, and tells of it', () => {
    const { time, points, jumps } = grid();
    time.pass(1000);
    time.wall.timeMs -= 5000;
    time.pass(4900);
    assert.deepEqual(points, upTo(1000));
    assert.deepEqual(jumps, [-5000]);
    time.pass(600);
    assert.deepEqual(points, upTo(1500));
    assert.deepEqual(jumps, [-5000]);
  });

  test('skips no point when the clock is set forward, and tells of it first', () => {
    const { time, points, jumps } = grid();
    time.pass(250);
    time.wall.timeMs += 3000;
    assert.deepEqual(points, upTo(200));
    time.pass(100);
    assert.deepEqual(points, upTo(3300));
    assert.deepEqual(jumps, [3000]);
  });

  test('notices within a second that the clock was set, however far the next point is', () => {
    const { time, points, jumps } = grid(3_600_000);
    time.pass(10);
    time.wall.timeMs += 3_599_000;
    time.pass(1000);
    assert.deepEqual(jumps, [3_599_000]);
    assert.deepEqual(points, [0, 3_600_000]);
  });

  test('takes small corrections of the clock for what they are', () => {
    const { time, points, jumps } = grid();
    for (const correction of [40, -30, 499]) {
      time.wall.timeMs += correction;
      time.pass(100);
    }
    assert.deepEqual(jumps, []);
    assert.deepEqual(points, upTo(Math.floor((300 + 509) / 100) * 100));
  });

  test('a listener that stops it hears no further point, also of those that are due', () => {
    const time = new FakeTime(START);
    const points: number[] = [];
    const clock: GridClock = new GridClock({
      clock: time.wall,
      stepMs: 100,
      fromMs: START,
      listener: (point) => {
        points.push(point - START);
        if (points.length === 2) clock.stop();
      },
      onJump: () => undefined,
      timer: time,
    });
    clock.start();
    time.wall.timeMs += 2000;
    time.pass(5000);
    assert.deepEqual(points, [0, 100]);
    assert.equal(time.isWaiting, false);
  });

  test('whatever happens to the clock, the points are a gap-free ascending row up to the latest time seen', () => {
    const happening = fc.record({ pass: fc.integer({ min: 0, max: 3000 }), late: fc.nat(300), set: fc.integer({ min: -9000, max: 9000 }) });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), (happenings) => {
        const { time, points } = grid();
        for (const { pass, late, set } of happenings) {
          time.pass(pass, late);
          time.wall.timeMs += set;
        }
        time.pass(1000);
        const last = points.at(-1) ?? -100;
        assert.deepEqual(points, upTo(last));
        assert.ok(last + 100 > time.wall.timeMs - START, 'every point that has passed is told');
      }),
    );
  });
});

test('the step of the grid meets publications, calls and ends of intervals', () => {
  assert.equal(gridStep(transferParams({ callGridMs: 250, publications: 1 })), 250);
  assert.equal(gridStep(transferParams({ callGridMs: 250, publications: 5, conditionDepth: 4 })), 50);
  assert.equal(gridStep(transferParams({ callsPerInterval: 0, callGridMs: 1000 })), 1000);
});
