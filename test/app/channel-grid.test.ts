import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { intervalStart, RESERVED_CODES } from '../../src/core/index.ts';
import { ChannelGrid } from '../../src/app/channel-grid.ts';
import { type CutBatch, JournaledChannel } from '../../src/transfer/index.ts';
import { FakeTime } from '../support/fake-time.ts';
import { collecting, count, firstFor, resumed, termsFor, transferParams } from '../transfer/fixture.ts';
import { MemoryJournal } from '../transfer/memory-journal.ts';

const { MISSED } = RESERVED_CODES;
const PARAMS = transferParams();
const TERMS = termsFor(PARAMS);
const at = (interval: number): number => intervalStart(PARAMS, interval);

/** A channel with its grid from the start of interval 0 on, on a clock that the test sets. */
class Scene {
  readonly time: FakeTime;
  readonly channel: JournaledChannel;
  readonly cuts: CutBatch[] = [];
  readonly published: number[] = [];
  readonly jumps: number[] = [];
  readonly failures: unknown[] = [];
  readonly suspendedBatches: number[] = [];
  isSuspended = false;
  brokenAt: number | undefined;
  readonly grid: ChannelGrid;

  constructor(terms = TERMS, channel = collecting(terms, firstFor(terms)), time = new FakeTime(terms.params.originMs)) {
    this.time = time;
    this.channel = new JournaledChannel({
      collecting: channel,
      journal: new MemoryJournal(),
      isUnwritten: () => false,
      fault: () => undefined,
    });
    this.grid = new ChannelGrid({
      params: terms.params,
      clock: time.wall,
      timer: time,
      collecting: this.channel,
      isSuspended: () => this.isSuspended,
      beforeEnd: () => {
        if (this.brokenAt !== undefined && this.channel.open.interval >= this.brokenAt) throw new Error('broken');
      },
      seal: (cut) => void this.cuts.push(cut),
      publish: (_n, pointMs) => void this.published.push(pointMs - terms.params.originMs),
      jumped: ({ byMs }) => void this.jumps.push(byMs),
      missed: () => undefined,
      suspended: (n) => void this.suspendedBatches.push(n),
      failed: (error) => void this.failures.push(error),
    });
  }

  start(): this {
    this.grid.start('missed');
    return this;
  }

  accept(value: number): void {
    void this.channel.accept(count(value, this.time.wall.now()));
  }

  /** Of each batch: first interval, last interval, gap, and code of the first stream. */
  get summary(): [number, number, string, number | undefined][] {
    return this.cuts.map(({ open, through, gap, codes }) => [open.interval, through, gap, codes[0]?.[0]]);
  }
}

describe('on a clock that runs as it should', () => {
  test('each interval is cut at its end, and nothing is marked', () => {
    const scene = new Scene().start();
    scene.accept(5);
    scene.time.pass(2500);
    assert.deepEqual(scene.summary, [
      [0, 0, 'none', 0],
      [1, 1, 'none', 0],
    ]);
  });

  test('publications and calls come at their points', () => {
    const scene = new Scene(termsFor(transferParams({ publications: 2, conditionDepth: 3 }))).start();
    scene.channel.requestCall();
    scene.time.pass(1100);
    assert.deepEqual(scene.published, [500]);
    assert.deepEqual(
      scene.cuts.map(({ row, toMs }) => [row, toMs - PARAMS.originMs]),
      [
        [1, PARAMS.callGridMs],
        [0, 1000],
      ],
    );
  });

  test('where clearing is suspended the batch says so, and it is told', () => {
    const scene = new Scene().start();
    scene.isSuspended = true;
    scene.time.pass(1000);
    assert.deepEqual([scene.summary, scene.suspendedBatches], [[[0, 0, 'none', RESERVED_CODES.SUSPENDED]], [0]]);
  });

  test('a fault of the store ends the grid, and is told once', () => {
    const scene = new Scene().start();
    scene.brokenAt = 1;
    scene.time.pass(5000);
    assert.deepEqual([scene.cuts.length, scene.failures.length], [1, 1]);
  });
});

describe('a machine that was suspended', () => {
  test('marks the intervals into which that fell, and those that it slept through are missed', () => {
    const scene = new Scene().start();
    scene.accept(15);
    scene.time.pass(300);
    scene.time.sleep(4400);
    scene.time.pass(400);
    assert.deepEqual(scene.summary, [
      [0, 0, 'missed', 1],
      [1, 3, 'missed', MISSED],
      [4, 4, 'missed', 1],
    ]);
    scene.time.pass(1000);
    assert.deepEqual(scene.summary.at(-1), [5, 5, 'none', 1]);
  });

  test('within one interval marks that one', () => {
    const scene = new Scene().start();
    scene.time.pass(100);
    scene.time.sleep(700);
    scene.time.pass(1300);
    assert.deepEqual(
      scene.summary.map(([interval, , gap]) => [interval, gap]),
      [
        [0, 'missed'],
        [1, 'none'],
      ],
    );
  });
});

describe('a clock that is set', () => {
  test('back: the open interval lasts until its end comes again, and no point is repeated', () => {
    const scene = new Scene().start();
    scene.time.pass(1500);
    scene.time.wall.timeMs -= 5000;
    scene.time.pass(5000);
    assert.deepEqual(
      scene.cuts.map(({ open }) => open.interval),
      [0],
    );
    scene.accept(7);
    scene.time.pass(600);
    assert.deepEqual(scene.summary.at(-1), [1, 1, 'none', 0]);
    assert.deepEqual(scene.jumps, [-5000]);
  });

  test('by a leap second: an interval lasts a second longer', () => {
    const scene = new Scene().start();
    scene.time.pass(2500);
    scene.time.wall.timeMs -= 1000;
    scene.time.pass(3000);
    assert.deepEqual(
      scene.summary.map(([interval, through, gap]) => [interval, through, gap]),
      [0, 1, 2, 3].map((interval) => [interval, interval, 'none']),
    );
  });

  test('anyhow, with calls, restarts and sleep between: no interval is skipped, and none comes twice', () => {
    const happening = fc.oneof(
      fc.record({ pass: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ set: fc.integer({ min: -8000, max: 8000 }) }),
      fc.record({ sleep: fc.integer({ min: 1, max: 20_000 }) }),
      fc.constant({ call: true } as const),
      fc.constant({ restart: true } as const),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 25 }), (happenings) => {
        let scene = new Scene().start();
        const cuts: CutBatch[] = [];
        for (const each of [...happenings, { pass: 3000 }]) {
          if ('pass' in each) scene.time.pass(each.pass);
          if ('set' in each) scene.time.wall.timeMs += each.set;
          if ('sleep' in each) scene.time.sleep(each.sleep);
          if ('call' in each && scene.channel.open.ordinal < PARAMS.callsPerInterval) scene.channel.requestCall();
          if ('restart' in each && scene.cuts.length > 0) {
            cuts.push(...scene.cuts);
            scene.grid.stop();
            scene = new Scene(TERMS, resumed(TERMS, scene.cuts.at(-1)!), scene.time).start();
          }
          assert.deepEqual(scene.failures, []);
        }
        cuts.push(...scene.cuts);
        let [n, interval, fromMs] = [0, 0, at(0)];
        for (const { open, row, through, toMs } of cuts) {
          assert.deepEqual([open.n, open.interval, open.fromMs], [n, interval, fromMs]);
          assert.equal(row === 0 ? toMs : open.interval, row === 0 ? at(through + 1) : interval);
          [n, interval, fromMs] = [n + 1, row === 0 ? through + 1 : interval, toMs];
        }
      }),
    );
  });
});

describe('a start', () => {
  const restarted = (afterMs: number, before: (scene: Scene) => void = () => undefined): Scene => {
    const first = new Scene().start();
    first.time.pass(1000);
    before(first);
    const kept = first.channel;
    const plain = resumed(TERMS, first.cuts[0]!);
    for (const { tag, reading } of kept.open.readings) plain.acceptKept({ tag, reading });
    first.grid.stop();
    first.time.sleep(afterMs);
    return new Scene(TERMS, plain, first.time).start();
  };

  test('within the interval marks it: a part of it was missed', () => {
    const scene = restarted(400);
    scene.time.pass(1700);
    assert.deepEqual(
      scene.summary.map(([interval, through, gap]) => [interval, through, gap]),
      [
        [1, 1, 'missed'],
        [2, 2, 'none'],
      ],
    );
  });

  test('behind an interval of which nothing was collected makes it missed, with those that follow', () => {
    assert.deepEqual(restarted(2500).summary, [[1, 2, 'missed', MISSED]]);
  });

  test('behind an interval of which something was collected clears that, marked, and misses those that follow', () => {
    const scene = restarted(2500, (first) => first.accept(25));
    assert.deepEqual(scene.summary, [
      [1, 1, 'missed', 2],
      [2, 2, 'missed', MISSED],
    ]);
  });

  test('after a fault of the store marks the interval as such', () => {
    const scene = new Scene();
    scene.time.pass(400);
    scene.grid.start('storage');
    scene.time.pass(700);
    assert.deepEqual(scene.summary[0]?.[2], 'storage');
  });

  test('ahead of the first interval marks nothing', () => {
    const scene = new Scene();
    scene.time.wall.timeMs -= 300;
    scene.start();
    scene.time.pass(1300);
    assert.deepEqual(
      scene.summary.map(([interval, , gap]) => [interval, gap]),
      [[0, 'none']],
    );
  });
});
