import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModuleEvent } from '../../src/app/index.ts';
import { RetentionDuty } from '../../src/app/retention.ts';
import { SenderStore } from '../../src/store/index.ts';
import { progressOf, sealedBatch } from '../store/batches.ts';
import { STORE_KEY } from '../support/store-key.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('payload and seeds are erased when the agreement says, at a start and then within the hour', (t) => {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  store.begin(progressOf(0));
  for (let n = 0; n < 3; n++) store.seal(sealedBatch(n, { publishAtMs: n * DAY_MS }), progressOf(n + 1));
  const openable = (): number[] => [0, 1, 2].filter((n) => store.opening(n) !== undefined);
  const told: ModuleEvent[] = [];
  let nowMs = 8 * DAY_MS - 1;
  const parts = {
    store,
    agreement: { retentionDays: 7 },
    clock: { now: () => nowMs },
    listener: (event: ModuleEvent) => void told.push(event),
    lastBlockMs: () => nowMs,
  };
  const duty = new RetentionDuty(parts);

  duty.look();
  assert.deepEqual(openable(), [0, 1, 2]);
  nowMs += HOUR_MS - 1;
  duty.look();
  assert.deepEqual(openable(), [0, 1, 2], 'it looked again within the hour');
  nowMs += 1;
  duty.look();
  assert.deepEqual(openable(), [1, 2]);
  nowMs += 2 * DAY_MS;
  new RetentionDuty(parts).look();
  assert.deepEqual(openable(), []);
  assert.deepEqual(told, [
    { event: 'erased', batches: 1 },
    { event: 'erased', batches: 2 },
  ]);
});

test('a clock that is set ahead of the ledger erases nothing before its time', (t) => {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  store.begin(progressOf(0));
  store.seal(sealedBatch(0, { publishAtMs: 0 }), progressOf(1));
  let blockMs = 6 * DAY_MS;
  const clock = { now: () => 400 * DAY_MS };
  const look = (): void =>
    new RetentionDuty({ store, agreement: { retentionDays: 7 }, clock, listener: () => undefined, lastBlockMs: () => blockMs }).look();

  look();
  assert.notEqual(store.opening(0), undefined);
  blockMs += DAY_MS;
  look();
  assert.equal(store.opening(0), undefined);
});

test('the duty ends with its signal', async (t) => {
  const store = new SenderStore(':memory:', 'channel', STORE_KEY);
  t.after(() => store.close());
  const stop = new AbortController();
  const duty = new RetentionDuty({
    store,
    agreement: { retentionDays: 1 },
    clock: { now: () => 0 },
    listener: () => undefined,
    lastBlockMs: () => 0,
  });
  const kept = duty.keep(stop.signal);
  stop.abort();
  await kept;
});
