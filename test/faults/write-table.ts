/* `npm run docs:faults`: runs the matrix of faults and writes what came of them into docs/faults.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFaultMatrix } from './fault-matrix.ts';
import { withTables } from './fault-table.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'faults.md');
const [only = '.'] = process.argv.slice(2);
const { outcomes, judged } = await runFaultMatrix((line) => process.stdout.write(`${line}\n`), new RegExp(only));
for (const fault of judged.faults) process.stdout.write(`${fault}\n`);
for (const { index, message } of judged.violations) process.stdout.write(`Trace, line ${index + 1}: ${message}\n`);
process.stdout.write(`${JSON.stringify({ ...judged, violations: judged.violations.length })}\n`);
if (only === '.') writeFileSync(file, withTables(readFileSync(file, 'utf8'), outcomes));
