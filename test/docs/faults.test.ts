import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPERATIONS, type Part } from '../crash/operations.ts';
import { TITLES } from '../faults/fault-table.ts';
import { ROOT } from './markdown.ts';

// What a fault does to each is compared by `npm run test:faults`, which takes ten minutes.
test('docs/faults.md has a row for each operation that store, journal and ledger have', () => {
  const page = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8');
  const parts = Object.keys(OPERATIONS) as Part[];
  const documented = parts.map((part) => {
    const section = page.split(`### ${TITLES[part]}\n`)[1]?.split('\n### ')[0] ?? '';
    return [part, [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)] as const;
  });
  const expected = parts.map((part) => [part, Object.keys(OPERATIONS[part]).sort((a, b) => a.localeCompare(b, 'en'))] as const);
  assert.deepEqual(documented, expected, 'run: npm run docs:faults');
});
