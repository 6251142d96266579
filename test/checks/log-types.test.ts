import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import ts from 'typescript';

/*
 * What must not get into a log does not compile. The lines below stand in a file that is checked with the project's own
 * settings, beside the calls that are right.
 */

const HEAD = `
import type { ModuleLog } from '../../src/app/module-log.ts';
import type { ModuleMetrics } from '../../src/app/module-metrics.ts';
import { type LogWriter, sentence } from '../../src/platform/index.ts';
import type { UaValue } from '../../src/core/index.ts';
import type { AcceptedReading } from '../../src/server/index.ts';
declare const log: ModuleLog;
declare const metrics: ModuleMetrics;
declare const writer: LogWriter;
declare const reading: AcceptedReading;
declare const value: UaValue;
declare const seed: Uint8Array;
declare const text: string;
declare const error: Error;
`;

const GOOD: readonly string[] = [
  "log.log({ event: 'delivered', n: 4 });",
  "log.log({ event: 'sealed', n: 4, interval: 7, row: 0, readings: 2, refused: 1 });",
  "metrics.count({ event: 'receipted', n: 4 });",
  "writer.write('info', { n: 4, isLate: false, text: sentence`A sentence of the source.` });",
];

const BAD: Readonly<Record<string, string>> = {
  'a reading': 'log.log(reading);',
  'a value': 'log.log(value);',
  'a seed': 'log.log(seed);',
  'free text': 'log.log(text);',
  'an error': 'log.log(error);',
  'a reading beside an event': "log.log({ event: 'delivered', n: 4, reading });",
  'a value beside an event': "log.log({ event: 'delivered', n: 4, value: value.value });",
  'a seed in a field': "log.log({ event: 'delivered', n: seed });",
  'a value in a field': "log.log({ event: 'delivered', n: value.value });",
  'an event of nobody': "log.log({ event: 'reading', value: 4 });",
  'a second argument': "log.log({ event: 'delivered', n: 4 }, reading);",
  'a reading, counted': 'metrics.count(reading);',
  'a value beside an event, counted': "metrics.count({ event: 'delivered', n: 4, value });",
  'free text in a line': "writer.write('info', { text });",
  'an error in a line': "writer.write('info', { error });",
  'bytes in a line': "writer.write('info', { seed });",
  'a reading in a line': "writer.write('info', { reading });",
  'a value in a line': "writer.write('info', { value: value.value });",
  'free text in a sentence': "writer.write('info', { text: sentence`It was ${text}.` });",
  'a number in a sentence': "writer.write('info', { text: sentence`It was ${4}.` });",
};

describe('what may be logged, by type', () => {
  const lines = [...GOOD, ...Object.values(BAD)];
  const faulty = faultyLines(HEAD, lines);

  for (const line of GOOD) test(`compiles: ${line}`, () => assert.equal(faulty.has(line), false));
  for (const [what, line] of Object.entries(BAD)) {
    test(`${what} does not compile: ${line}`, () => assert.ok(faulty.has(line)));
  }

  test('the head compiles, so that a line fails by itself', () => assert.equal(faulty.has(''), false));
});

/** The lines in which the compiler finds an error; an error in the head counts for ''. */
function faultyLines(head: string, lines: readonly string[]): ReadonlySet<string> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const name = `${root}test/checks/planted-log-line.ts`;
  const text = [head, ...lines].join('\n');
  const settings = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(settings.config, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  host.readFile = (path) => (path === name ? text : ts.sys.readFile(path));
  host.fileExists = (path) => path === name || ts.sys.fileExists(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) : getSourceFile(path, ...rest);
  const program = ts.createProgram([name], { ...options, noEmit: true }, host);
  const source = program.getSourceFile(name);
  assert.ok(source);
  const first = head.split('\n').length;
  const diagnostics = [...program.getSemanticDiagnostics(source), ...program.getSyntacticDiagnostics(source)];
  return new Set(
    diagnostics.map(({ start }) => {
      const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
      return line < first ? '' : (lines[line - first] ?? '');
    }),
  );
}
