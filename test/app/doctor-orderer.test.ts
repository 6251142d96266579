import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reachOrderers } from '../../src/app/doctor-orderer.ts';
import { Checks, NotLookedAt, Wrong } from '../../src/app/doctor-report.ts';
import { freePorts } from '../support/free-ports.ts';

const away = async () => ({ address: `127.0.0.1:${await freePorts(1)}`, tlsRoots: '' });
const HIDDEN = { address: 'orderer.invalid:7050', tlsRoots: '' };

describe("dcmb doctor's look at orderers", () => {
  test('finds one that refuses connections away', async () => {
    await assert.rejects(
      reachOrderers([await away()]),
      (error) => error instanceof Wrong && /0 of 1 reached.*ECONNREFUSED/.test(error.message),
    );
  });

  test('says that it has not looked where there is no way from here, or no address', async () => {
    await assert.rejects(reachOrderers([HIDDEN]), (error) => error instanceof NotLookedAt && /no way from here/.test(error.message));
    await assert.rejects(reachOrderers([]), NotLookedAt);
  });

  test('finds them away where those without a way from here could not make a majority', async () => {
    await assert.rejects(reachOrderers([await away(), await away(), HIDDEN]), Wrong);
    await assert.rejects(reachOrderers([await away(), HIDDEN, HIDDEN]), NotLookedAt);
  });

  test('is no reason to call a plant wrong where it was not possible', async () => {
    const checks = new Checks();
    await checks.run('orderer', '', () => reachOrderers([HIDDEN]));
    const report = checks.report('fabric');
    assert.ok(report.passed);
    assert.deepEqual([report.checks[0]?.state, report.checks[0]?.message.slice(0, 14)], ['unchecked', 'not looked at:']);
  });
});
