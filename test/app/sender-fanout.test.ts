import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { type FanoutTarget, ReadingFanout } from '../../src/app/sender-fanout.ts';
import type { TagReading } from '../../src/transfer/index.ts';

class Channel {
  readonly taken: string[] = [];
  readonly refused: string[] = [];
  gaps = 0;
  #answer: () => Promise<void> | undefined;

  constructor(answer: () => Promise<void> | undefined = () => undefined) {
    this.#answer = answer;
  }

  accept({ tag }: TagReading): Promise<void> | undefined {
    const stored = this.#answer();
    this.taken.push(tag);
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

function target(collecting: Channel | undefined, ...tags: string[]): FanoutTarget {
  return { tags, collecting };
}

function reading(tag: string): TagReading {
  return { tag, value: { type: 'Int32', value: 1 }, status: 0, sourceMs: 1, acceptedMs: 1 };
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
    const single = new ReadingFanout([target(new Channel(lost), 'x')]);
    await assert.rejects(async () => single.accept(reading('x')), { code: 'STORE_FULL' });
  });

  test('refusals are told to those that have the tag, gaps to all that run', () => {
    const [a, b] = [new Channel(), new Channel()];
    const fanout = new ReadingFanout([target(a, 'x'), target(b, 'y'), target(undefined, 'x')]);
    fanout.refuse('x');
    fanout.noteGap();
    assert.deepEqual([a.refused, b.refused, a.gaps, b.gaps], [['x'], [], 1, 1]);
  });
});
