/*
 * Builds the client programs of test/interop into `.interop/`, each with its own stack's tools and versions pinned in its own
 * folder. Does nothing for those that stand already for exactly these sources. `node scripts/interop-clients.ts [STACK...]`
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, '.interop');

interface Recipe {
  /** Below test/interop; what the program is built from. */
  readonly sources: readonly string[];
  /** Tool that has to be there, and where it comes from. */
  readonly tool: string;
  readonly from: string;
  build(source: string, into: string): void;
}

const RECIPES: Readonly<Record<string, Recipe>> = {
  asyncua: {
    sources: ['requirements.txt'],
    tool: 'python3',
    from: 'Debian packages python3 and python3-venv',
    build: (source, into) => {
      run('python3', ['-m', 'venv', into]);
      run(join(into, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', join(source, 'requirements.txt')]);
    },
  },
  gopcua: {
    sources: ['go.mod', 'go.sum', '*.go'],
    tool: 'go',
    from: 'Go 1.24 or later',
    build: (source, into) => run('go', ['build', '-buildvcs=false', '-o', join(into, 'client'), '.'], { cwd: source }),
  },
  milo: {
    sources: ['pom.xml', 'src/main/java/*.java'],
    tool: 'mvn',
    from: 'Debian packages maven and default-jdk-headless (Java 17 or later)',
    build: (source, into) => run('mvn', ['-q', '-B', `-Dbuilt=${into}`, 'compile'], { cwd: source }),
  },
  'async-opcua': {
    sources: ['Cargo.toml', 'Cargo.lock', 'src/*.rs'],
    tool: 'cargo',
    from: 'Rust 1.82 or later',
    build: (source, into) =>
      run('cargo', ['build', '--quiet', '--release', '--locked'], { cwd: source, env: { ...process.env, CARGO_TARGET_DIR: into } }),
  },
};

function run(program: string, given: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): void {
  execFileSync('nice', [program, ...given], { stdio: ['ignore', 'inherit', 'inherit'], ...options });
}

function isThere(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function digestOf(source: string, patterns: readonly string[]): string {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: source })).sort();
  return files
    .reduce((hash, file) => hash.update(`${file}\0`).update(readFileSync(join(source, file))), createHash('sha256'))
    .digest('hex');
}

function make(stack: string, recipe: Recipe): void {
  const [source, into] = [join(root, 'test/interop', stack), join(built, stack)];
  const stamp = `${into}.stamp`;
  const digest = digestOf(source, recipe.sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  if (!isThere(recipe.tool)) {
    throw new Error(`${recipe.tool} is missing, so the client of ${stack} can't be built. Install ${recipe.from}.`);
  }
  const startedMs = Date.now();
  rmSync(stamp, { force: true });
  recipe.build(source, into);
  writeFileSync(stamp, digest);
  process.stdout.write(`interop client ${stack}: built in ${Math.round((Date.now() - startedMs) / 1000)} s\n`);
}

mkdirSync(built, { recursive: true });
const wanted = process.argv.slice(2);
for (const [stack, recipe] of Object.entries(RECIPES)) {
  if (wanted.length === 0 || wanted.includes(stack)) make(stack, recipe);
}
