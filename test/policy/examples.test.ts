import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Clearing, compilePolicy, type MappingPolicy } from '../../src/policy/index.ts';
import { BAD, reading, ua } from './policies.ts';

const FOLDER = new URL('../../examples/policies/', import.meta.url);

function example(name: string): MappingPolicy {
  return compilePolicy({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') });
}

function textOf(policy: MappingPolicy, stream: number, code: number): string | undefined {
  return policy.streams[stream]!.conditions.find((condition) => condition.code === code)?.text.en;
}

test('every example compiles', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  assert.deepEqual(files.sort(), ['leasing-rate.json', 'maintenance-forecast.json', 'work-pieces.json']);
  files.forEach(example);
});

describe('work pieces', () => {
  const policy = example('work-pieces.json');

  test('the paper’s count of 5367 gives "Maintenance imminent"', () => {
    const code = new Clearing(policy);
    code.accept(reading('PieceCount', ua('UInt32', 5367)));
    const condition = policy.streams[0]!.conditions.find((one) => one.code === code.condition(0, 0));
    assert.deepEqual(condition?.text, { en: 'Maintenance imminent', de: 'Wartung steht bevor' });
  });

  test('every count from 0 to 99999 has its condition, 5300 and 5400 included', () => {
    const clearing = new Clearing(policy);
    for (let count = 0; count <= 99_999; count++) {
      clearing.accept(reading('PieceCount', ua('UInt32', count)));
      assert.equal(clearing.condition(0, 0), count < 5300 ? 0 : count <= 5400 ? 1 : 2);
    }
  });

  test('an interval without a reading keeps the condition, until the count is a minute old', () => {
    const clearing = new Clearing(policy);
    clearing.accept(reading('PieceCount', ua('UInt32', 5300)));
    clearing.endInterval(30_000);
    assert.deepEqual(
      [60_000, 60_001].map((atMs) => clearing.condition(0, atMs)),
      [1, -1],
    );
  });
});

describe('leasing rate', () => {
  const policy = example('leasing-rate.json');

  test('is by the growth of the counter, over its restart', () => {
    const clearing = new Clearing(policy);
    const rates = [[1000, 1400], [2400], [2400], [], [4400], [4700, 100]].map((counts) => {
      counts.forEach((count) => clearing.accept(reading('PartsTotal', ua('UInt32', count))));
      const rate = textOf(policy, 0, clearing.condition(0, 0));
      clearing.endInterval(0);
      return rate;
    });
    assert.deepEqual(rates, ['Rate A', 'Rate B', 'Standstill', 'Standstill', 'Rate C', 'Rate A']);
  });

  test('or by the number of readings', () => {
    const clearing = new Clearing(policy);
    assert.equal(textOf(policy, 1, clearing.condition(1, 0)), 'None');
    for (let i = 0; i < 99; i++) clearing.accept(reading('Inspection', ua('Double', 10.01)));
    assert.equal(textOf(policy, 1, clearing.condition(1, 0)), 'Fewer than 100');
    clearing.accept(reading('Inspection', ua('Double', 9.99)));
    assert.equal(textOf(policy, 1, clearing.condition(1, 0)), '100 or more');
  });
});

describe('maintenance forecast', () => {
  const policy = example('maintenance-forecast.json');
  const after = (temperature: number, vibration: number, hours: number, status = 0) => {
    const clearing = new Clearing(policy);
    clearing.accept(reading('Temperature', ua('Double', temperature), { status }));
    clearing.accept(reading('Vibration', ua('Double', vibration)));
    clearing.accept(reading('RunningHours', ua('Double', hours)));
    return textOf(policy, 0, clearing.condition(0, 0));
  };

  test('is by the hours that the model gives', () => {
    assert.equal(after(50, 4, 0), 'No maintenance required within a month');
    assert.equal(after(50, 4, 11_500), 'Maintenance required within a month');
    assert.equal(after(50, 4, 12_200), 'Maintenance required within a week');
    assert.equal(after(50, 4, 12_300), 'Maintenance required within a day');
    assert.equal(after(200, 100, 100_000), 'Maintenance required within a day');
  });

  test('and a bad sensor shows as such', () => {
    assert.equal(after(50, 4, 0, BAD), 'Sensor fault');
  });
});
