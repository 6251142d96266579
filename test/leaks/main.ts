/*
 * `npm run test:leaks -- [--json] [files…]`: every test of this folder, one file after the other, with progress. With --json
 * the last line is JSON: requests sent, answers looked at, leaks found. Exit code 1 when anything failed or leaked.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { type Figures, figuresIn } from './figures.ts';

const MOST_MS = 600_000;

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true });
const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'));
const chosen = positionals.length === 0 ? all.sort() : all.filter((name) => positionals.some((part) => name.includes(part)));
if (chosen.length === 0) throw new RangeError(`No test of the folder is named by ${positionals.join(' ')}. There are ${all.join(', ')}.`);

let sum: Figures = { probes: 0, answers: 0, leaks: 0 };
let passed = true;
const stream = run({ files: chosen.map((name) => join(import.meta.dirname, name)), concurrency: 1, timeout: MOST_MS });
stream.on('test:diagnostic', ({ message }) => {
  const figures = figuresIn(message);
  if (figures !== undefined) sum = added(sum, figures);
});
stream.on('test:fail', () => (passed = false));
stream.pipe(new spec()).pipe(process.stdout, { end: false });
await new Promise((resolve) => stream.once('end', resolve));
// The reporter writes its summary after the last event.
await new Promise((resolve) => setImmediate(resolve));
process.exitCode = passed && sum.leaks === 0 ? 0 : 1;
process.once('beforeExit', () => {
  if (values.json) process.stdout.write(`${JSON.stringify(sum)}\n`);
});

function added(a: Figures, b: Figures): Figures {
  return { probes: a.probes + b.probes, answers: a.answers + b.answers, leaks: a.leaks + b.leaks };
}
