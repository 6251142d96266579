import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { initPlant, type Plant, type PlantLedgerOptions } from '../src/app/index.ts';
import { freePorts } from '../test/support/free-ports.ts';

export const DURABILITIES = ['write', 'interval'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface BenchPlantOptions {
  readonly tags: number;
  readonly intervalMs: number;
  /** Of each tag, by its place. */
  readonly durabilityOf: (tag: number) => Durability;
  /** An embedded one where absent. */
  readonly ledger?: PlantLedgerOptions;
}

export function tagName(tag: number): string {
  return `Value${tag}`;
}

/** A machine with so many measured values, of which three conditions are told. */
function policyOf(tags: number): object {
  const names = Array.from({ length: tags }, (_, index) => tagName(index));
  const stream = (name: string, aggregate: string, tag: number) => ({
    name,
    title: { en: name, de: name },
    tags: [names[tag]],
    aggregate,
    conditions: [{ to: 25 }, { from: 25, to: 75 }, { from: 75 }].map((range, code) => ({
      code,
      text: { en: `${name} ${code}`, de: `${name} ${code}` },
      importance: 100 + 300 * code,
      ranges: [range],
    })),
    quality: { missing: 'hold' },
  });
  return {
    id: 'bench',
    version: 1,
    tags: names.map((name) => ({ name, type: 'Double', minimum: -1e6, maximum: 1e6 })),
    streams: [stream('Highest', 'max', 0), stream('Mean', 'mean', 1), stream('Last', 'last', 2)],
  };
}

/** A plant of its own in a temporary folder, as `dcmb init` makes it. */
export async function benchPlant({ tags, intervalMs, durabilityOf, ledger = { kind: 'embedded' } }: BenchPlantOptions): Promise<Plant> {
  const root = mkdtempSync(join(tmpdir(), 'dcmb-bench-'));
  const policyFile = join(root, 'policy.json');
  const policy = policyOf(tags);
  writeFileSync(policyFile, JSON.stringify(policy));
  const port = await freePorts(3);
  const plant = await initPlant({
    folder: join(root, 'plant'),
    policyFile,
    cadence: { intervalMs, epochIntervals: 64 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: port, cleared: port + 1, applications: port + 2 },
    channel: 'bench',
    ledger,
  });
  const settings = Array.from({ length: tags }, (_, tag) => [tagName(tag), { durability: durabilityOf(tag) }] as const);
  setTags(join(plant.owner, 'dcmb.json'), Object.fromEntries(settings));
  return plant;
}

function setTags(file: string, settings: object): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, applyEdits(text, modify(text, ['ingest', 'tags'], settings, {})));
}

/** Bytes of each file that grows with the run, by party and name. */
export function fileSizes(plant: Plant): Record<string, number> {
  const places = [
    ['owner', join(plant.owner, 'data')],
    ['manufacturer', join(plant.manufacturer, 'data')],
    ['ledger', join(plant.folder, 'ledger')],
  ] as const;
  const sizes = places.flatMap(([party, folder]) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [`${party} ${name}`, sizeOf(join(folder, name))] as const),
  );
  return Object.fromEntries(sizes);
}

/** A file beside a database comes and goes. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
