import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withTables } from '../../scripts/operating-tables.ts';
import { FINDINGS, WARNINGS } from '../../src/app/event-codes.ts';
import { ROOT } from './markdown.ts';

const PAGE = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');

describe('docs/operating.md', () => {
  test('has the reasons, metrics, findings and warnings that the code has', () => {
    assert.equal(PAGE, withTables(PAGE), 'run: node scripts/operating-tables.ts');
  });

  test('lists every code of a finding or warning that the modules themselves raise', () => {
    const known = new Set([...Object.keys(FINDINGS), ...Object.keys(WARNINGS)]);
    const raised = ['src/app', 'src/transfer'].flatMap((folder) =>
      readdirSync(join(ROOT, folder)).flatMap((file) => codesIn(readFileSync(join(ROOT, folder, file), 'utf8'))),
    );
    assert.ok(raised.includes('MISSED') && raised.includes('CLOCK_JUMPED') && raised.includes('STORE_FAULT'), 'both forms are found');
    assert.deepEqual(
      raised.filter((code) => !known.has(code)),
      [],
    );
  });
});

/** `finding(n, 'CODE', …)`, `warn('CODE', …)`, and `event: 'finding' | 'warning', … code: 'CODE'`. */
function codesIn(source: string): string[] {
  const calls = source.matchAll(/(?:finding|[wW]arn)\((?:[^'()]+, )?'([A-Z][A-Z_]+)'/g);
  const events = source.matchAll(/event: '(?:finding|warning)',[^}]*?code: '([A-Z][A-Z_]+)'/g);
  return [...calls, ...events].map(([, code]) => code ?? '');
}
