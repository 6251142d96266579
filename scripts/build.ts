/*
 * Makes the package that is published: `dist/` with a manifest of its own. `dist/lib/<folder>` lies as deep as
 * `src/<folder>`, so that a path relative to a source file (to nodesets/, say) holds in both.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'dist');

/** Files and folders that the package carries as they are. */
const COPIED = [
  'bin',
  'examples',
  'fabric/builder',
  'fabric/go.mod',
  'fabric/go.sum',
  'nodesets',
  'schemas',
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'LICENSE',
];

rmSync(out, { recursive: true, force: true });
compile();
mkdirSync(out, { recursive: true });
for (const name of COPIED) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(out, name), { recursive: true });
}
writeFileSync(join(out, 'package.json'), `${JSON.stringify(publishedManifest(), undefined, 2)}\n`);

function compile(): void {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  for (const file of globSync('lib/**/*.d.ts', { cwd: out })) nameCompiledFiles(join(out, file));
}

/** The compiler rewrites `./x.ts` to `./x.js` in what it emits as code, but not in declarations. */
function nameCompiledFiles(file: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2'));
}

function publishedManifest(): Record<string, unknown> {
  const { name, version, description, license, type, engines, bin, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  const exports = { '.': { types: './lib/app/index.d.ts', default: './lib/app/index.js' }, './package.json': './package.json' };
  return { name, version, description, license, type, engines, exports, bin, dependencies };
}
