import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventLine } from '../../src/cli/event-lines.ts';
import { printableJson } from '../../src/cli/printable.ts';

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

test('the command that lets a stranger in names the list as dcmb trust does, of several channels too', () => {
  const stranger = { event: 'stranger', application: 'cleared', name: 'urn:maker', thumbprint: '91fecdd4c7a2630f'.repeat(4) } as const;
  const command = 'npx dcmb trust add dcmb.json 91fecdd4c7a2630f --application cleared';
  const line = `urn:maker was refused by "cleared": it is not trusted yet. To let it in: ${command}`;
  assert.equal(eventLine(stranger, 'dcmb.json'), line);
  assert.equal(eventLine({ ...stranger, channelName: 'press-7' }, 'dcmb.json'), `[press-7] ${line}/press-7`);
});

test('no control character of what others chose reaches the terminal', () => {
  const name = 'urn:\u001b[2J\u009b31m\u202egnp.exe\nready';
  const stranger = { event: 'stranger', application: 'ingest', name, thumbprint: 'ab'.repeat(32) } as const;
  const warning = { event: 'warning', code: 'CERTIFICATE_REFUSED', message: `The certificate of ${name} is refused.` } as const;
  for (const event of [stranger, warning]) {
    const line = eventLine(event, 'dcmb.json');
    assert.doesNotMatch(line, /[\p{C}\u2028\u2029]/u);
    assert.match(line, /urn:\uFFFD\[2J/);
  }
});

test('as JSON, such characters are escaped, and what is read from it is the same', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.oneof(fc.constantFrom(...'\u001b\u007f\u009b\u00ad\u202e\u2028\ufeff\u{e0041}'), fc.constantFrom('a', 'é', '👩')),
      }),
      (text) => {
        const json = printableJson({ text });
        assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
        assert.deepEqual(JSON.parse(json), { text });
      },
    ),
  );
});
