import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChannelShow } from '../../src/app/channel-show.ts';
import { HistoryDesk } from '../../src/app/history-desk.ts';
import { ShownHistory } from '../../src/app/shown-history.ts';
import { type ChannelParams, UnavailableError } from '../../src/core/index.ts';
import type { HistoryPoint, HistoryQuery } from '../../src/server/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { count, termsFor, TestSender, transferParams } from '../transfer/fixture.ts';

const PARAMS = transferParams();
const DELAY = PARAMS.publishDelayMs;
const ALL: HistoryQuery = { stream: 0, fromMs: 0, toMs: 8_640_000_000_000_000, newestFirst: false, most: 1001 };

/** A channel that shows, in one life over its store. */
class Life {
  readonly sender: TestSender;
  readonly history: ShownHistory;
  readonly show: ChannelShow;
  readonly #params: ChannelParams;

  constructor(store: SenderStore, params = PARAMS) {
    this.#params = params;
    this.sender = new TestSender(termsFor(params), store);
    this.history = new ShownHistory(store, params, this.sender.clock);
    this.show = new ChannelShow({
      agreement: { streams: [{ name: 'Counted', conditions: [] }] } as never,
      params,
      store,
      clock: this.sender.clock,
      display: { publish: () => undefined, batchState: () => undefined },
      listener: () => undefined,
      trace: () => undefined,
      history: this.history,
    });
  }

  /** Ms since the origin. */
  set now(ms: number) {
    this.sender.clock.timeMs = this.#params.originMs + ms;
  }

  /** Seals an interval a little after its end, and gives it to the server where nothing comes in between. */
  async seal(isShown = true): Promise<void> {
    const { store, collecting, queue, clock } = this.sender;
    const cut = collecting.cutInterval(false);
    clock.timeMs = cut.toMs;
    queue.add(cut);
    await queue.idle();
    if (isShown) this.show.sealed({ ...store.batch(cut.open.n)!, ...store.opening(cut.open.n)! }, cut);
  }

  points(query: Partial<HistoryQuery> = {}): HistoryPoint[] {
    return [...this.history.slices({ ...ALL, ...query })].flat();
  }

  /** Of each point: batch, and grid time since the origin. */
  times(query: Partial<HistoryQuery> = {}): [number, number][] {
    return this.points(query).map(({ batch, gridMs }) => [batch, gridMs - this.#params.originMs]);
  }
}

const newStore = (): SenderStore => new SenderStore(':memory:', 'test', STORE_KEY);

describe('the history of a channel', () => {
  test('has what was shown, and nothing before its time to the millisecond', async () => {
    const life = new Life(newStore());
    await life.seal();
    life.now = 1000 + DELAY - 1;
    assert.deepEqual(life.points(), []);
    life.now = 1000 + DELAY;
    assert.deepEqual(life.times(), [[0, 1000]]);
    await life.seal();
    assert.deepEqual(life.times(), [[0, 1000]]);
    life.now = 2000 + DELAY;
    assert.deepEqual(life.times(), [
      [0, 1000],
      [1, 2000],
    ]);
    assert.equal(life.points()[0]?.shownMs, PARAMS.originMs + 1000 + DELAY);
  });

  test('keeps to the bounds of a query, in both directions', async () => {
    const life = new Life(newStore());
    for (let n = 0; n < 6; n++) await life.seal();
    life.now = 6000 + DELAY;
    const at = (ms: number): number => PARAMS.originMs + ms;
    assert.deepEqual(life.times({ fromMs: at(2000), toMs: at(3999) }), [
      [1, 2000],
      [2, 3000],
    ]);
    assert.deepEqual(life.times({ fromMs: at(4001), newestFirst: true }), [
      [5, 6000],
      [4, 5000],
    ]);
    assert.deepEqual(life.times({ fromMs: at(7000) }), []);
    assert.deepEqual(life.times({ toMs: at(0) }), []);
  });

  test('goes over the slices of the store without loss, in both directions', async () => {
    const life = new Life(newStore());
    for (let n = 0; n < 120; n++) await life.seal();
    life.now = 120_000 + DELAY;
    const expected = Array.from({ length: 120 }, (_, n) => [n, (n + 1) * 1000]);
    assert.deepEqual(life.times(), expected);
    assert.deepEqual(life.times({ newestFirst: true }), expected.toReversed());
  });

  test('stands over a restart; what had not been shown waits until it is', async () => {
    const store = newStore();
    const first = new Life(store);
    for (let n = 0; n < 3; n++) await first.seal();
    await first.seal(false);
    const second = new Life(store);
    second.now = 9321;
    assert.deepEqual(second.times(), [], 'what is to be shown again is not known yet');
    second.show.again(4);
    assert.deepEqual(second.times(), [
      [0, 1000],
      [1, 2000],
    ]);
    second.now = 10_000 + DELAY;
    assert.deepEqual(second.times(), [
      [0, 1000],
      [1, 2000],
      [2, 3000],
      [3, 4000],
    ]);
  });

  test('says of a missed time what was shown of it: one value at its end', async () => {
    const life = new Life(newStore());
    await life.seal();
    life.now = 7300;
    const cut = life.sender.missed();
    life.sender.queue.add(cut);
    await life.sender.queue.idle();
    life.show.sealed({ ...life.sender.store.batch(1)!, ...life.sender.store.opening(1)! }, cut);
    life.now = 7000 + PARAMS.intervalMs + DELAY;
    const [, missed] = life.points();
    assert.deepEqual([missed?.gridMs, missed?.code], [cut.toMs, -3]);
    assert.deepEqual(life.times({ fromMs: PARAMS.originMs + 3500 }), [[1, cut.toMs - PARAMS.originMs]]);
  });

  test('has the conditions within an interval, before and after its seal, and over a restart', async () => {
    const params = transferParams({ publications: 4, conditionDepth: 4 });
    const store = newStore();
    const life = new Life(store, params);
    const within = (ms: number): void => {
      life.now = ms;
      life.sender.collecting.accept(count(ms, params.originMs + ms - 1));
      const [, codes] = life.sender.collecting.publish(params.originMs + ms, false);
      life.show.within(0, params.originMs + ms, codes);
    };
    within(250);
    within(750);
    life.now = 750 + DELAY;
    assert.deepEqual(life.times(), [
      [0, 250],
      [0, 750],
    ]);
    const codes = life.points().map(({ code }) => code);
    await life.seal();
    life.now = 1000 + DELAY;
    const expected = [
      [0, 250],
      [0, 750],
      [0, 1000],
    ];
    assert.deepEqual(life.times(), expected);
    assert.deepEqual(
      life
        .points()
        .map(({ code }) => code)
        .slice(0, 2),
      codes,
    );
    assert.deepEqual(life.times({ newestFirst: true }), expected.toReversed());
    await life.seal();
    const second = new Life(store, params);
    second.now = 5000;
    second.show.again(2);
    assert.deepEqual(second.times(), expected);
  });

  test('tells of a batch what was known at the last grid point', async () => {
    const store = newStore();
    const life = new Life(store);
    const state = (n: number) => {
      const found = life.points().find(({ batch }) => batch === n);
      return [found?.ledgerState, found?.txId];
    };
    await life.seal();
    life.now = 1000 + DELAY + 1;
    store.setSubmitted(0, { transactionId: 'tx', bytes: new Uint8Array([1]) });
    life.show.state(0);
    life.now = 1000 + DELAY + 2;
    store.setLedgerState(0, 'Anchored');
    life.show.state(0);
    assert.deepEqual(state(0), ['Sealed', '']);
    await life.seal();
    assert.deepEqual(state(0), ['Sealed', '']);
    life.now = 2000 + DELAY;
    assert.deepEqual(state(0), ['Anchored', 'tx']);
    assert.deepEqual(state(1), ['Sealed', '']);
  });
});

describe('the desk that reads a history', () => {
  const slow = { slices: () => [[], [], []] };

  test('gives no more points than are asked for', async () => {
    const point = { gridMs: 1 } as HistoryPoint;
    const desk = new HistoryDesk(() => ({ slices: () => [[point, point], [point, point], [point]] }));
    assert.equal((await desk.read({ ...ALL, most: 3 })).length, 3);
    assert.equal((await desk.read(ALL)).length, 5);
  });

  test('takes eight queries at once, and more when they are answered', async () => {
    const desk = new HistoryDesk(() => slow);
    const reads = await Promise.allSettled(Array.from({ length: 9 }, () => desk.read(ALL)));
    assert.deepEqual(
      reads.map(({ status }) => status),
      [...Array.from({ length: 8 }, () => 'fulfilled'), 'rejected'],
    );
    assert.deepEqual(await desk.read(ALL), []);
  });

  test('a history that is not there now fails the query alone', async () => {
    let isThere = false;
    const desk = new HistoryDesk(() => {
      if (!isThere) throw new UnavailableError('NOT_RUNNING', 'Not yet.');
      return slow;
    });
    await assert.rejects(desk.read(ALL), { code: 'NOT_RUNNING' });
    isThere = true;
    assert.deepEqual(await desk.read(ALL), []);
  });
});
