import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PatientLedger } from '../../src/app/patient-ledger.ts';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';

const never = (): boolean => false;

/** A ledger that counts how often it was closed. */
function counted(): { ledger: Ledger; closed: () => number } {
  let closed = 0;
  const ledger = { lastBlock: () => Promise.resolve({ number: 7, hash: '', timeMs: 0 }), close: () => Promise.resolve(void closed++) };
  return { ledger: ledger as unknown as Ledger, closed: () => closed };
}

describe('a ledger that need not be there', () => {
  test('is opened by the first call that finds it, once', async () => {
    const { ledger, closed } = counted();
    let attempts = 0;
    const away = new UnavailableError('LEDGER_UNAVAILABLE', 'Away.');
    const patient = new PatientLedger('id', 'owner', () => (++attempts === 1 ? Promise.reject(away) : Promise.resolve(ledger)), never);
    await patient.tryOpen();
    await assert.rejects(patient.lastBlock(), { code: 'LEDGER_UNAVAILABLE' });
    await pause(600);
    assert.equal((await patient.lastBlock()).number, 7);
    await patient.lastBlock();
    assert.equal(attempts, 2);
    await patient.close();
    assert.equal(closed(), 1);
  });

  test('tells at once what no wait would mend', async () => {
    const failing = (code: string): PatientLedger =>
      new PatientLedger(
        'id',
        'owner',
        () => Promise.reject(new RejectedError(code, 'So it is.')),
        (error) => error.code === 'OTHER_LEDGER',
      );
    await assert.rejects(failing('OTHER_LEDGER').tryOpen(), { kind: 'Rejected', code: 'OTHER_LEDGER' });
    await failing('NOT_A_MEMBER').tryOpen();
  });

  test('and can not be opened has refused nothing of what it is asked for', async () => {
    const patient = new PatientLedger('id', 'owner', () => Promise.reject(new RejectedError('NOT_A_MEMBER', 'Not yet.')), never);
    await patient.tryOpen();
    for (let i = 0; i < 2; i++) {
      await assert.rejects(patient.prepare('anchor', {}), { kind: 'Unavailable', code: 'NOT_A_MEMBER', message: 'Not yet.' });
    }
  });

  test('that gives no answer keeps nobody waiting, neither at start nor at stop, and is closed when it comes late', async () => {
    const { ledger, closed } = counted();
    const opening = Promise.withResolvers<Ledger>();
    const patient = new PatientLedger('id', 'owner', () => opening.promise, never);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    await patient.tryOpen();
    await pause(10);
    await assert.rejects(patient.lastBlock(), { kind: 'Unavailable', code: 'LEDGER_UNAVAILABLE' });
    await patient.close();
    opening.resolve(ledger);
    await until('it is closed', () => closed() === 1);
    process.off('warning', note);
    assert.deepEqual(warnings, []);
  });

  test('that answers late is used from then on', async () => {
    const { ledger } = counted();
    const opening = Promise.withResolvers<Ledger>();
    const patient = new PatientLedger('id', 'owner', () => opening.promise, never);
    await patient.tryOpen();
    opening.resolve(ledger);
    await pause(10);
    assert.equal((await patient.lastBlock()).number, 7);
  });
});
