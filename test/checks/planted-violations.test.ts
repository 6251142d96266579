import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/*
 * Each check of `npm run lint` and `npm run check` is shown to bite: a small project with the real configuration gets one
 * planted violation for each rule, and every one must be reported under its own rule; without the plants nothing may be.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const CONFIGURATION = [
  'eslint.config.js',
  'tsconfig.json',
  '.prettierrc.json',
  '.prettierignore',
  'package.json',
  'scripts/floors.ts',
  'scripts/floor-rules.ts',
];

/** What every planted project holds and no check may complain about. */
const CLEAN: Readonly<Record<string, string>> = {
  'src/core/index.ts': "export * from './thing.ts';\n",
  'src/core/thing.ts': 'export const thing = 1;\n',
  'src/core/crypto.ts': "import * as crypto from 'node:crypto';\n\nexport const digests = crypto.getHashes;\n",
  'src/policy/index.ts': "import { thing } from '../core/index.ts';\n\nexport const policy = thing;\n",
  'src/evidence/index.ts': 'export const evidence = 1;\n',
  'src/app/index.ts': 'export const app = 1;\n',
  'examples/embed.ts': "import { app } from 'dcmb';\n\nexport const embedded = app;\n",
  'src/store/index.ts':
    "import { DatabaseSync } from 'node:sqlite';\n\nexport const open = (file: string): DatabaseSync => new DatabaseSync(file);\n",
};

interface Plant {
  readonly file: string;
  readonly text: string;
  /** The rule that must report it, or a part of the compiler's message. */
  readonly rule: string;
}

const FLOOR_PLANTS: readonly Plant[] = [
  plant('src/core/upward.ts', "export { policy } from '../policy/index.ts';\n", 'floor-upward-core'),
  plant(
    'src/core/upward-type.ts',
    "import type { policy } from '../policy/index.ts';\n\nexport type P = typeof policy;\n",
    'floor-upward-core',
  ),
  plant('src/evidence/sideways.ts', "export { policy } from '../policy/index.ts';\n", 'floor-sideways-evidence'),
  plant('src/policy/deep.ts', "export { thing } from '../core/thing.ts';\n", 'deep-import'),
  plant('src/core/circle-a.ts', "export { b } from './circle-b.ts';\nexport const a = 1;\n", 'cycle'),
  plant('src/core/circle-b.ts', "export { a } from './circle-a.ts';\nexport const b = 1;\n", 'cycle'),
  plant('src/policy/reads.ts', "export { readFileSync } from 'node:fs';\n", 'pure-floors-no-node'),
  plant('src/policy/hashes.ts', "export { createHash } from 'node:crypto';\n", 'pure-floors-no-node'),
  plant('src/core/ed25519.ts', "export { readFileSync } from 'node:fs';\n", 'pure-floors-crypto-only'),
  plant('src/transfer/opcua.ts', "export { OPCUAServer } from 'node-opcua';\n", 'node-opcua-only-in'),
  plant('src/transfer/db.ts', "export { DatabaseSync } from 'node:sqlite';\n", 'sqlite-only-in'),
  plant('src/transfer/argon.ts', "export { hash } from 'argon2';\n", 'argon2-only-in'),
  plant('src/cli/low.ts', "export { thing } from '../core/index.ts';\n", 'cli-app-only'),
  plant('src/garage/index.ts', "export { thing } from '../core/index.ts';\n", 'unknown-folder'),
  plant('src/store/tests.ts', "export { helper } from '../../test/helper.ts';\n", 'source-imports-outside'),
  plant('src/store/tools.ts', "export { assert } from 'fast-check';\n", 'development-package-in-source'),
  plant('src/store/nowhere.ts', "export { nothing } from './missing.ts';\n", 'unresolvable'),
  plant('examples/inside.ts', "export { thing } from '../src/core/index.ts';\n", 'example-library-only'),
];

const LINT_PLANTS: readonly Plant[] = [
  plant('src/policy/clock.ts', 'export const now = (): number => Date.now();\n', 'no-restricted-syntax'),
  plant('src/evidence/date.ts', 'export const now = (): Date => new Date();\n', 'no-restricted-syntax'),
  plant('src/store/random.ts', 'export const dice = (): number => Math.random();\n', 'no-restricted-syntax'),
  plant(
    'src/core/ed25519.ts',
    "import * as crypto from 'node:crypto';\n\nexport const seed = crypto.randomBytes(32);\n",
    'no-restricted-syntax',
  ),
  plant('src/core/timer.ts', 'export const wait = (done: () => void): unknown => setTimeout(done, 1);\n', 'no-restricted-globals'),
  plant('src/core/environment.ts', "export const home = process.env['HOME'];\n", 'no-restricted-globals'),
  plant('src/store/console.ts', "console.log('printed');\n", 'no-console'),
  plant('src/store/floating.ts', 'export function go(): void {\n  Promise.resolve(1);\n}\n', '@typescript-eslint/no-floating-promises'),
  plant('src/store/any.ts', 'export const anything = (value: any): void => void value;\n', '@typescript-eslint/no-explicit-any'),
  plant(
    'src/store/imports.ts',
    "import { open } from './index.ts';\n\nexport type Open = typeof open;\n",
    '@typescript-eslint/consistent-type-imports',
  ),
  plant(
    'src/store/long.ts',
    lines(301, (n) => `export const line${n} = ${n};\n`),
    'max-lines',
  ),
  plant('src/store/long-function.ts', `export function f(): void {\n${lines(61, (n) => `  void ${n};\n`)}}\n`, 'max-lines-per-function'),
  plant(
    'src/store/many-ways.ts',
    `export function f(n: number): void {\n${lines(15, (n) => `  if (n === ${n}) return;\n`)}}\n`,
    'complexity',
  ),
];

const FORMAT_PLANT = plant('src/store/format.ts', 'export  const a = "double"\n', 'src/store/format.ts');

const TYPE_PLANTS: readonly Plant[] = [
  plant('src/store/mistyped.ts', "export const number: number = 'text';\n", 'TS2322'),
  plant('src/store/not-erasable.ts', 'export enum Colour {\n  Red,\n}\n', 'TS1294'),
  plant('src/store/unchecked.ts', 'export const first = (list: number[]): number => list[0];\n', 'TS2322'),
];

describe('planted violations', () => {
  let project: string;
  before(() => (project = newProject()));
  after(() => rmSync(project, { recursive: true, force: true }));

  test('the project without a plant passes every check', () => {
    for (const check of [floors, lint, format, types]) {
      const { status, text } = check(project);
      assert.equal(status, 0, text);
    }
  });

  test('each floor rule reports its plant', () => {
    withPlants(project, FLOOR_PLANTS, () => {
      const { status, text } = floors(project);
      assert.equal(status, 1);
      expectEach(FLOOR_PLANTS, (file, rule) => text.split('\n').some((line) => line.startsWith(`${rule}: `) && line.includes(file)), text);
    });
  });

  test('a project in which nothing can be cruised does not pass', () => {
    const empty = mkdtempSync(join(tmpdir(), 'dcmb-empty-'));
    try {
      assert.match(floors(empty).text, /not-cruised: no import was found at all/);
      assert.equal(floors(empty).status, 1);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  test('each lint rule reports its plant', () => {
    withPlants(project, LINT_PLANTS, () => {
      const { status, text, reported } = lint(project);
      assert.equal(status, 1);
      expectEach(LINT_PLANTS, (file, rule) => reported.has(`${file} ${rule}`), text);
    });
  });

  test('the formatter reports its plant', () => {
    withPlants(project, [FORMAT_PLANT], () => {
      const { status, text } = format(project);
      assert.equal(status, 1);
      assert.match(text, /src\/store\/format\.ts/);
    });
  });

  test('the compiler reports its plants', () => {
    withPlants(project, TYPE_PLANTS, () => {
      const { status, text } = types(project);
      assert.notEqual(status, 0);
      expectEach(TYPE_PLANTS, (file, rule) => text.split('\n').some((line) => line.startsWith(file) && line.includes(rule)), text);
    });
  });
});

test('the floor check looks at every file of this project', () => {
  const { text } = floors(root);
  const counted = /floors: (\d+) files, (\d+) imports/.exec(text);
  assert.ok(counted !== null && Number(counted[1]) > 0 && Number(counted[2]) > 0, text);
  assert.doesNotMatch(text, /not-cruised/);
});

function plant(file: string, text: string, rule: string): Plant {
  return { file, text, rule };
}

function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => line(n)).join('');
}

function newProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'dcmb-planted-'));
  for (const name of CONFIGURATION) cpSync(join(root, name), join(project, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  for (const [file, text] of Object.entries({ ...CLEAN, 'test/helper.ts': 'export const helper = 1;\n' })) write(project, file, text);
  return project;
}

function write(project: string, file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

function withPlants(project: string, plants: readonly Plant[], run: () => void): void {
  for (const { file, text } of plants) write(project, file, text);
  try {
    run();
  } finally {
    for (const { file } of plants) rmSync(join(project, file));
  }
}

function expectEach(plants: readonly Plant[], isReported: (file: string, rule: string) => boolean, output: string): void {
  const unnoticed = plants.filter(({ file, rule }) => !isReported(file, rule)).map(({ file, rule }) => `${rule} in ${file}`);
  assert.deepEqual(unnoticed, [], `Not reported; the check said:\n${output}`);
}

interface Outcome {
  readonly status: number | null;
  readonly text: string;
}

function run(cwd: string, script: string, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], { cwd, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

const floors = (cwd: string): Outcome => run(cwd, 'scripts/check-floors.ts');
const format = (cwd: string): Outcome => run(cwd, 'node_modules/prettier/bin/prettier.cjs', '--check', '.');
const types = (cwd: string): Outcome => run(cwd, 'node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false');

interface LintReport {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null }[];
}

function lint(cwd: string): Outcome & { readonly reported: ReadonlySet<string> } {
  const report = join(cwd, 'lint.json');
  const { status, text } = run(cwd, 'node_modules/eslint/bin/eslint.js', '.', '--format', 'json', '--output-file', report);
  const results = status === 2 ? [] : (JSON.parse(readFileSync(report, 'utf8')) as LintReport[]);
  rmSync(report, { force: true });
  const found = results.flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId }) => `${filePath.slice(cwd.length + 1)} ${ruleId ?? 'parser'}`),
  );
  return { status, text: `${text}${found.join('\n')}`, reported: new Set(found) };
}
