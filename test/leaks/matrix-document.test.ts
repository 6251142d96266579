import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { matrixDocument } from './matrix-document.ts';

test('docs/leak-matrix.md says what the tables say: `npm run docs:leaks` writes it', () => {
  assert.equal(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'leak-matrix.md'), 'utf8'), matrixDocument());
});
