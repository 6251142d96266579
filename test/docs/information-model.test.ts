import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withReference } from '../../scripts/generate-information-model.ts';
import { METHOD_STATUSES } from '../../scripts/method-statuses.ts';
import { METHODS } from '../../src/nodeset/index.ts';
import { ROOT } from './markdown.ts';

const PAGE = readFileSync(join(ROOT, 'docs/information-model.md'), 'utf8');

describe('docs/information-model.md', () => {
  test('has the reference that the nodeset gives', () => {
    assert.equal(PAGE, withReference(PAGE), 'run: node scripts/generate-information-model.ts');
  });

  test('tells of every method what it answers', () => {
    assert.deepEqual(Object.keys(METHOD_STATUSES).toSorted(), Object.keys(METHODS).toSorted());
  });

  test('a reference that differs is noticed', () => {
    const old = PAGE.replace('**StreamType**', '**StremType**');
    assert.notEqual(old, withReference(old));
  });
});
