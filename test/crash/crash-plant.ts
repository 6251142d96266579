import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initPlant, type Plant, type PlantOptions } from 'dcmb';
import { parse } from 'jsonc-parser';
import { freePorts } from '../support/free-ports.ts';
import { CONDITION_STEP } from './written-values.ts';

export const CHANNEL = 'press';
/** Tags of the plant's policy, and the depth that its configuration leaves at the default. */
export const PLANT_TAGS = { names: ['Pieces', 'Heat'], depth: 13 };
/** Interval, ms: short, so that a life of a few seconds passes every step. */
const INTERVAL_MS = 1000;
/** As many token sets as one record opens. */
const LOOK_AHEAD_EPOCHS = 15;
const DEADLINE_MS = 3_600_000;

export interface CrashPlant {
  readonly root: string;
  readonly plant: Plant;
  readonly ownerFile: string;
  readonly manufacturerFile: string;
  /** Of the ingest server. */
  readonly port: number;
  readonly traceFile: string;
  readonly writesFile: string;
  /** Written by the actions' program, a line for each run. */
  readonly programFile: string;
}

export interface CrashPlantOptions {
  /** Where the actions call. */
  readonly webhookUrl: string;
  /** `interval`: Good means in memory alone. Default `write`. */
  readonly durability?: 'write' | 'interval';
  /** Default 16. */
  readonly epochIntervals?: number;
  /** Default: an embedded one. */
  readonly ledger?: PlantOptions['ledger'];
}

/** One action for every batch and condition, by a webhook; one for every change, by a program. */
export const ACTIONS = { every: 'every', change: 'change' } as const;

/** Two working folders for real processes, with actions that are counted. */
export async function createCrashPlant(options: CrashPlantOptions): Promise<CrashPlant> {
  const { webhookUrl, durability = 'write', epochIntervals = 16, ledger } = options;
  const port = await freePorts(3);
  const root = mkdtempSync(join(tmpdir(), 'dcmb-crash-'));
  const [policyFile, termsFile] = [join(root, 'policy.json'), join(root, 'terms.json')];
  writeFileSync(policyFile, JSON.stringify(policy()));
  writeFileSync(termsFile, JSON.stringify(terms(epochIntervals)));
  const plant = await initPlant({
    folder: join(root, 'plant'),
    policyFile,
    termsFile,
    cadence: { intervalMs: INTERVAL_MS, epochIntervals },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: port, cleared: port + 1, applications: port + 2 },
    channel: CHANNEL,
    ...(ledger === undefined ? {} : { ledger }),
  });
  const at = (name: string): string => join(root, name);
  const made = {
    root,
    plant,
    ownerFile: join(plant.owner, 'dcmb.json'),
    manufacturerFile: join(plant.manufacturer, 'dcmb.json'),
    port,
    traceFile: at('trace.jsonl'),
    writesFile: at('writes.log'),
    programFile: at('program.log'),
  };
  for (const file of [made.traceFile, made.writesFile, made.programFile]) writeFileSync(file, '');
  setActions(made, webhookUrl);
  if (durability === 'interval') setDurability(made.ownerFile);
  return made;
}

export function removeCrashPlant({ root }: CrashPlant): void {
  rmSync(root, { recursive: true, force: true });
}

function setActions({ manufacturerFile, programFile }: CrashPlant, url: string): void {
  const codes = [0, 1, 2];
  change(manufacturerFile, (config) => {
    channelOf(config)['actions'] = [
      { name: ACTIONS.every, stream: 'Maintenance', codes, on: 'every', webhook: { url } },
      { name: ACTIONS.change, stream: 'Overheated', codes, program: { command: ['/bin/sh', '-c', `cat >> '${programFile}'`] } },
    ];
  });
}

function setDurability(ownerFile: string): void {
  change(ownerFile, (config) => {
    (config['ingest'] as Record<string, unknown>)['tags'] = { Pieces: { durability: 'interval' }, Heat: { durability: 'interval' } };
  });
}

function change(file: string, edit: (config: Record<string, unknown>) => void): void {
  const config = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  edit(config);
  writeFileSync(file, JSON.stringify(config, undefined, 2));
}

function channelOf(config: Record<string, unknown>): Record<string, unknown> {
  return (config['channels'] as Record<string, unknown>[])[0]!;
}

function policy(): object {
  return {
    id: 'crash',
    version: 1,
    tags: [
      { name: 'Pieces', type: 'UInt32' },
      { name: 'Heat', type: 'Double', minimum: 0, maximum: 4 * CONDITION_STEP },
    ],
    streams: [stream('Maintenance', 'Pieces', 'last'), stream('Overheated', 'Heat', 'max')],
  };
}

function stream(name: string, tag: string, aggregate: string): object {
  const ranges = [{ to: CONDITION_STEP }, { from: CONDITION_STEP, to: 2 * CONDITION_STEP }, { from: 2 * CONDITION_STEP }];
  return {
    name,
    title: { en: name, de: name },
    tags: [tag],
    aggregate,
    conditions: ranges.map((range, code) => ({
      code,
      text: { en: `${name} ${code}`, de: `${name} ${code}` },
      importance: 100 + 400 * code,
      ranges: [range],
    })),
    quality: { missing: 'hold' },
  };
}

/** Deadlines that kills can't miss: a LATE batch would be a finding here. */
function terms(epochIntervals: number): object {
  const from = new Date(Math.floor(Date.now() / 1000) * 1000);
  const instant = (date: Date): string => date.toISOString().replace('.000Z', 'Z');
  return {
    purpose: 'Crash test',
    interval: { lengthMs: INTERVAL_MS, publications: 2, publishDelayMs: 400, calls: 2, callGridMs: INTERVAL_MS / 4 },
    epoch: { intervals: epochIntervals, lookAheadMs: LOOK_AHEAD_EPOCHS * epochIntervals * INTERVAL_MS, disputeWindow: 60 },
    deadlines: {
      anchorWithinMs: DEADLINE_MS,
      receiptWithinMs: DEADLINE_MS,
      depositAfterIntervals: 100_000,
      unreceiptedLimit: 1_000_000,
    },
    validity: { from: instant(from), to: instant(new Date(from.getTime() + 86_400_000)) },
  };
}
