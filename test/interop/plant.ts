import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../support/free-ports.ts';
import { testIdentity } from '../support/ua-server.ts';
import { pemFiles, type RunningPlant, type StockPlant } from './harness.ts';
import type { User } from './protocol.ts';

const DCMB = fileURLToPath(new URL('../../bin/dcmb.js', import.meta.url));
const POLICY = fileURLToPath(new URL('policy.json', import.meta.url));
const CHANNEL = 'press';
const START_WITHIN_MS = 60_000;

/** An owner's and a manufacturer's module, each in a process of its own, set up with the program as a new user would. */
export async function startPlant(): Promise<RunningPlant> {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-interop-'));
  const modules: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    // The owner's first: it waits for the receipts of its last batches.
    for (const module of modules) await stopModule(module);
    rmSync(folder, { recursive: true });
  };
  try {
    return { description: await setUp(folder, modules), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function setUp(folder: string, modules: ChildProcess[]): Promise<StockPlant> {
  const plant = join(folder, 'plant');
  const port = await freePorts(3);
  dcmb('init', plant, '--policy', POLICY, '--channel', CHANNEL, '--interval', '1s', '--port', String(port));
  const [own, stranger] = await Promise.all([testIdentity('stock'), testIdentity('stranger')]);
  const files = { own: pemFiles(folder, 'own', own), stranger: pemFiles(folder, 'stranger', stranger) };
  for (const application of ['ingest', 'cleared']) {
    dcmb('trust', 'add', join(plant, 'owner/dcmb.json'), files.own.certificate, '--application', application);
  }
  await runModule(modules, 'serve', join(plant, 'owner'), 'cleared');
  await runModule(modules, 'receive', join(plant, 'manufacturer'), 'acknowledged');
  return {
    ingest: `opc.tcp://localhost:${port}`,
    cleared: `opc.tcp://localhost:${port + 1}`,
    application: { uri: own.applicationUri, ...files.own },
    stranger: { uri: stranger.applicationUri, ...files.stranger },
    plc: login(join(plant, 'plc'), 'plc'),
    operator: login(join(plant, 'owner'), 'operator'),
    manufacturer: {
      certificate: join(plant, 'manufacturer/pki/receiver/own.pem'),
      key: join(plant, 'manufacturer/pki/receiver/own-key.pem'),
    },
    machine: CHANNEL,
    channel: CHANNEL,
    stream: 'MaintenanceDue',
    tag: 'Temperature',
    arrayTag: 'Zones',
    goodValue: 61.5,
    goodCode: 0,
    alarmValue: 97.25,
    alarmImportance: 800,
    badValue: 1000,
  };
}

function dcmb(...given: string[]): void {
  execFileSync(process.execPath, [DCMB, ...given], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A log-in as the program wrote it for the person who is to use it. */
function login(folder: string, name: string): User {
  const line = readFileSync(join(folder, 'passwords.txt'), 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`${folder} has no password of ${name}.`);
  return { name, password: line.slice(name.length + 1) };
}

/** Starts a module and waits for an event that shows it works. */
async function runModule(modules: ChildProcess[], command: 'serve' | 'receive', folder: string, event: string): Promise<void> {
  const child = spawn(process.execPath, [DCMB, command, join(folder, 'dcmb.json'), '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  modules.push(child);
  const told: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`dcmb ${command} ${why}; it told:\n${told.join('\n')}`));
    const timer = setTimeout(() => fail(`did not tell "${event}" in time`), START_WITHIN_MS);
    child.once('exit', (code) => fail(`ended with code ${code}`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      told.push(line);
      if (!line.includes(`"event":"${event}"`)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function stopModule(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
