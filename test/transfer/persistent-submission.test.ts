import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { isRefusal, isSpent, pause, untilAvailable, untilCommitted } from '../../src/transfer/index.ts';
import type { Commit, PreparedTransaction } from '../../src/ledger/index.ts';
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

describe('a transaction that is submitted until it is committed', () => {
  /** Answers `prepare` and `submit` as told, one after the other; then every transaction is committed. */
  function ledger(answers: { prepare?: (Error | undefined)[]; submit?: (Error | undefined)[] }) {
    const sent: string[] = [];
    let prepared = 0;
    const answer = (queue: (Error | undefined)[] = []): void => {
      const error = queue.shift();
      if (error !== undefined) throw error;
    };
    const prepare = async (): Promise<PreparedTransaction> => {
      answer(answers.prepare);
      return { txId: `tx${prepared++}`, bytes: new Uint8Array(0) };
    };
    const submit = async ({ txId }: PreparedTransaction): Promise<Commit> => {
      sent.push(txId);
      answer(answers.submit);
      return { txId } as Commit;
    };
    return { prepare, submit, sent };
  }
  const BACK = new RejectedError('DATED_BACK', 'Too old.');
  const INVALID = new UnavailableError('INVALIDATED', 'Marked invalid.');

  test('is the same again while the ledger is away, and another one where it is spent', async () => {
    const bench = ledger({ prepare: [NOT_NOW], submit: [NOT_NOW, BACK, NOT_NOW, INVALID] });
    const { txId } = await untilCommitted(bench, 'overdue', {}, options());
    assert.equal(txId, 'tx2');
    assert.deepEqual(bench.sent, ['tx0', 'tx0', 'tx1', 'tx1', 'tx2']);
  });

  test('that is spent again and again is told: a clock is wrong', async () => {
    const ahead = new RejectedError('DATED_AHEAD', 'A clock is ahead.');
    await assert.rejects(untilCommitted(ledger({ prepare: [ahead, ahead, ahead] }), 'overdue', {}, options()), ahead);
    await assert.rejects(untilCommitted(ledger({ submit: [INVALID, INVALID, INVALID] }), 'overdue', {}, options()), INVALID);
  });

  test('ends with a refusal, when it is prepared as when it is sent', async () => {
    await assert.rejects(untilCommitted(ledger({ prepare: [NEVER] }), 'overdue', {}, options()), NEVER);
    await assert.rejects(untilCommitted(ledger({ submit: [NEVER] }), 'overdue', {}, options()), NEVER);
  });
});

test('what is spent is told apart: dated wrongly or marked invalid, and nothing else', () => {
  for (const code of ['DATED_BACK', 'DATED_AHEAD']) assert.equal(isSpent(new RejectedError(code, 'No.')), true);
  assert.equal(isSpent(new UnavailableError('INVALIDATED', 'No.')), true);
  for (const code of ['OUTCOME_UNKNOWN', 'NOT_ENDORSED', 'NOT_ORDERED', 'TIME_AHEAD']) {
    assert.equal(isSpent(new UnavailableError(code, 'Not now.')), false);
  }
  assert.equal(isSpent(NEVER), false);
  assert.equal(isSpent(new Error('DATED_BACK')), false);
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
