import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAgreementTerms } from '../../src/agreement/index.ts';
import { compilePolicy } from '../../src/policy/index.ts';
import { ROOT } from './markdown.ts';

/** The files that the walk in docs/plant.md has its reader write. */
test('mapping policy and terms of the walk are taken as they stand', () => {
  const page = readFileSync(join(ROOT, 'docs/plant.md'), 'utf8');
  const blocks = [...page.matchAll(/^```jsonc\n([^]*?)^```$/gm)].map(([, text]) => text ?? '');
  const policy = blocks.find((text) => text.includes('"streams"')) ?? '';
  const terms = blocks.find((text) => text.includes('"validity"')) ?? '';
  assert.deepEqual(
    compilePolicy({ name: 'policy.json', text: policy }).streams.map(({ name }) => name),
    ['OilCondition', 'Utilisation'],
  );
  assert.equal(readAgreementTerms('terms.json', terms).interval.lengthMs, 10_000);
});
