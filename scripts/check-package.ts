/*
 * Builds the package, installs it in an empty project as another program's author would, and uses it there: the program,
 * the library, its types, and the files that come along.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../test/support/free-ports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'dcmb-package-'));
const { version, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  devDependencies: Readonly<Record<string, string>>;
};

try {
  run(root, 'npm', 'run', 'build');
  const tarball = run(root, 'npm', 'pack', './dist', '--silent', '--pack-destination', project).trim();
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run(project, 'npm', 'install', '--no-audit', '--no-fund', `./${tarball}`, `@types/node@${devDependencies['@types/node']}`);
  checkFiles();
  assert.equal(run(project, 'npx', 'dcmb', '--version').trim(), version);
  checkTypes();
  checkLibrary();
  checkChaincode();
  await checkDemo();
  console.log(`package: ${tarball} installs, runs and is typed`);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function checkFiles(): void {
  for (const file of [
    'README.md',
    'LICENSE',
    'nodesets/dcmb.NodeSet2.xml',
    'schemas/owner.schema.json',
    'schemas/mapping-policy.schema.json',
    'examples/turbofan/policy.json',
    'examples/turbofan/held-out.csv',
    'examples/embedding/embed.ts',
    'examples/fabric/connection.json',
    'fabric/go.mod',
    'fabric/go.sum',
    'fabric/builder/bin/detect',
    'fabric/builder/bin/release',
    'lib/ledger/fabric/chaincode/main.js',
  ]) {
    assert.ok(existsSync(join(project, 'node_modules/dcmb', file)), `${file} is not in the package`);
  }
}

/** A wrong use must be an error, else the types would be missing or `any`. */
function checkTypes(): void {
  const source = `import { doctor, type DoctorReport, initPlant, ReceiverModule, SenderModule, type ModuleEvent } from 'dcmb';
export const started: Promise<SenderModule> = SenderModule.start('dcmb.json', { onEvent: (event: ModuleEvent) => void event.event });
export const endpoint: Promise<string> = ReceiverModule.start('dcmb.json').then((module) => module.endpoint);
export const plant: typeof initPlant = initPlant;
export const findings: Promise<DoctorReport> = doctor('dcmb.json');
// @ts-expect-error: a module starts from a path or a configuration
void SenderModule.start(17);
`;
  writeFileSync(join(project, 'types.ts'), source);
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
  run(project, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...options, 'types.ts');
}

function checkLibrary(): void {
  writeFileSync(join(project, 'use.js'), "import { SenderModule } from 'dcmb';\nconsole.log(typeof SenderModule.start);\n");
  assert.equal(run(project, process.execPath, 'use.js').trim(), 'function');
}

/** The chaincode service loads, and says what it was not told. */
function checkChaincode(): void {
  const main = join(project, 'node_modules/dcmb/lib/ledger/fabric/chaincode/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--name', 'evidence'], { encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([status, /Missing: --id/.test(stdout + stderr)], [1, true], stdout + stderr);
}

async function checkDemo(): Promise<void> {
  const output = run(project, 'npx', 'dcmb', 'demo', '--for', '5s', '--port', String(await freePorts(3)), '--json');
  const { batches, audit } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as {
    batches: Readonly<Record<'sealed' | 'anchored' | 'receipted', number>>;
    audit: Readonly<Record<string, number>>;
  };
  assert.ok(batches.sealed > 0 && batches.anchored === batches.sealed && batches.receipted === batches.sealed, output);
  assert.deepEqual(audit, { PROVEN: batches.sealed }, output);
}

function run(folder: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 300_000 });
}
