import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChannelParams, RejectedError } from '../../src/core/index.ts';
import { leakageReport } from '../../src/policy/index.ts';
import { compile, condition, policyText } from './policies.ts';

const PARAMS: ChannelParams = {
  streams: 1,
  codesPerSlot: 8,
  epochIntervals: 64,
  intervalMs: 60_000,
  originMs: 0,
  publications: 1,
  callsPerInterval: 0,
  callGridMs: 60_000,
  publishDelayMs: 500,
  anchorWithinMs: 60_000,
  receiptWithinMs: 60_000,
  depositAfter: 64,
  unreceiptedLimit: 1000,
  conditionDepth: 2,
  topDepth: 1,
  argon2Profile: 1,
};

const FIVE = [10, 20, 30, 40, 50].map((to, code) =>
  condition(code, { ranges: [code === 0 ? { to } : code === 4 ? { from: 40 } : { from: to - 10, to }] }),
);
const policy = compile(policyText({}, { conditions: FIVE }));

test('a stream tells at most log2 of its codes, the three reserved ones included, for each publication', () => {
  const report = leakageReport(policy, PARAMS);
  assert.deepEqual(report.streams, [{ stream: 'S', codes: 8, publications: 1, bitsPerInterval: 3, tags: ['T'] }]);
  assert.deepEqual([report.callBitsPerInterval, report.bitsPerInterval, report.bitsPerDay], [0, 3, 3 * 1440]);
  assert.equal(leakageReport(policy, { ...PARAMS, publications: 60 }).bitsPerInterval, 180);
});

test('calls tell at which points of the call grid they were', () => {
  const calls = (callsPerInterval: number, callGridMs: number) =>
    leakageReport(policy, { ...PARAMS, callsPerInterval, callGridMs }).callBitsPerInterval;
  assert.equal(calls(1, 7500), 3); // none, or one of seven points
  assert.equal(calls(2, 15_000), Math.log2(1 + 3 + 3));
  assert.equal(calls(3, 15_000), 3); // any set of three points
  assert.equal(leakageReport(policy, { ...PARAMS, callsPerInterval: 1, callGridMs: 7500 }).bitsPerInterval, 6);
});

test('parameters of another number of streams are refused', () => {
  assert.throws(
    () => leakageReport(policy, { ...PARAMS, streams: 2 }),
    (error) => error instanceof RejectedError && error.code === 'POLICY_INCONSISTENT',
  );
});
