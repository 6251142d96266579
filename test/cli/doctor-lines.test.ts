import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { doctorLines } from '../../src/cli/doctor-run.ts';
import { Checks, Wrong } from '../../src/app/doctor-report.ts';

describe("dcmb doctor's lines", () => {
  const linesOf = (checks: Checks): string[] => doctorLines(checks.report('fabric').checks).map(stripVTControlCharacters);

  test('are one for all that was not looked at for the same reason, and a count at the end', async () => {
    const checks = new Checks();
    await checks.run('role', '', () => Promise.resolve(['client.', true]));
    await checks.run('peer p', '', () => Promise.reject(new Wrong('Away.', 'Start it.')));
    checks.skip('membership', 'ledger', 'clock');
    assert.deepEqual(linesOf(checks), [
      'ok     role        client.',
      'wrong  peer p      Away. Start it.',
      '-      membership, ledger, clock: not looked at, for something above is wrong.',
      '',
      '1 wrong, 3 not looked at.',
    ]);
  });

  test('have no count where all is well', async () => {
    const checks = new Checks();
    await checks.run('role', '', () => Promise.resolve(['client.', true]));
    assert.deepEqual(linesOf(checks), ['ok     role  client.']);
  });
});
