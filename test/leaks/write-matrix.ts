/* `npm run docs:leaks`: writes docs/leak-matrix.md from the tables that the tests go by. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { matrixDocument } from './matrix-document.ts';

writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'leak-matrix.md'), matrixDocument());
