import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { COMMANDS, lastLines } from './commands.ts';
import { unavailable } from './errors.ts';
import { makeFolder, writeWhole } from './files.ts';
import { FABRIC_FILES } from './places.ts';

/** One line a step; the same `key` where a line only brings the one before it up to date. */
export interface Progress {
  readonly key: string;
  readonly text: string;
}
export type OnProgress = (progress: Progress) => void;

/** Says of which go.mod and go.sum the commands in a folder were built. */
const BUILT_FROM = 'built-from';
const LEAST_GO = '1.24';

/** True where all commands are there, built of the module as it is now. */
export function isBuilt(binaries: string): boolean {
  const mark = join(binaries, BUILT_FROM);
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== moduleDigest()) return false;
  return COMMANDS.every((command) => existsSync(join(binaries, command)));
}

/**
 * Builds Fabric's commands unless they are there. Takes a minute or two, most of a gigabyte of Go's caches, and the
 * network where Go's module proxy is.
 * @param signal ends the build, which can be repeated
 * @throws UnavailableError `GO_MISSING`, `BUILD_FAILED`
 */
export async function buildFabric(binaries: string, progress: OnProgress = () => undefined, signal?: AbortSignal): Promise<void> {
  if (isBuilt(binaries)) return;
  await requireGo();
  const temporary = `${binaries}.new`;
  makeFolder(temporary);
  progress({ key: 'build', text: 'Fabric: fetching modules' });
  const packages = await go(['list', '-deps', 'tool'], { signal }, onDownloads(progress));
  const total = packages.trim().split('\n').length;
  await go(['install', '-v', 'tool'], { signal, env: { GOBIN: temporary } }, onPackages(progress, total));
  writeWhole(join(temporary, BUILT_FROM), moduleDigest());
  rmSync(binaries, { recursive: true, force: true });
  renameSync(temporary, binaries);
}

function onDownloads(progress: OnProgress): (line: string) => void {
  let count = 0;
  return (line) => {
    if (line.startsWith('go: downloading')) progress({ key: 'build', text: `Fabric: fetching modules, ${++count} so far` });
  };
}

function onPackages(progress: OnProgress, total: number): (line: string) => void {
  let count = 0;
  return () => progress({ key: 'build', text: `Fabric: compiling, ${++count} of at most ${total} packages` });
}

async function requireGo(): Promise<void> {
  const install = `Fabric's commands are built with Go ${LEAST_GO} or later (https://go.dev/dl)`;
  let version = '';
  try {
    version = (await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: FABRIC_FILES })).stdout.trim();
  } catch (cause) {
    throw unavailable('GO_MISSING', `${install}, and there is no working "go" on the PATH.`, cause);
  }
  const [major = 0, minor = 0] = version.replace('go', '').split('.').map(Number.parseFloat);
  const [leastMajor = 0, leastMinor = 0] = LEAST_GO.split('.').map(Number);
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    throw unavailable('GO_MISSING', `${install}; the one on the PATH is ${version}.`);
  }
}

interface GoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

function go(args: readonly string[], { env, signal }: GoOptions, onLine: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: FABRIC_FILES, env: { ...process.env, ...env }, ...(signal === undefined ? {} : { signal }) };
    const child = spawn('go', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    createInterface(child.stderr).on('line', (line) => {
      said = `${said}\n${line}`.slice(-4000);
      onLine(line);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(unavailable('BUILD_FAILED', `Fabric's commands could not be built (go ended with ${code}): ${lastLines(said)}`));
    });
  });
}

function moduleDigest(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(FABRIC_FILES, name)));
  return hash.digest('hex');
}
