import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode, RESERVED_CODES, toBase64Url } from '../../src/core/index.ts';
import type { ChannelProgress } from '../../src/store/index.ts';
import { type CollectingChannel, type CutBatch, JournaledChannel, type JournalEntry, replayJournal } from '../../src/transfer/index.ts';
import { collecting, count, firstFor, heat, termsFor, transferParams } from './fixture.ts';
import { MemoryJournal } from './memory-journal.ts';

const PARAMS = transferParams({ publications: 4, conditionDepth: 4 });
const TERMS = termsFor(PARAMS);

/** All of a batch that its evidence is made of. */
interface Shape {
  readonly n: number;
  readonly row: number;
  readonly interval: number;
  readonly through: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly gap: string;
  readonly codes: unknown;
  readonly readings: unknown;
  readonly root: string;
  readonly progress: unknown;
}

function shapeOf(cut: CutBatch): Shape {
  const { open, row, through, toMs, gap, codes, progress } = cut;
  const { n, interval, fromMs, readings } = open;
  const { root } = open.builder.close({
    conditions: codes,
    slotKeys: [new Uint8Array(32), new Uint8Array(32)],
    batchKey: new Uint8Array(32),
    gap: { reason: gap, fromBatch: 0, toBatch: 0 },
    refused: open.refused,
  });
  return { n, row, interval, through, fromMs, toMs, gap, codes, readings, root: toBase64Url(root), progress };
}

/** One life of a channel: journal and progress are what the one before left on the disk. */
class Life {
  readonly journal: MemoryJournal;
  readonly collecting: CollectingChannel;
  readonly channel: JournaledChannel;
  readonly faults: unknown[] = [];
  /** Cut off, not sealed yet, in order. */
  readonly cuts: CutBatch[];
  readonly lost: readonly number[];
  progress: ChannelProgress;

  constructor(progress: ChannelProgress, entries: readonly JournalEntry[], isUnwritten: (tag: string) => boolean = () => false) {
    this.progress = progress;
    this.journal = new MemoryJournal(entries);
    this.collecting = collecting(TERMS, structuredClone(progress));
    this.channel = new JournaledChannel({
      collecting: this.collecting,
      journal: this.journal,
      isUnwritten,
      fault: (error) => void this.faults.push(error),
    });
    const { cuts, lost } = replayJournal(this.collecting, entries);
    this.cuts = [...cuts];
    this.lost = lost;
  }

  /** Stores the first cut batch. @returns what it is */
  seal(): Shape | undefined {
    const cut = this.cuts.shift();
    if (cut === undefined) return undefined;
    this.progress = structuredClone({ ...cut.progress, prev: firstFor(TERMS).prev });
    return shapeOf(cut);
  }
}

type Step =
  | { readonly do: 'accept'; readonly tag: 'count' | 'heat'; readonly value: number }
  | { readonly do: 'publish' | 'call' | 'end' | 'seal' | 'gap' }
  | { readonly do: 'missed'; readonly intervals: number }
  /** So many of the entries that wait come onto the disk. */
  | { readonly do: 'write'; readonly entries: number }
  | { readonly do: 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      tag: fc.constantFrom('count', 'heat'),
      value: fc.integer({ min: 0, max: 30 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('publish', 'call', 'end', 'seal', 'gap') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('missed' as const), intervals: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), entries: fc.integer({ min: 1, max: 8 }) }) },
);

/** The same steps always do the same: each point in time follows from the state of the channel. */
function perform({ channel, collecting: plain, cuts }: Life, each: Step): void {
  const { open, endMs } = channel;
  const quarter = PARAMS.intervalMs / PARAMS.publications;
  if (each.do === 'accept') {
    const reading = each.tag === 'count' ? count(each.value, open.fromMs) : heat(each.value / 3, open.fromMs);
    channel.accept(reading)?.catch(() => undefined);
  }
  if (each.do === 'publish') {
    const pointMs = Math.ceil((open.fromMs + 1) / quarter) * quarter;
    if (pointMs < endMs) channel.publish(pointMs, false).stored.catch(() => undefined);
  }
  if (each.do === 'call' && open.ordinal < PARAMS.callsPerInterval) {
    channel.requestCall();
    const pointMs = open.fromMs + PARAMS.callGridMs;
    if (pointMs < endMs) cuts.push(channel.cutCall(pointMs));
  }
  if (each.do === 'end') cuts.push(channel.cutInterval(false));
  if (each.do === 'gap') channel.noteGap('connection');
  if (each.do === 'missed') cuts.push(channel.cutMissed(plain.endMs + each.intervals * PARAMS.intervalMs));
}

/** Lets what was written be told: promises settle. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('a crash at any moment', () => {
  test('gives the batches that there would have been without it, of all that was on the disk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), fc.array(step, { maxLength: 25 }), async (before, after) => {
        // What is on the disk at the crash is the beginning of what happened; without a crash nothing else happened.
        const crashed = new Life(firstFor(TERMS), []);
        const sealed: Shape[] = [];
        const seal = (life: Life): void => {
          const batch = life.seal();
          if (batch !== undefined) sealed.push(batch);
        };
        for (const each of before) {
          if (each.do === 'write') crashed.journal.write(each.entries);
          else if (each.do === 'seal') seal(crashed);
          else perform(crashed, each);
        }
        const second = new Life(crashed.progress, crashed.journal.kept);
        for (const each of after) perform(second, each);
        second.cuts.push(second.channel.cutInterval(false));
        while (second.cuts.length > 0) seal(second);

        // The same, in one life: of the first part only what the disk had at the crash.
        const whole = new Life(firstFor(TERMS), []);
        const done = replayOf(crashed, before);
        for (const each of done) perform(whole, each);
        for (const each of after) perform(whole, each);
        whole.cuts.push(whole.channel.cutInterval(false));
        assert.deepEqual(
          sealed,
          whole.cuts.map((cut) => shapeOf(cut)),
        );
        await settled();
      }),
    );
  });

  test('loses no reading whose writer was told Good, and puts none into two batches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 25 }), { minLength: 1, maxLength: 6 }), async (lives) => {
        let life = new Life(firstFor(TERMS), []);
        const acknowledged = new Set<number>();
        const inBatches: number[] = [];
        let id = 0;
        const seal = (): void => {
          const cut = life.cuts[0];
          if (life.seal() === undefined) return;
          inBatches.push(...cut!.open.readings.map(({ reading }) => Number(reading.value?.value)));
        };
        for (const steps of lives) {
          for (const each of steps) {
            if (each.do === 'write') life.journal.write(each.entries);
            else if (each.do === 'seal') seal();
            else if (each.do === 'accept') {
              const mine = id++;
              life.channel.accept(count(mine, life.channel.open.fromMs))?.then(
                () => acknowledged.add(mine),
                () => undefined,
              );
            } else perform(life, each);
          }
          await settled();
          life = new Life(life.progress, life.journal.kept);
        }
        life.cuts.push(life.channel.cutInterval(false));
        while (life.cuts.length > 0) seal();
        assert.equal(new Set(inBatches).size, inBatches.length, 'none twice');
        assert.deepEqual(
          [...acknowledged].filter((each) => !inBatches.includes(each)),
          [],
          'none lost',
        );
      }),
    );
  });
});

/** Of the steps before a crash those whose effect was in the seal or on the disk. */
function replayOf({ progress, journal }: Life, steps: readonly Step[]): Step[] {
  const { nextBatch } = progress;
  const written = journal.kept.filter(({ n }) => n >= nextBatch).length;
  const probe = new Life(firstFor(TERMS), []);
  const done: Step[] = [];
  let counted = 0;
  for (const each of steps) {
    if (each.do === 'write' || each.do === 'seal') continue;
    const { n } = probe.channel.open;
    const before = probe.journal.waiting;
    perform(probe, each);
    const entries = probe.journal.waiting - before;
    if (n >= nextBatch) counted += entries;
    if (n < nextBatch || counted <= written) done.push(each);
    else break;
  }
  return done;
}

describe('replaying the journal', () => {
  const ORIGIN = PARAMS.originMs;

  test('cuts off again what was cut off but not sealed, and goes on in the batch after it', () => {
    const first = new Life(firstFor(TERMS), []);
    perform(first, { do: 'accept', tag: 'count', value: 15 });
    perform(first, { do: 'end' });
    perform(first, { do: 'accept', tag: 'count', value: 5 });
    first.journal.write();
    const second = new Life(first.progress, first.journal.kept);
    assert.deepEqual(second.cuts.map(shapeOf), first.cuts.map(shapeOf));
    assert.deepEqual(second.channel.open.readings, first.channel.open.readings);
  });

  test('passes over what is sealed: a late write may leave it behind', () => {
    const first = new Life(firstFor(TERMS), []);
    perform(first, { do: 'accept', tag: 'count', value: 15 });
    perform(first, { do: 'end' });
    first.journal.write();
    first.seal();
    const second = new Life(first.progress, first.journal.kept);
    assert.deepEqual([second.cuts, second.channel.open.readings, second.channel.open.n], [[], [], 1]);
  });

  test('keeps a call that was asked for, and codes that were shown', () => {
    const first = new Life(firstFor(TERMS), []);
    perform(first, { do: 'accept', tag: 'count', value: 25 });
    first.channel.publish(ORIGIN + 250, false).stored.catch(() => undefined);
    first.channel.requestCall();
    first.journal.write();
    const second = new Life(first.progress, first.journal.kept);
    assert.equal(second.channel.isCallDue(ORIGIN + PARAMS.callGridMs), true);
    assert.deepEqual(second.channel.cutInterval(false).codes[0], [2, RESERVED_CODES.MISSED, RESERVED_CODES.MISSED, 2]);
  });

  test('codes shown before a call stay in the interval when its batch is sealed and the module starts anew', () => {
    const first = new Life(firstFor(TERMS), []);
    perform(first, { do: 'accept', tag: 'count', value: 25 });
    first.channel.publish(ORIGIN + 250, false).stored.catch(() => undefined);
    first.channel.requestCall();
    first.cuts.push(first.channel.cutCall(ORIGIN + 300));
    first.seal();
    const second = new Life(first.progress, []);
    assert.equal(second.channel.cutInterval(false).codes[0]?.[0], 2);
  });

  test('takes what a stop kept in place of what stands before it, and what came after it too', () => {
    const first = new Life(firstFor(TERMS), [], (tag) => tag === 'Heat');
    perform(first, { do: 'accept', tag: 'count', value: 1 });
    perform(first, { do: 'accept', tag: 'heat', value: 2 });
    first.channel.refuse('Count');
    void first.channel.keep();
    first.journal.write();
    const second = new Life(first.progress, first.journal.kept);
    assert.deepEqual([second.lost, second.channel.open.readings.length, second.channel.open.refused], [[], 2, [1, 0]]);
    perform(second, { do: 'accept', tag: 'count', value: 3 });
    second.journal.write();
    const third = new Life(second.progress, second.journal.kept);
    assert.deepEqual(third.channel.open.readings, second.channel.open.readings);
    assert.equal(third.channel.cutInterval(false).gap, 'none');
  });

  for (const [what, entries] of [
    ['that is no JSON', [{ n: 0, text: '[' }]],
    ['of an unknown kind', [{ n: 0, text: '["other"]' }]],
    ['with one part too many', [{ n: 0, text: '["call",1]' }]],
    ['of a batch that is not open', [{ n: 1, text: '["call"]' }]],
    ['that keeps another batch than it names', [{ n: 0, text: JSON.stringify(['kept', otherKept()]) }]],
  ] as const) {
    test(`an entry ${what} is a damaged journal, and nothing is guessed`, () => {
      assert.throws(
        () => replayJournal(collecting(TERMS), entries),
        (error) => hasCode(error, 'JOURNAL_DAMAGED'),
      );
    });
  }
});

function otherKept(): string {
  const channel = collecting(TERMS);
  channel.cutInterval(false);
  return channel.keep();
}

describe('readings that stand in memory alone', () => {
  const life = (): Life => new Life(firstFor(TERMS), [], (tag) => tag === 'Heat');

  test('are answered at once, but the first of a batch only when it is written that there are any', async () => {
    const { channel, journal } = life();
    const first = channel.accept(heat(1));
    assert.ok(first instanceof Promise && channel.accept(heat(2)) instanceof Promise);
    assert.equal(journal.waiting, 1);
    journal.write();
    await first;
    assert.equal(channel.accept(heat(3)), undefined);
    channel.cutInterval(false);
    assert.ok(channel.accept(heat(4)) instanceof Promise, 'once a batch');
  });

  test('are lost in a crash; the others of the batch are not, and its gap record says storage', () => {
    const first = life();
    void first.channel.accept(heat(1));
    void first.channel.accept(count(2));
    first.journal.write();
    const second = new Life(first.progress, first.journal.kept);
    assert.deepEqual(second.lost, [0]);
    const cut = second.channel.cutInterval(false);
    assert.deepEqual([cut.open.readings.length, cut.gap], [1, 'storage']);
  });
});

describe('a journal that fails', () => {
  for (const when of ['before', 'after'] as const) {
    test(`refuses what waits, ${when} it took effect, and tells; what is on the disk is what counts`, async () => {
      const { channel, journal, faults, progress } = new Life(firstFor(TERMS), []);
      const taken = channel.accept(count(1));
      channel.noteGap('connection');
      journal.fail(when);
      await assert.rejects(taken!, { code: 'STORE_FAILED' });
      await assert.rejects(channel.accept(count(2))!, { code: 'STORE_FAILED' });
      assert.ok(faults.length >= 2);
      const next = new Life(progress, journal.kept);
      assert.equal(next.channel.open.readings.length, when === 'after' ? 1 : 0);
    });
  }
});
