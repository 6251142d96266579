import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportAudit, initPlant, parseExport, type Plant, systemArgon2, UnavailableError, verifyExport } from '../app/index.ts';
import { readAuditFile, writeAuditFile } from './audit-file.ts';
import { demoNetwork, type DemoNetwork } from './demo-network.ts';
import { DemoRecord } from './demo-record.ts';
import { DemoView } from './demo-view.ts';
import { onDevelopmentNetwork } from './fabric-place.ts';
import { exampleFile } from './init.ts';
import { ModuleProcess } from './module-process.ts';
import { PROGRAM } from './spoken-paths.ts';
import { stopRequested } from './stopping.ts';

export interface DemoOptions {
  readonly for?: number;
  readonly json?: true;
  readonly ledger: 'embedded' | 'fabric';
  readonly port: number;
  readonly rate: number;
  readonly interval: number;
}

const START_WITHIN_MS = 60_000;
const CHANNEL = 'turbofan';

/** Runs the main job until it is stopped, and tells what came of it. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const stopped = new AbortController();
  const stopping = stopRequested(false).then(() => {
    stopped.abort();
    return undefined;
  });
  const isOnFabric = options.ledger === 'fabric';
  const print = teller(options.json === true, isOnFabric);
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-demo-'));
  const fabric = isOnFabric ? await demoNetwork(`${folder}.fabric`, print, stopped.signal) : undefined;
  if (isOnFabric && fabric === undefined) process.exit(0);
  let passed: boolean;
  try {
    print('Making keys, certificates and a signed agreement ...');
    passed = await demoOf(await makePlant(folder, options, fabric), options, stopping, print);
  } finally {
    await fabric?.end();
  }
  process.exit(passed ? 0 : 1);
}

/** @returns whether all batches are anchored, receipted and proven */
/** With --json standard output is for a program: a network, which takes minutes to build, is told about beside it. */
function teller(isForProgram: boolean, isOnFabric: boolean): (line: string) => void {
  if (isForProgram && !isOnFabric) return () => undefined;
  const out = isForProgram ? process.stderr : process.stdout;
  return (line) => void out.write(`${line}\n`);
}

async function demoOf(plant: Plant, options: DemoOptions, stopping: Promise<undefined>, print: (line: string) => void): Promise<boolean> {
  const record = new DemoRecord();
  const view = new DemoView(options.json === true ? () => undefined : print);
  const processes = startProcesses(plant, options, record, view);
  let failure: string | undefined;
  try {
    failure = await Promise.race([stopping, startFault(processes, record)]);
    if (record.isRunning) {
      view.introduce(plant, record.endpoints);
      if (options.json === true) print(`Running${options.for === undefined ? '' : ` for ${options.for / 1000} s`} ...`);
      const over = options.for === undefined ? [] : [pauseFor(options.for).then(() => undefined)];
      failure = await Promise.race([stopping, died(processes), ...over]);
    }
  } finally {
    print('Stopping: the open interval is sealed first ...');
    await processes.plc.stop();
    await processes.owner.stop();
    await processes.manufacturer.stop();
  }
  if (failure !== undefined) throw new UnavailableError('DEMO_FAILED', `The demo could not go on: ${failure}`);
  // Stopped before there was anything to tell.
  if (!record.isRunning) return true;
  return report(plant, record, options, print);
}

function makePlant(folder: string, options: DemoOptions, fabric: DemoNetwork | undefined): Promise<Plant> {
  return initPlant({
    folder,
    policyFile: exampleFile('policy.json'),
    cadence: { intervalMs: options.interval, epochIntervals: 16 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: options.port, cleared: options.port + 1, applications: options.port + 2 },
    channel: CHANNEL,
    ...(fabric === undefined ? {} : { ledger: onDevelopmentNetwork(fabric.network) }),
  });
}

interface Processes {
  readonly owner: ModuleProcess;
  readonly manufacturer: ModuleProcess;
  readonly plc: ModuleProcess;
}

function startProcesses(plant: Plant, { rate }: DemoOptions, record: DemoRecord, view: DemoView): Processes {
  const owner = new ModuleProcess(['serve', join(plant.owner, 'dcmb.json'), '--json'], (event) => {
    record.fromOwner(event);
    view.fromOwner(event);
  });
  const manufacturer = new ModuleProcess(['receive', join(plant.manufacturer, 'dcmb.json'), '--json'], (event) => {
    record.fromManufacturer(event);
    view.fromManufacturer(event);
  });
  const plc = new ModuleProcess(
    ['replay', exampleFile('held-out.csv'), '--plc', plant.plc, '--rate', String(rate), '--loop', '--patient', '--json'],
    () => undefined,
  );
  return { owner, manufacturer, plc };
}

/** Resolves when the owner's module runs, or with a sentence that says why it does not. */
function startFault(processes: Processes, record: DemoRecord): Promise<string | undefined> {
  return Promise.race([
    record.running.then(() => undefined),
    died(processes),
    pauseFor(START_WITHIN_MS).then(() => `nothing ran after ${START_WITHIN_MS / 1000} s. Try again on a machine with less to do.`),
  ]);
}

/** Resolves with a sentence when a process ends that should go on. */
function died({ owner, manufacturer, plc }: Processes): Promise<string> {
  return Promise.race([owner, manufacturer, plc].map((each) => each.ended.then((why) => why)));
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function report(plant: Plant, record: DemoRecord, options: DemoOptions, print: (line: string) => void): Promise<boolean> {
  const file = join(plant.folder, 'audit-export.json');
  writeAuditFile(file, await exportAudit(join(plant.owner, 'dcmb.json')));
  const audit = await verifyExport(readAuditFile(file, parseExport), {
    argon2: systemArgon2,
    expectedLedgerId: plant.ledgerId,
  });
  const summary = record.summary(audit.counts, file, { kind: options.ledger, id: plant.ledgerId });
  print('');
  print(
    `${summary.readings} readings taken in ${summary.intervals} intervals. ${summary.batches.sealed} batches sealed, ${summary.batches.anchored} anchored, ${summary.batches.receipted} receipted.`,
  );
  print(
    `Audit: ${Object.entries(audit.counts)
      .map(([label, count]) => `${count} ${label}`)
      .join(', ')}, ${audit.findings.length} findings.`,
  );
  print(`Evidence, without any raw value: ${PROGRAM} audit verify ${file}`);
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary)}\n`);
  const { sealed, anchored, receipted } = summary.batches;
  return audit.passed && anchored === sealed && receipted === sealed;
}
