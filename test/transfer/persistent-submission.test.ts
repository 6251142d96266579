import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { isRefusal, pause, untilAvailable } from '../../src/transfer/index.ts';
import { CountingRandom } from '../support/ledger-network.ts';

const NOT_NOW = new UnavailableError('NOT_NOW', 'Not now.');
const NEVER = new RejectedError('NEVER', 'Never.');

/** Fails so many times, then answers. */
function flaky(failures: number, error: Error = NOT_NOW): { work: () => Promise<string>; calls: () => number } {
  let calls = 0;
  return {
    work: async () => {
      if (calls++ < failures) throw error;
      return 'done';
    },
    calls: () => calls,
  };
}

function options(signal = new AbortController().signal, delays: number[] = []) {
  return {
    firstDelayMs: 1,
    longestDelayMs: 4,
    signal,
    random: new CountingRandom('jitter'),
    onRetry: (_: Error, delayMs: number) => void delays.push(delayMs),
  };
}

describe('a submission that is repeated while it is unavailable', () => {
  test('ends with the first answer; delays double up to the longest', async () => {
    const delays: number[] = [];
    const { work, calls } = flaky(5);
    assert.equal(await untilAvailable(work, options(undefined, delays)), 'done');
    assert.equal(calls(), 6);
    assert.deepEqual(delays, [1, 2, 4, 4, 4]);
  });

  test('ends at once with any other error', async () => {
    const { work, calls } = flaky(1, NEVER);
    await assert.rejects(untilAvailable(work, options()), NEVER);
    assert.equal(calls(), 1);
  });

  test('makes no attempt after the signal, and tells the last fault', async () => {
    const aborting = new AbortController();
    const { work, calls } = flaky(100);
    const running = untilAvailable(work, { ...options(aborting.signal), firstDelayMs: 60_000, longestDelayMs: 60_000 });
    setTimeout(() => aborting.abort(), 5);
    await assert.rejects(running, NOT_NOW);
    assert.equal(calls(), 1);
  });
});

test('a pause ends with its signal, also when that came before', async () => {
  await pause(60_000, AbortSignal.abort());
  await pause(60_000, AbortSignal.timeout(5));
});

test('a refusal is told apart by kind and code', () => {
  assert.equal(isRefusal(NEVER, 'OTHER', 'NEVER'), true);
  assert.equal(isRefusal(NEVER, 'OTHER'), false);
  assert.equal(isRefusal(NOT_NOW, 'NOT_NOW'), false);
});
