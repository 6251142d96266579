import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventLine } from '../../src/cli/event-lines.ts';

for (const [claim, line] of [
  ['receipt:3', 'the receipt for the deposit of batch 3 is on the ledger, transaction T'],
  ['overdue:7', 'the claim that interval 7 is overdue is on the ledger, transaction T'],
  ['dispute:3:fork', 'the dispute "fork" about batch 3 is on the ledger, transaction T'],
  ['epochObjection:1:492Y02hmii2odWyYciXr1g', 'the objection to epoch record 1 is on the ledger, transaction T'],
  ['something:else', 'something:else is on the ledger, transaction T'],
] as const)
  test(`${claim} on the ledger is told in words`, () => {
    assert.equal(eventLine({ event: 'claimed', claim, transaction: 'T' }, 'dcmb.json'), line);
  });

test('what the ledger had already names no transaction', () => {
  assert.equal(
    eventLine({ event: 'claimed', claim: 'receipt:3', transaction: '' }, 'dcmb.json'),
    'the receipt for the deposit of batch 3 is on the ledger already',
  );
});
