import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { type CollectingTarget, type FanoutTarget, ReadingFanout } from '../../src/app/sender-fanout.ts';
import type { TagReading } from '../../src/transfer/index.ts';

class Channel {
  readonly taken: string[] = [];
  readonly readings: TagReading[] = [];
  readonly refused: string[] = [];
  gaps = 0;
  #answer: () => Promise<void> | undefined;

  constructor(answer: () => Promise<void> | undefined = () => undefined) {
    this.#answer = answer;
  }

  accept(reading: TagReading): Promise<void> | undefined {
    const stored = this.#answer();
    this.taken.push(reading.tag);
    this.readings.push(reading);
    return stored;
  }

  refuse(tag: string): void {
    this.refused.push(tag);
  }

  noteGap(): void {
    this.gaps++;
  }
}

const full = (): never => {
  throw new UnavailableError('CACHE_FULL', 'The cache is full. Wait for receipts.');
};
const lost = (): Promise<void> => Promise.reject(new UnavailableError('STORE_FULL', 'The disk is full. Make room.'));
const never = (): Promise<void> => new Promise(() => undefined);

function target(collecting: Channel | undefined, ...tags: string[]): FanoutTarget & { readonly stalls: CollectingTarget[] } {
  const stalls: CollectingTarget[] = [];
  return { tags, collecting, stalls, stalled: (each) => void stalls.push(each) };
}

function reading(tag: string, value = 1, sourceMs = 1): TagReading {
  return { tag, value: { type: 'Int32', value }, status: 0, sourceMs, acceptedMs: 1 };
}

describe('a reading goes to the channels that have its tag', () => {
  test('to all that have it, to no other', async () => {
    const [a, b] = [new Channel(), new Channel()];
    const fanout = new ReadingFanout([target(a, 'x', 'y'), target(b, 'y', 'z')]);
    for (const tag of ['x', 'y', 'z']) await fanout.accept(reading(tag));
    assert.deepEqual(
      [a.taken, b.taken],
      [
        ['x', 'y'],
        ['y', 'z'],
      ],
    );
  });

  test('Good comes once the slowest has it for good', async () => {
    let release = (): void => undefined;
    const slow = new Channel(() => new Promise((resolve) => (release = resolve)));
    const accepted = new ReadingFanout([target(new Channel(), 'x'), target(slow, 'x')]).accept(reading('x'));
    let isGood = false;
    const told = accepted?.then(() => (isGood = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isGood, false);
    release();
    await told;
    assert.equal(isGood, true);
  });

  test('one that does not run, refuses, or loses it does not hinder the others', async () => {
    for (const hinders of [undefined, new Channel(full), new Channel(lost)]) {
      const other = new Channel();
      await new ReadingFanout([target(hinders, 'x'), target(other, 'x')]).accept(reading('x'));
      assert.deepEqual(other.taken, ['x']);
      assert.deepEqual(other.refused, []);
    }
  });

  test('one that can not take it counts it as refused: its evidence tells of what it has not', async () => {
    const cacheIsFull = new Channel(full);
    await new ReadingFanout([target(cacheIsFull, 'x'), target(new Channel(), 'x')]).accept(reading('x'));
    assert.deepEqual([cacheIsFull.taken, cacheIsFull.refused], [[], ['x']]);
  });

  test('where none runs the writer is refused', () => {
    const fanout = new ReadingFanout([target(undefined, 'x'), target(new Channel(), 'y')]);
    assert.throws(() => fanout.accept(reading('x')), { code: 'NOT_RUNNING' });
  });

  test('where none takes it the writer gets what the first one said, at once or later', async () => {
    const rejecting = new Channel(() => {
      throw new RejectedError('NO_SUCH_TAG', 'There is no such tag. Correct it.');
    });
    assert.throws(() => new ReadingFanout([target(new Channel(full), 'x'), target(rejecting, 'x')]).accept(reading('x')), {
      code: 'CACHE_FULL',
    });
    const cacheIsFull = new Channel(full);
    const both = new ReadingFanout([target(cacheIsFull, 'x'), target(new Channel(lost), 'x')]);
    await assert.rejects(async () => both.accept(reading('x')), { code: 'STORE_FULL' });
    assert.deepEqual(cacheIsFull.refused, [], 'the writer is refused, and that is counted once');
    for (const isAlone of [true, false]) {
      const single = new ReadingFanout([target(new Channel(lost), 'x')], { isAlone });
      await assert.rejects(async () => single.accept(reading('x')), { code: 'STORE_FULL' });
    }
  });

  test('refusals are told to those that have the tag, gaps to all that run', () => {
    const [a, b] = [new Channel(), new Channel()];
    const fanout = new ReadingFanout([target(a, 'x'), target(b, 'y'), target(undefined, 'x')]);
    fanout.refuse('x');
    fanout.noteGap();
    assert.deepEqual([a.refused, b.refused, a.gaps, b.gaps], [['x'], [], 1, 1]);
  });
});

describe('a channel that loses readings', () => {
  test('counts what it lost by a rejected promise as refused; the others do not', async () => {
    const [losing, other] = [new Channel(lost), new Channel(() => Promise.resolve())];
    await new ReadingFanout([target(losing, 'x'), target(other, 'x')]).accept(reading('x'));
    assert.deepEqual([losing.refused, other.refused], [['x'], []]);
  });

  test('and does not store in time is told, and the writer is answered by the others', async () => {
    const [hanging, other] = [new Channel(never), new Channel(() => Promise.resolve())];
    const [stalling, sound] = [target(hanging, 'x'), target(other, 'x')];
    await new ReadingFanout([stalling, sound], { stalledAfterMs: 20 }).accept(reading('x'));
    assert.deepEqual([stalling.stalls, sound.stalls], [[hanging], []]);
    assert.deepEqual([hanging.refused, other.refused], [['x'], []]);
  });

  test('never makes the answer Good: where no other took it in time the writer is refused', async () => {
    const others = [[], [target(new Channel(full), 'x')], [target(new Channel(never), 'x')], [target(new Channel(), 'y')]];
    for (const more of others) {
      const stalling = target(new Channel(never), 'x');
      const fanout = new ReadingFanout([stalling, ...more], { stalledAfterMs: 20 });
      await assert.rejects(async () => fanout.accept(reading('x')), { code: 'STORE_STALLED' });
      assert.equal(stalling.stalls.length, 1);
    }
  });

  test('is waited for where it is the only one of the module', async () => {
    let release = (): void => undefined;
    const slow = target(new Channel(() => new Promise((resolve) => (release = resolve))), 'x');
    const accepted = new ReadingFanout([slow], { isAlone: true, stalledAfterMs: 1 }).accept(reading('x'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    release();
    await accepted;
    assert.deepEqual(slow.stalls, []);
  });
});

describe('a channel that begins later', () => {
  test('gets the newest value of each of its tags that come from a followed PLC, and only once', async () => {
    const later = new Channel();
    const second = target(later, 'x', 'z', 'w');
    const fanout = new ReadingFanout([target(new Channel(), 'x', 'y', 'z')], { followed: ['x', 'y', 'w'] });
    for (const each of [reading('x', 1), reading('x', 2, 0), reading('y', 3), reading('z', 4)]) await fanout.accept(each);
    fanout.add(second);
    fanout.begun(second, 50);
    assert.deepEqual(later.readings, [{ ...reading('x', 2, 0), acceptedMs: 50 }]);
    await fanout.accept(reading('x', 5));
    assert.deepEqual(later.taken, ['x', 'x']);
  });

  test('gets it with the time of the module where that counts', async () => {
    const later = new Channel();
    const second = target(later, 'x');
    const fanout = new ReadingFanout([target(new Channel(), 'x'), second], { followed: ['x'] });
    await fanout.accept(reading('x'));
    later.readings.length = 0;
    fanout.begun(second, 50);
    assert.deepEqual(later.readings, [{ ...reading('x'), sourceMs: 50, acceptedMs: 50 }]);
  });

  test('counts it as refused where it can not take it, at once or later', async () => {
    for (const answer of [full, lost]) {
      const later = new Channel(answer);
      const second = target(later, 'x');
      const fanout = new ReadingFanout([target(new Channel(), 'x')], { followed: ['x'] });
      await fanout.accept(reading('x'));
      fanout.begun(second, 50);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(later.refused, ['x']);
    }
  });

  test('gets nothing where it is the only one of the module', async () => {
    const only = target(new Channel(), 'x');
    const fanout = new ReadingFanout([only], { isAlone: true, followed: ['x'] });
    await fanout.accept(reading('x'));
    fanout.begun(only, 50);
    assert.deepEqual((only.collecting as Channel).taken, ['x']);
  });
});
