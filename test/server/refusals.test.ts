import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { StatusCode, StatusCodes } from 'node-opcua';
import { isRefusal, MOST_REFUSALS, RefusalCounter, type Refusals, statusName } from '../../src/server/audit/index.ts';
import { AuditLimit } from '../../src/server/cleared/audit-limit.ts';
import { type ClearedAudit, MOST_UNAUDITED, type Unaudited } from '../../src/server/cleared/contract.ts';

type Audited = Pick<ClearedAudit, 'method' | 'status'>;

function taken(limit: AuditLimit, method: Audited['method'], status: Audited['status'], of: number, user = 'ali'): number {
  return Array.from({ length: of }, () => limit.takes({ service: 'Call', user, method, status })).filter(Boolean).length;
}

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
    const limit = new AuditLimit(() => undefined);
    assert.equal(taken(limit, 'GetEvidence', 'BadUserAccessDenied', 1000), 60);
    assert.equal(taken(limit, 'FetchDelivery', 'BadNotFound', 5000), 60);
    assert.equal(taken(limit, 'GetEvidence', 'Good', 1000), 1000);
    mock.timers.tick(60_000);
    assert.equal(taken(limit, 'GetEvidence', 'BadUserAccessDenied', 1000), 60);
  });

  test('audits of one user take nothing from another', () => {
    const limit = new AuditLimit(() => undefined);
    for (let i = 0; i < 100; i++) assert.equal(taken(limit, 'other', 'BadMethodInvalid', 100, `user ${i % 10}`), i < 10 ? 60 : 0);
  });

  test('what delivers, acknowledges and countersigns is told always, by a child as often as it was really done', () => {
    const believed = new AuditLimit(() => undefined);
    assert.equal(taken(believed, 'GetEvidence', 'Good', 5000), 1000);
    assert.equal(taken(believed, 'Acknowledge', 'Good', 5000), 5000);
    const checked = new AuditLimit(() => undefined, { isChecked: true });
    for (let i = 0; i < 3000; i++) checked.worked('Acknowledge');
    assert.equal(taken(checked, 'GetEvidence', 'Good', 5000), 1000);
    assert.equal(taken(checked, 'Acknowledge', 'Good', 5000), 3000);
  });

  test('what is not told by itself is told as a number when the minute is over', () => {
    const sums: Unaudited[] = [];
    const limit = new AuditLimit((unaudited) => sums.push(...unaudited));
    taken(limit, 'GetEvidence', 'BadUserAccessDenied', 100);
    taken(limit, 'FetchDelivery', 'BadNotFound', 3100);
    assert.deepEqual(sums, []);
    mock.timers.tick(60_000);
    assert.deepEqual(
      sums.map(({ user, method, status, count }) => [user, method, status, count]),
      [
        ['ali', 'GetEvidence', 'BadUserAccessDenied', 40],
        ['ali', 'FetchDelivery', 'BadNotFound', 3040],
      ],
    );
  });

  test('a child that makes up users has a bounded number of sums kept, and all of them counted', () => {
    const sums: Unaudited[] = [];
    const limit = new AuditLimit((unaudited) => sums.push(...unaudited));
    let told = 0;
    for (let i = 0; i < 10_000; i++) told += taken(limit, 'other', 'BadMethodInvalid', 1, `user ${i}`);
    limit.flush();
    assert.ok(sums.length <= MOST_UNAUDITED);
    assert.equal(told + sums.reduce((sum, { count }) => sum + count, 0), 10_000);
  });
});
