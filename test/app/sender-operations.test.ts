import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { alarmLimits } from '../../src/app/alarm-limits.ts';
import { type FiguresStore, SenderOperations } from '../../src/app/sender-operations.ts';
import type { ChannelParams } from '../../src/core/index.ts';
import { cachePolicy } from '../../src/transfer/index.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const PARAMS = {
  intervalMs: 1000,
  anchorWithinMs: 10_000,
  receiptWithinMs: 60_000,
  publishDelayMs: 200,
  unreceiptedLimit: 100,
} as ChannelParams;
const EMPTY = { batches: 0, openable: 0, bytes: 0, oldestMs: undefined, oldestOpenableMs: undefined, newestOpenableMs: undefined };

class Store implements FiguresStore {
  fill: ReturnType<FiguresStore['cacheFill']> = EMPTY;
  backlog: ReturnType<FiguresStore['ledgerBacklog']> = { batches: 0, oldestMs: undefined };
  waiting = 0;
  isBroken = false;
  cacheFill() {
    if (this.isBroken) throw new Error('The disk is gone.');
    return this.fill;
  }
  ledgerBacklog() {
    return this.backlog;
  }
  unreceipted() {
    return this.waiting;
  }
}

describe("figures and state of the owner's module", () => {
  let nowMs: number;
  let store: Store;
  let operations: SenderOperations;

  beforeEach(() => {
    nowMs = NOW_MS;
    store = new Store();
    operations = make('stop');
    operations.phase('Running');
    operations.receiverSeen();
  });

  function make(atLimit: 'stop' | 'dropOldest'): SenderOperations {
    const made = new SenderOperations({
      channel: 'press',
      params: PARAMS,
      limits: alarmLimits(PARAMS),
      cachePolicy: cachePolicy({ maxBytes: 1000, atLimit }),
      clock: { now: () => nowMs },
    });
    made.attach({ store, lastBlockMs: () => NOW_MS - 5 });
    return made;
  }

  test('a module in good order runs, lacks nothing, and says nothing', () => {
    const { state, stateText, isReady, reasons, notes, cacheFillPercent, ledgerLagMs, oldestUnsentMs, lastBlockMs } = operations.status();
    assert.deepEqual(
      { state, stateText, isReady, reasons, notes, cacheFillPercent, ledgerLagMs, oldestUnsentMs, lastBlockMs },
      {
        state: 'Running',
        stateText: '',
        isReady: true,
        reasons: [],
        notes: [],
        cacheFillPercent: 0,
        ledgerLagMs: 0,
        oldestUnsentMs: 0,
        lastBlockMs: NOW_MS - 5,
      },
    );
  });

  test('the fill is that of the nearest limit: configured bytes, or the agreed number of unreceipted batches', () => {
    store.fill = { ...EMPTY, batches: 20, bytes: 450 };
    store.waiting = 20;
    assert.equal(operations.status().cacheFillPercent, 45);
    store.waiting = 60;
    assert.equal(operations.status().cacheFillPercent, 60);
  });

  test('above a limit the module is degraded and says what lacks; the level is left a tenth below', () => {
    const fillTo = (bytes: number) => {
      store.fill = { ...EMPTY, bytes };
      const { state, alarms, stateText, isReady } = operations.status();
      return { state, level: alarms.cacheFill.level, isSaid: stateText.includes('cache'), isReady };
    };
    assert.deepEqual(fillTo(700), { state: 'Running', level: 'normal', isSaid: false, isReady: true });
    assert.deepEqual(fillTo(701), { state: 'Degraded', level: 'high', isSaid: true, isReady: true });
    assert.deepEqual(fillTo(640), { state: 'Degraded', level: 'high', isSaid: true, isReady: true });
    assert.deepEqual(fillTo(901), { state: 'Degraded', level: 'highHigh', isSaid: true, isReady: true });
    assert.equal(fillTo(820).level, 'highHigh');
    assert.equal(fillTo(800).level, 'high');
    assert.equal(fillTo(620).level, 'normal');
  });

  test('an alarm names figure, limit and remedy', () => {
    store.fill = { ...EMPTY, bytes: 755, oldestMs: NOW_MS - 3 * 3_600_000 };
    const { alarms } = operations.status();
    assert.match(alarms.cacheFill.text, /filled to 75\.5 %, the limit being 70 %\. Get the manufacturer's module/);
    assert.match(alarms.unsentAge.text, /waited for 3 h, the limit being 61 s\. See whether/);
  });

  test('the ledger is behind by the time since the seal of the oldest batch that it has not settled', () => {
    store.backlog = { batches: 4, oldestMs: NOW_MS - 5800 + 200 };
    const { ledgerLagMs, unanchoredBatches, state, notes } = operations.status();
    assert.deepEqual(
      { ledgerLagMs, unanchoredBatches, state, notes },
      { ledgerLagMs: 5800, unanchoredBatches: 4, state: 'Degraded', notes: ['ledgerLag'] },
    );
  });

  test("the receiver's silence counts from its last call, or from the start", () => {
    assert.equal(operations.status().receiverSilenceMs, 0);
    nowMs += 31_000;
    assert.deepEqual(operations.status().notes, ['receiverSilence']);
    operations.receiverSeen();
    assert.equal(operations.status().receiverLastSeenMs, nowMs);
    assert.deepEqual(operations.status().notes, []);
    const fresh = make('stop');
    assert.equal(fresh.status().receiverLastSeenMs, undefined);
    nowMs += 5000;
    assert.equal(fresh.status().receiverSilenceMs, 5000);
  });

  test('a clock that was set back makes no age negative', () => {
    store.fill = { ...EMPTY, oldestMs: NOW_MS };
    nowMs -= 60_000;
    const { oldestUnsentMs, receiverSilenceMs } = operations.status();
    assert.deepEqual({ oldestUnsentMs, receiverSilenceMs }, { oldestUnsentMs: 0, receiverSilenceMs: 0 });
  });

  test('at the agreed limit of unreceipted batches it is suspended, and still ready', () => {
    store.waiting = 100;
    const { state, isReady, notes } = operations.status();
    assert.deepEqual({ state, isReady, notes }, { state: 'Suspended', isReady: true, notes: ['SUSPENDED', 'cacheFill'] });
  });

  test('a full cache that may drop nothing takes no values; one that may goes on', () => {
    store.fill = { ...EMPTY, bytes: 1000 };
    assert.deepEqual(operations.status().reasons, ['CACHE_FULL']);
    const dropping = make('dropOldest');
    dropping.phase('Running');
    assert.deepEqual(dropping.status().reasons, []);
  });

  test('starting, faulted, stopping and ended are not ready, each for its own reason', () => {
    for (const [phase, text, reason, hasFailed] of [
      ['Starting', '', 'STARTING', false],
      ['Faulted', 'The disk is full.', 'STORE_FAULT', false],
      ['Stopping', '', 'STOPPING', false],
      ['Stopping', 'A fault.', 'FAILED', true],
    ] as const) {
      operations.phase(phase, text);
      const status = operations.status();
      assert.deepEqual(
        {
          state: status.state,
          text: status.stateText,
          reasons: status.reasons,
          isReady: status.isReady,
          hasFailed: status.hasFailed,
          notes: status.notes,
        },
        { state: phase, text, reasons: [reason], isReady: false, hasFailed, notes: [] },
      );
    }
  });

  test('while the store can not be read, or is closed, the last figures are said on', () => {
    store.fill = { ...EMPTY, batches: 7, bytes: 70 };
    assert.equal(operations.status().cachedBatches, 7);
    store.fill = EMPTY;
    store.isBroken = true;
    assert.equal(operations.status().cachedBatches, 7);
    operations.detach();
    assert.equal(operations.status().cachedBatches, 7);
  });
});

describe('limits of alarms', () => {
  test("by default they follow the agreement's deadlines", () => {
    assert.deepEqual(alarmLimits(PARAMS), {
      cacheFill: { high: 70, highHigh: 90 },
      unsentAge: { high: 31_000, highHigh: 61_000 },
      receiverSilence: { high: 30_000, highHigh: 300_000 },
      ledgerLag: { high: 5000, highHigh: 10_000 },
    });
  });

  test('of long intervals a silence may be as long', () => {
    assert.deepEqual(alarmLimits({ ...PARAMS, intervalMs: 3_600_000 }).receiverSilence, { high: 7_200_000, highHigh: 14_400_000 });
  });

  test('configured ones count', () => {
    assert.deepEqual(alarmLimits(PARAMS, { cacheFillPercent: { high: 1, highHigh: 2 } }).cacheFill, { high: 1, highHigh: 2 });
  });
});
