import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { StatusCode, StatusCodes } from 'node-opcua';
import { isRefusal, MOST_REFUSALS, RefusalCounter, type Refusals, statusName } from '../../src/server/audit/index.ts';
import { AuditLimit } from '../../src/server/cleared/audit-limit.ts';

describe('the counter of refusals', () => {
  const told: (readonly Refusals[])[] = [];
  beforeEach(() => {
    told.length = 0;
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  });
  afterEach(() => mock.timers.reset());

  test('tells sums, once a second at most, and nothing where nothing was refused', () => {
    const counter = new RefusalCounter((refusals) => told.push(refusals));
    for (let i = 0; i < 5000; i++) counter.count('Read', 'BadNotReadable');
    counter.count('Write', 'BadTypeMismatch', 3);
    assert.deepEqual(told, []);
    mock.timers.tick(1000);
    assert.deepEqual(told, [
      [
        { service: 'Read', status: 'BadNotReadable', count: 5000 },
        { service: 'Write', status: 'BadTypeMismatch', count: 3 },
      ],
    ]);
    mock.timers.tick(10_000);
    assert.equal(told.length, 1);
  });

  test('keeps a bounded number of kinds', () => {
    const counter = new RefusalCounter((refusals) => told.push(refusals));
    for (let i = 0; i < 10 * MOST_REFUSALS; i++) counter.count('Read', `Bad${i}`);
    counter.flush();
    assert.equal(told[0]?.length, MOST_REFUSALS);
  });

  test('names a code that the specification does not list Bad', () => {
    assert.equal(statusName(StatusCodes.BadUserAccessDenied), 'BadUserAccessDenied');
    assert.equal(statusName(StatusCode.makeStatusCode(StatusCodes.Good, 0) as StatusCode), 'Good');
    assert.equal(statusName({ name: '__proto__', value: 0x80ff0000 } as unknown as StatusCode), 'Bad');
  });

  test('takes what is not there yet for no refusal', () => {
    assert.deepEqual(['Good', 'BadNotFound', 'BadUserAccessDenied'].map(isRefusal), [false, false, true]);
  });

  test('audits of refusals are limited by themselves, so that they hide nothing that was done', () => {
    const limit = new AuditLimit();
    const taken = (status: string, of: number): number => Array.from({ length: of }, () => limit.takes(status)).filter(Boolean).length;
    assert.equal(taken('BadUserAccessDenied', 1000), 60);
    assert.equal(taken('Good', 1000), 1000);
    mock.timers.tick(60_000);
    assert.equal(taken('BadUserAccessDenied', 1000), 60);
  });
});
