import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { courseOf, coursesOf, type Sample, slopeOf } from '../../bench/soak/figures.ts';

const sample = (seconds: number, rssMb: number, more: object = {}): Sample => ({
  seconds,
  processes: { owner: { rssMb, ...more } },
  files: { 'owner store.db': rssMb * 1e6 },
});

describe('the slope of a soak', () => {
  test('is that of the line through its points', () => {
    assert.equal(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
      2,
    );
    assert.equal(
      slopeOf([
        [0, 7],
        [1, 5],
        [2, 7],
        [3, 5],
      ]).toFixed(1),
      '-0.4',
    );
  });

  test('is none where one moment alone was seen', () => {
    assert.ok(Number.isNaN(slopeOf([[1, 1]])));
    assert.ok(Number.isNaN(slopeOf([])));
  });
});

describe('the course of a figure', () => {
  test('leaves the warm-up out of its slope, and not out of its first and greatest value', () => {
    const samples = [sample(10, 900), sample(60, 100), sample(120, 110), sample(180, 120), sample(240, 130)];
    assert.deepEqual(
      courseOf(samples, ({ processes }) => processes['owner']?.rssMb),
      { first: 900, last: 130, most: 900, perMinute: 10 },
    );
  });

  test('is told of every process and file, and of nothing that was never seen', () => {
    const { processes, filesMb } = coursesOf([sample(0, 1, { cpuSeconds: 2 }), sample(60, 2, { cpuSeconds: 32 })]);
    assert.deepEqual(processes['owner']?.rssMb, { first: 1, last: 2, most: 2, perMinute: Number.NaN });
    assert.equal(processes['owner']?.cpuShare, 0.5);
    assert.equal(processes['owner']?.descriptors, undefined);
    assert.equal(filesMb['owner store.db']?.last, 2);
  });
});
