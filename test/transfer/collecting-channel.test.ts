import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasCode, intervalStart, RESERVED_CODES } from '../../src/core/index.ts';
import { BatchBuilder, SeedRatchet } from '../../src/evidence/index.ts';
import type { CollectingChannel, CutBatch } from '../../src/transfer/index.ts';
import { testBytes } from '../support/ledger-network.ts';
import { collecting, count, heat, resumed, TAG_DEPTH, termsFor, transferParams } from './fixture.ts';

const { NONE, SUSPENDED, MISSED } = RESERVED_CODES;
const ORIGIN = transferParams().originMs;

type Step = 'count' | 'heat' | 'call' | 'interval' | 'missed' | 'restart';
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Step>('count', 'heat') },
  { weight: 2, arbitrary: fc.constantFrom<Step>('call', 'interval') },
  { weight: 1, arbitrary: fc.constantFrom<Step>('missed', 'restart') },
);

/** Does the steps one after the other. Gives the cuts, and the values accepted of each tag in order. */
function run(steps: readonly Step[], terms = termsFor()): { cuts: CutBatch[]; accepted: number[][] } {
  let channel = collecting(terms);
  const cuts: CutBatch[] = [];
  const accepted: number[][] = [[], []];
  let value = 0;
  for (const each of [...steps, 'interval' as const]) {
    const cut = perform(channel, each, () => {
      accepted[each === 'count' ? 0 : 1]!.push(value);
      return value++;
    });
    if (cut !== undefined) cuts.push(cut);
    const last = cuts.at(-1);
    // A restart goes on from the progress of the last seal, and from what was kept of the open batch.
    if (each === 'restart' && last !== undefined) {
      const kept = channel.keep();
      channel = resumed(terms, last);
      assert.equal(channel.resume(kept), true);
    }
  }
  return { cuts, accepted };
}

function perform(channel: CollectingChannel, each: Step, next: () => number): CutBatch | undefined {
  if (each === 'count') return void channel.accept(count(next()));
  if (each === 'heat') return void channel.accept(heat(next()));
  if (each === 'interval') return channel.cutInterval(false);
  if (each === 'missed') return channel.cutMissed(channel.missedThrough(channel.endMs + 1500));
  if (each === 'call' && channel.open.ordinal < 2) {
    channel.requestCall();
    return channel.cutCall(channel.open.fromMs + 100);
  }
  return undefined;
}

const valuesOf = (cut: CutBatch, tag: number): unknown[] =>
  cut.open.readings.filter((kept) => kept.tag === tag).map(({ reading }) => reading.value?.value);

describe('readings between cuts', () => {
  test('each is in exactly one batch, by order of acceptance, whatever calls, ends, outages and restarts lie between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { cuts, accepted } = run(steps);
        for (const tag of [0, 1])
          assert.deepEqual(
            cuts.flatMap((cut) => valuesOf(cut, tag)),
            accepted[tag],
          );
      }),
    );
  });

  test('sequence numbers have no gap over batches and restarts, and the tree holds what the batch holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const next = [0, 0];
        for (const cut of run(steps).cuts) {
          assert.deepEqual(cut.open.firstSequences, next);
          const counts = [0, 1].map((tag) => valuesOf(cut, tag).length);
          assert.deepEqual(cut.open.builder.counts, counts);
          counts.forEach((each, tag) => (next[tag] = next[tag]! + each));
          assert.deepEqual(cut.progress.sequences, next);
        }
      }),
    );
  });

  test('batches are numbered without a gap, follow each other in time, and each has a seed of its own', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { cuts } = run(steps);
        const seeds = new Set(cuts.map(({ open }) => Buffer.from(open.seed).toString('hex')));
        assert.equal(seeds.size, cuts.length);
        cuts.forEach((cut, n) => {
          assert.equal(cut.open.n, n);
          assert.equal(cut.open.fromMs, cuts[n - 1]?.toMs ?? ORIGIN);
          assert.equal(cut.progress.nextBatch, n + 1);
        });
      }),
    );
  });

  test('seeds are those of the ratchet at the interval and the place in it, also after a restart', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        for (const { open } of run(steps).cuts) {
          const ratchet = new SeedRatchet(testBytes('ratchet'), 0);
          ratchet.skipTo(open.interval);
          assert.deepEqual(open.seed, ratchet.seeds(2)[open.ordinal]);
        }
      }),
    );
  });

  test('a call cuts the readings, not the conditions: they are those of the same readings without a call', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const without = run(steps.filter((each) => each !== 'call'));
        const grid = run(steps).cuts.filter(({ row }) => row === 0);
        assert.deepEqual(
          grid.map(({ codes, open }) => [open.interval, codes]),
          without.cuts.map(({ codes, open }) => [open.interval, codes]),
        );
      }),
    );
  });

  test('an unknown tag is refused and takes no number', () => {
    const channel = collecting(termsFor());
    assert.throws(
      () => channel.accept({ ...count(1), tag: 'Other' }),
      (error) => hasCode(error, 'NO_SUCH_TAG'),
    );
    assert.throws(
      () => channel.refuse('Other'),
      (error) => hasCode(error, 'NO_SUCH_TAG'),
    );
    assert.deepEqual(channel.cutInterval(false).progress.sequences, [0, 0]);
  });

  test('refused writes are counted for the batch in which they came', () => {
    const channel = collecting(termsFor());
    channel.refuse('Heat');
    channel.refuse('Heat');
    const first = channel.cutInterval(false);
    channel.refuse('Count');
    assert.deepEqual(first.open.refused, [0, 2]);
    assert.deepEqual(channel.cutInterval(false).open.refused, [1, 0]);
  });

  test("a PLC's gap stands in the batch in which it came, and in no other", () => {
    const channel = collecting(termsFor());
    channel.noteGap('connection');
    assert.deepEqual(
      [channel.cutInterval(false), channel.cutInterval(false)].map(({ gap }) => gap),
      ['connection', 'none'],
    );
  });
});

describe('calls', () => {
  const onGrid = (channel: CollectingChannel, ms: number): boolean => channel.isCallDue(channel.open.fromMs + ms);

  test('name the batch that will be sealed, and wait for the next point of the call grid', () => {
    const channel = collecting(termsFor());
    assert.equal(onGrid(channel, 100), false);
    assert.equal(channel.requestCall(), 0);
    assert.deepEqual(
      [0, 50, 100, 900].map((ms) => onGrid(channel, ms)),
      [false, false, true, true],
    );
    assert.equal(onGrid(channel, 1000), false, 'the grid point belongs to the interval');
    const cut = channel.cutCall(ORIGIN + 100);
    assert.deepEqual([cut.open.n, cut.row, cut.open.fromMs, cut.toMs, cut.through], [0, 1, ORIGIN, ORIGIN + 100, 0]);
    assert.deepEqual(cut.codes, [[NONE], [NONE]]);
    assert.equal(onGrid(channel, 100), false, 'it is done');
  });

  test('more than agreed are refused until the next interval; one that waits answers with the same batch', () => {
    const channel = collecting(termsFor());
    for (const row of [1, 2]) {
      assert.equal(channel.requestCall(), row - 1);
      assert.equal(channel.requestCall(), row - 1);
      assert.equal(channel.cutCall(channel.open.fromMs + 100).row, row);
    }
    assert.throws(
      () => channel.requestCall(),
      (error) => hasCode(error, 'TOO_MANY_CALLS'),
    );
    assert.equal(channel.cutInterval(false).open.n, 2);
    assert.equal(channel.requestCall(), 3);
  });

  test('are refused where the agreement allows none', () => {
    const channel = collecting(termsFor(transferParams({ callsPerInterval: 0, callGridMs: 1000 })));
    assert.throws(
      () => channel.requestCall(),
      (error) => hasCode(error, 'TOO_MANY_CALLS') && /allows no calls/.test(error.message),
    );
  });

  test('one that no point of the call grid came for is sealed with the interval', () => {
    const channel = collecting(termsFor());
    assert.equal(channel.requestCall(), 0);
    assert.deepEqual([channel.cutInterval(false).open.n, channel.isCallDue(ORIGIN + 1100)], [0, false]);
  });
});

describe('conditions at the end of an interval', () => {
  test('are cleared by the mapping policy, and held where no reading came', () => {
    const channel = collecting(termsFor());
    assert.deepEqual(channel.cutInterval(false).codes, [[NONE], [NONE]]);
    channel.accept(count(15));
    channel.accept(heat(25));
    channel.accept(heat(5));
    assert.deepEqual(channel.cutInterval(false).codes, [[1], [2]]);
    assert.deepEqual(channel.cutInterval(false).codes, [[1], [2]]);
  });

  test('are SUSPENDED once the limit of unreceipted batches is reached', () => {
    const channel = collecting(termsFor());
    channel.accept(count(15));
    assert.deepEqual(channel.cutInterval(true).codes, [[SUSPENDED], [SUSPENDED]]);
  });

  test('publications finer than the interval stand in their places, the last being that of the end', () => {
    const params = transferParams({ publications: 4, conditionDepth: 4 });
    const channel = collecting(termsFor(params));
    const shown = [250, 500, 750].map((ms, index) => {
      channel.accept(count(index * 10));
      return channel.publish(ORIGIN + ms, false);
    });
    channel.accept(count(0));
    assert.deepEqual(shown, [
      [0, [0, NONE]],
      [1, [1, NONE]],
      [2, [2, NONE]],
    ]);
    assert.deepEqual(channel.cutInterval(false).codes, [
      [0, 1, 2, 0],
      [NONE, NONE, NONE, NONE],
    ]);
  });

  test('a publication that was not shown is MISSED in its own place', () => {
    const params = transferParams({ publications: 4, conditionDepth: 4 });
    const channel = collecting(termsFor(params));
    channel.accept(count(15));
    channel.publish(ORIGIN + 500, false);
    assert.deepEqual(channel.cutInterval(false).codes[0], [MISSED, 1, MISSED, 1]);
  });
});

describe('missed intervals', () => {
  const at = (interval: number): number => intervalStart(transferParams(), interval);

  test('are one batch up to the interval that runs now', () => {
    const channel = collecting(termsFor());
    const cut = channel.cutMissed(channel.missedThrough(at(2) + 10));
    assert.deepEqual([cut.open.interval, cut.through, cut.row, cut.toMs, cut.gap], [0, 1, 0, at(2), 'missed']);
    assert.deepEqual(cut.codes, [[MISSED], [MISSED]]);
    assert.equal(channel.open.interval, 2);
  });

  test('a batch of them never goes beyond the end of its epoch', () => {
    const channel = collecting(termsFor());
    channel.cutInterval(false);
    const spans: number[][] = [];
    while (channel.endMs <= at(13)) {
      const { open, through } = channel.cutMissed(channel.missedThrough(at(13)));
      spans.push([open.interval, through]);
    }
    assert.deepEqual(spans, [
      [1, 3],
      [4, 7],
      [8, 11],
      [12, 12],
    ]);
    assert.equal(channel.open.interval, 13);
  });

  test('after a call, the rest of the interval belongs to them', () => {
    const channel = collecting(termsFor());
    channel.accept(count(1));
    channel.requestCall();
    channel.cutCall(ORIGIN + 300);
    const cut = channel.cutMissed(channel.missedThrough(at(3)));
    assert.deepEqual([cut.open.fromMs, cut.open.ordinal, cut.through], [ORIGIN + 300, 1, 2]);
  });
});

describe('readings kept over a stop', () => {
  test('give the same batch as without the stop: root, conditions and refused writes', () => {
    const values = fc.array(fc.tuple(fc.constantFrom('count', 'heat'), fc.integer({ min: -50, max: 50 }), fc.boolean()), { maxLength: 20 });
    fc.assert(
      fc.property(values, values, (before, after) => {
        const [whole, stopped] = [collecting(termsFor()), collecting(termsFor())];
        const feed = (channel: CollectingChannel, list: typeof before): void => {
          for (const [tag, value, refused] of list) {
            channel.accept(tag === 'count' ? count(value, ORIGIN + 5) : heat(value / 3, ORIGIN + 7));
            if (refused) channel.refuse('Heat');
          }
        };
        feed(whole, before);
        feed(stopped, before);
        const kept = stopped.keep();
        const again = collecting(termsFor());
        again.resume(kept);
        feed(whole, after);
        feed(again, after);
        assert.deepEqual(closed(again), closed(whole));
      }),
    );
  });

  test('include what was shown within the interval', () => {
    const params = transferParams({ publications: 2, conditionDepth: 3 });
    const channel = collecting(termsFor(params));
    channel.accept(count(25));
    channel.publish(ORIGIN + 500, false);
    const again = collecting(termsFor(params));
    assert.equal(again.resume(channel.keep()), true);
    again.accept(count(5));
    assert.deepEqual(again.cutInterval(false).codes[0], [2, 0]);
  });

  test('of another batch are left alone', () => {
    const channel = collecting(termsFor());
    channel.accept(count(25));
    const kept = channel.keep();
    channel.cutInterval(false);
    assert.equal(channel.resume(kept), false);
    assert.deepEqual(channel.open.readings, []);
  });

  test('that are damaged are refused', () => {
    const channel = collecting(termsFor());
    assert.throws(
      () => channel.resume('{"n":0,"readings":[[0,"Int32:x",0,0,0]],"refused":[0,0],"published":[],"isCallPending":false,"gap":"none"}'),
      (error) => hasCode(error, 'BAD_UA_VALUE'),
    );
    assert.throws(
      () => channel.resume('{"n":0,"readings":[[7,"Int32:1",0,0,0]],"refused":[0,0],"published":[],"isCallPending":false,"gap":"none"}'),
      (error) => hasCode(error, 'NO_SUCH_TAG'),
    );
    assert.throws(
      () => channel.resume('{"n":0}'),
      (error) => hasCode(error, 'BAD_SHAPE'),
    );
  });

  function closed(channel: CollectingChannel): unknown {
    const { open, codes, progress } = channel.cutInterval(false);
    assert.ok(open.builder instanceof BatchBuilder);
    const keys = [testBytes('slot'), testBytes('slot')];
    const { root, counts } = open.builder.close({ conditions: codes, slotKeys: keys, batchKey: testBytes('batch'), refused: open.refused });
    return { root, counts, codes, refused: open.refused, progress };
  }
});

test('the tree of a tag is as deep as agreed', () => {
  const channel = collecting(termsFor());
  for (let i = 0; i < 2 ** TAG_DEPTH + 5; i++) channel.accept(count(i));
  assert.deepEqual(channel.cutInterval(false).open.builder.counts, [2 ** TAG_DEPTH + 5, 0]);
});
