/*
 * `npm run test:leaks -- [--json] [files…]`: every test of this folder, with progress: two files at a time, then, one by one,
 * those that compare times or must be in time. With --json the last line is JSON: requests sent, answers looked at, leaks
 * found. Exit code 1 when anything failed or leaked.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { type Figures, figuresIn } from './figures.ts';

/** As node:test gives them to a reporter. */
interface TestEvent {
  readonly type: string;
  readonly data: { readonly nesting: number; readonly message: string; readonly level: string };
}

const MOST_MS = 600_000;
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;
const ALONE = /^(?:flooding|non-interference|response-times)\./;

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true });
const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'));
const chosen = positionals.length === 0 ? all.sort() : all.filter((name) => positionals.some((part) => name.includes(part)));
if (chosen.length === 0) throw new RangeError(`No test of the folder is named by ${positionals.join(' ')}. There are ${all.join(', ')}.`);

let sum: Figures = { probes: 0, answers: 0, leaks: 0 };
let passed = true;
/** What the runner says at its end, of both runs together: `pass`, `fail` and so on. */
const totals = new Map<string, number>();
const reporter = new spec();
reporter.pipe(process.stdout, { end: false });
await runAll(
  chosen.filter((name) => !ALONE.test(name)),
  2,
);
await runAll(
  chosen.filter((name) => ALONE.test(name)),
  1,
);
for (const [what, count] of totals) reporter.write(diagnostic(`${what} ${count}`));
reporter.end();
process.exitCode = passed && sum.leaks === 0 ? 0 : 1;
process.once('beforeExit', () => {
  if (values.json) process.stdout.write(`${JSON.stringify(sum)}\n`);
});

async function runAll(names: readonly string[], concurrency: number): Promise<void> {
  if (names.length === 0) return;
  const files = names.map((name) => join(import.meta.dirname, name));
  for await (const event of run({ files, concurrency, timeout: MOST_MS }) as AsyncIterable<TestEvent>) {
    if (event.type === 'test:fail') passed = false;
    const message = event.type === 'test:diagnostic' ? event.data.message : '';
    const figures = figuresIn(message);
    if (figures !== undefined) sum = added(sum, figures);
    const [, what, count] = TOTAL.exec(message) ?? [];
    if (what === undefined) reporter.write(event);
    else totals.set(what, (totals.get(what) ?? 0) + Number(count));
  }
}

function diagnostic(message: string): TestEvent {
  return { type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } };
}

function added(a: Figures, b: Figures): Figures {
  return { probes: a.probes + b.probes, answers: a.answers + b.answers, leaks: a.leaks + b.leaks };
}
