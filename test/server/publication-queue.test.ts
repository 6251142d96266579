import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { BatchStates } from '../../src/server/cleared/batch-states.ts';
import type { ClearedPublication } from '../../src/server/cleared/index.ts';
import { PublicationQueue } from '../../src/server/cleared/publication-queue.ts';
import { ShownState } from '../../src/server/cleared/shown-state.ts';

const publication = (stream: number, gridMs: number, publishAtMs: number): ClearedPublication => ({
  stream,
  code: 0,
  gridMs,
  nextMs: gridMs + 100,
  batch: gridMs / 100,
  publishAtMs,
});

describe('publication queue', () => {
  /** A queue under a clock that the test moves; gives what was shown, one list a tick. */
  function queue() {
    let now = 0;
    const shown: [number, number][][] = [];
    mock.timers.enable({ apis: ['setTimeout'] });
    const waiting = new PublicationQueue(
      (together) => void shown.push(together.map(({ gridMs, stream }) => [gridMs, stream])),
      () => now,
    );
    const pass = (ms: number, clockMs = ms) => {
      now += clockMs;
      mock.timers.tick(ms);
    };
    return { waiting, shown, pass, done: () => mock.timers.reset() };
  }

  test('shows all of a grid point in one tick, at its time and not before', () => {
    const { waiting, shown, pass, done } = queue();
    waiting.add([publication(1, 100, 150), publication(0, 100, 150), publication(0, 200, 250)]);
    pass(149);
    assert.deepEqual(shown, []);
    pass(1);
    assert.deepEqual(shown, [
      [
        [100, 1],
        [100, 0],
      ],
    ]);
    pass(100);
    assert.deepEqual(shown[1], [[200, 0]]);
    done();
  });

  test('after a stall the grid points come one after the other, in their order', () => {
    const { waiting, shown, pass, done } = queue();
    pass(500);
    waiting.add([publication(0, 300, 350), publication(0, 100, 150), publication(0, 200, 250)]);
    assert.deepEqual(
      shown.map((together) => together[0]?.[0]),
      [100, 200, 300],
    );
    done();
  });

  test('follows a wall clock that is set forward within a second, and waits when it is set back', () => {
    const { waiting, shown, pass, done } = queue();
    waiting.add([publication(0, 10_000, 10_000)]);
    pass(1000, 20_000);
    assert.equal(shown.length, 1);
    waiting.add([publication(0, 30_000, 30_000)]);
    pass(1000, -20_000);
    pass(9_000);
    assert.equal(shown.length, 1);
    waiting.stop();
    pass(60_000);
    assert.equal(shown.length, 1);
    done();
  });
});

describe('what a new process is told', () => {
  test('the last publication of each stream, and all whose time has not come', () => {
    const state = new ShownState();
    state.publish([publication(0, 100, 150), publication(1, 100, 150)], 0);
    state.publish([publication(0, 200, 250), publication(0, 300, 350)], 200);
    assert.deepEqual(
      state.shown(260).map(({ stream, gridMs }) => [stream, gridMs]),
      [
        [0, 200],
        [1, 100],
      ],
    );
    assert.deepEqual(
      state.waiting(260).map(({ gridMs }) => gridMs),
      [300],
    );
  });

  test('the states of a bounded number of batches; of an unknown one that it is sealed and waits', () => {
    const states = new BatchStates();
    for (let n = 0; n < 5000; n++) states.set({ n, ledgerState: 'Anchored', deliveryState: 'Receipted', txId: 'tx' });
    assert.equal(states.all().length, 4096);
    assert.equal(states.of(4999).ledgerState, 'Anchored');
    assert.deepEqual(states.of(0), { n: 0, ledgerState: 'Sealed', deliveryState: 'Waiting', txId: '' });
  });
});
