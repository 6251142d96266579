import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tableLines } from '../../src/cli/table.ts';
import { dcmb } from './program.ts';

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

describe('dcmb policy check', () => {
  test('names conditions, and what they can tell the manufacturer at most', async () => {
    const { status, stdout, stderr } = await dcmb(['policy', 'check', example('policies/work-pieces.json'), '--interval', '1m']);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"work-pieces", version 1/);
    assert.match(stdout, /^ {2}1 {2}Maintenance imminent {3,}importance 600$/m);
    assert.match(stdout, /in an interval of 60 s:/);
    // Three conditions and three reserved codes; calls at none, one or two of the three points inside the interval.
    assert.match(stdout, new RegExp(`^ {2}Maintenance +${Math.log2(6).toFixed(2)} bits, one of 6 codes +from PieceCount$`, 'm'));
    assert.match(stdout, new RegExp(`^ {2}calls of Anchor +${Math.log2(7).toFixed(2)} bits`, 'm'));
    assert.match(stdout, new RegExp(`^ {2}together +${Math.log2(42).toFixed(2)} bits +971 bytes a day$`, 'm'));
  });

  test('gives the same as one JSON object', async () => {
    const { status, stdout } = await dcmb(['policy', 'check', example('turbofan/policy.json'), '--interval', '1s', '--json']);
    assert.equal(status, 0);
    const report = JSON.parse(stdout) as { policy: string; intervalMs: number; streams: { stream: string; codes: number }[] };
    assert.equal(report.policy, 'turbofan');
    assert.equal(report.intervalMs, 1000);
    assert.deepEqual(
      report.streams.map(({ stream, codes }) => [stream, codes]),
      [
        ['MaintenanceDue', 7],
        ['Usage', 7],
        ['TurbineTemperature', 7],
      ],
    );
  });
});

test('a table has columns as wide as their widest cell and no space at the end of a line', () => {
  assert.deepEqual(
    tableLines([
      ['a', 'bb', 'c'],
      ['aaa', '', ''],
    ]),
    ['a    bb  c', 'aaa'],
  );
  assert.deepEqual(tableLines([]), []);
});
