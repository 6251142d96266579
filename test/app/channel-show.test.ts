import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { intervalEnd } from '../../src/core/index.ts';
import { ChannelShow } from '../../src/app/channel-show.ts';
import { ShownHistory } from '../../src/app/shown-history.ts';
import type { TraceEvent } from '../../src/app/index.ts';
import type { ClearedPublication } from '../../src/server/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { termsFor, TestSender, transferParams } from '../transfer/fixture.ts';

const PARAMS = transferParams();
const STREAMS = ['Counted', 'Hot'].map((name) => ({ name, title: { en: name, de: name }, conditions: [] }));

/** What a module shows in one life over the same store. */
class Life {
  readonly sender: TestSender;
  readonly publications: ClearedPublication[] = [];
  readonly states: number[] = [];
  readonly traced: TraceEvent[] = [];
  readonly show: ChannelShow;

  constructor(store: SenderStore, params = PARAMS) {
    this.sender = new TestSender(termsFor(params), store);
    this.show = new ChannelShow({
      agreement: { streams: STREAMS } as never,
      params,
      store,
      clock: this.sender.clock,
      display: { publish: (list) => this.publications.push(...list), batchState: ({ n }) => this.states.push(n) },
      listener: () => undefined,
      trace: (event) => void this.traced.push(event),
      history: new ShownHistory(store, params, this.sender.clock),
    });
  }

  /** Seals an interval, and shows it where nothing comes in between. */
  async seal(isShown: boolean): Promise<void> {
    const cut = this.sender.collecting.cutInterval(false);
    this.sender.clock.timeMs = cut.toMs;
    this.sender.queue.add(cut);
    await this.sender.queue.idle();
    const { store } = this.sender;
    const batch = { ...store.batch(cut.open.n)!, ...store.opening(cut.open.n)! };
    if (isShown) this.show.sealed(batch, cut);
  }

  /** Of each publication of the first stream: batch, grid point and time of publication, from the origin on. */
  get shown(): [number, number, number][] {
    return this.publications
      .filter(({ stream }) => stream === 0)
      .map(({ batch, gridMs, publishAtMs }) => [batch, gridMs - PARAMS.originMs, publishAtMs - PARAMS.originMs]);
  }
}

const newStore = (): SenderStore => new SenderStore(':memory:', 'test', STORE_KEY);
const DELAY = PARAMS.publishDelayMs;

describe('what is sealed', () => {
  test('is given to the cleared server with its grid point and the time to show it, and traced once', async () => {
    const life = new Life(newStore());
    await life.seal(true);
    assert.deepEqual(life.shown, [[0, 1000, 1000 + DELAY]]);
    assert.deepEqual(life.traced, [{ kind: 'published', n: 0 }]);
    assert.deepEqual(life.states, [0]);
  });
});

describe('a start', () => {
  test('shows what a crash kept from being shown, at a point of the grid where its time is over', async () => {
    const store = newStore();
    const first = new Life(store);
    await first.seal(true);
    await first.seal(false);
    const second = new Life(store);
    second.sender.clock.timeMs = intervalEnd(PARAMS, 4) + DELAY + 321;
    second.show.again(2);
    // The newest of those shown before comes once more, for a client finds nothing on a server that begins.
    assert.deepEqual(second.shown, [
      [0, 1000, 6000 + DELAY],
      [1, 2000, 6000 + DELAY],
    ]);
    assert.deepEqual(second.traced, [{ kind: 'published', n: 1 }]);
    const third = new Life(store);
    third.sender.clock.timeMs = second.sender.clock.timeMs;
    third.show.again(2);
    assert.deepEqual([third.shown, third.traced], [[[1, 2000, 6000 + DELAY]], []]);
  });

  test('leaves the time of what is still to come', async () => {
    const store = newStore();
    await new Life(store).seal(false);
    const second = new Life(store);
    second.sender.clock.timeMs = intervalEnd(PARAMS, 0) + DELAY - 1;
    second.show.again(1);
    assert.deepEqual(second.shown, [[0, 1000, 1000 + DELAY]]);
  });

  test('shows no call as a condition', async () => {
    const store = newStore();
    const first = new Life(store);
    first.sender.collecting.requestCall();
    first.sender.queue.add(first.sender.collecting.cutCall(PARAMS.originMs + PARAMS.callGridMs));
    await first.sender.queue.idle();
    const second = new Life(store);
    second.show.again(1);
    assert.deepEqual([second.shown, second.traced, second.states], [[], [], [0]]);
  });

  test('of a channel without batches shows nothing', () => {
    const life = new Life(newStore());
    life.show.again(0);
    assert.deepEqual([life.shown, life.states], [[], []]);
  });
});

describe('codes within an interval', () => {
  const params = transferParams({ publications: 4, conditionDepth: 4 });

  test('are shown at their own time, and where that is over at the next publication', () => {
    const life = new Life(newStore(), params);
    life.sender.clock.timeMs = params.originMs + 250;
    assert.equal(life.show.within(0, params.originMs + 250, [1, 2]), false);
    life.sender.clock.timeMs = params.originMs + 500 + DELAY + 3;
    assert.equal(life.show.within(0, params.originMs + 500, [1, 2]), true);
    assert.deepEqual(life.shown, [
      [0, 250, 250 + DELAY],
      [0, 500, 750 + DELAY],
    ]);
  });

  test('that the journal holds are shown again', () => {
    const life = new Life(newStore(), params);
    life.sender.clock.timeMs = params.originMs + 300;
    life.show.withinAgain({ n: 0, interval: 0 }, [[0, [1, 2]]]);
    assert.deepEqual(life.shown, [[0, 250, 250 + DELAY > 300 ? 250 + DELAY : 500 + DELAY]]);
  });
});
