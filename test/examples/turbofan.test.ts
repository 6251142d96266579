import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Cycle, readCycles, SENSORS } from '../../examples/turbofan/cycles.ts';
import { errorOf, fit, withModel } from '../../examples/turbofan/fit.ts';
import { leastSquares } from '../../examples/turbofan/least-squares.ts';
import { Clearing, compilePolicy, readPolicyFile, type MappingPolicy } from '../../src/policy/index.ts';

const folder = new URL('../../examples/turbofan/', import.meta.url);
const policyText = readFileSync(new URL('policy.json', folder), 'utf8');
const training = readCycles(new URL('train.csv', folder));
const heldOut = readCycles(new URL('held-out.csv', folder));

const policy = compilePolicy(readPolicyFile('policy.json', policyText));

describe('the turbofan example', () => {
  test('its two data files are small enough to ship', () => {
    const bytes = ['train.csv', 'held-out.csv'].map((name) => statSync(new URL(name, folder)).size);
    assert.ok(bytes.reduce((sum, size) => sum + size, 0) < 300_000);
  });

  test('no engine is both fitted on and held out', () => {
    const fitted = new Set(training.map(({ engine }) => engine));
    assert.deepEqual(
      [...new Set(heldOut.map(({ engine }) => engine))].filter((engine) => fitted.has(engine)),
      [],
    );
  });

  test('the shipped policy holds exactly the weights that the script fits on the shipped data', () => {
    assert.equal(withModel(policyText, fit(training)), policyText);
  });

  test('writing the weights keeps the comments and changes nothing else', () => {
    const emptied = withModel(policyText, { intercept: 1, weights: { BPR: 2 } });
    assert.match(emptied, /"intercept": 1,[^]*"BPR": 2 }/);
    assert.equal(withModel(emptied, fit(training)), policyText);
  });

  test('the model tells more of engines that it has not seen than their mean life does', () => {
    const flat = leastSquares(
      training.map(() => []),
      training.map(({ remaining }) => Math.min(remaining, 125)),
    );
    const model = fit(training);
    assert.ok(errorOf(model, heldOut) < 0.75 * errorOf({ intercept: flat.intercept, weights: {} }, heldOut));
  });

  for (const perInterval of [5, 10]) {
    test(`played at ${perInterval} cycles an interval, the first engine's life alone changes the condition of every stream`, () => {
      const first = heldOut.filter(({ engine }) => engine === heldOut[0]!.engine);
      for (const [stream, codes] of conditionsOf(policy, first, perInterval).entries()) {
        assert.ok(new Set(codes).size >= 3, `stream ${stream}: ${codes.join(' ')}`);
      }
    });
  }

  test('played through, every condition of every stream occurs', () => {
    const seen = conditionsOf(policy, heldOut, 10).map((codes) => [...new Set(codes)].toSorted());
    assert.deepEqual(
      seen,
      policy.streams.map(({ conditions }) => conditions.map(({ code }) => code).toSorted()),
    );
  });
});

test('least squares refuses inputs that do not determine the weights', () => {
  assert.throws(
    () =>
      leastSquares(
        [
          [1, 2],
          [1, 3],
        ],
        [1, 2],
      ),
    /do not determine/,
  );
});

/** For each stream its condition in every interval of `perInterval` flight cycles. */
function conditionsOf(mapping: MappingPolicy, cycles: readonly Cycle[], perInterval: number): number[][] {
  const clearing = new Clearing(mapping);
  const codes: number[][] = mapping.streams.map(() => []);
  cycles.forEach((row, at) => {
    const readings = [['Cycle', row.cycle] as const, ...SENSORS.map((name, index) => [name, row.sensors[index]!] as const)];
    for (const [tag, number] of readings) {
      const type = tag === 'Cycle' ? 'UInt32' : 'Double';
      clearing.accept({ tag, value: { type, value: number }, status: 0, sourceMs: at, acceptedMs: at, seq: at });
    }
    if ((at + 1) % perInterval !== 0) return;
    codes.forEach((list, stream) => list.push(clearing.condition(stream, at)));
    clearing.endInterval(at);
  });
  return codes;
}
