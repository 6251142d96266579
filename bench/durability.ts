import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readOwnerConfig, SenderModule } from '../src/app/index.ts';
import { loadIdentity } from '../src/app/plant-identities.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../src/nodeset/index.ts';
import { Journal } from '../src/store/index.ts';
import { ClientProcess } from './client-process.ts';
import { benchPlant, DURABILITIES, type Durability, tagName } from './plant.ts';

/*
 * What a Good that means "on the disk" costs against one that means "in memory": an owner's module as it runs, with tags of
 * both durabilities, and a client that writes to the one kind and then to the other, in turns, so that what disturbs the
 * machine disturbs both. CPU time is that of the module's process, its journal's thread included.
 */

const TAGS_EACH = 100;
const WARM_UP = 1;
const ROUNDS = 7;
const AT_ONCE = 8;
const SYNCS = 100;

interface Figures {
  /** A request of one value, ms. */
  readonly oneValueMs: number;
  /** A request of 100 values, one after the other. */
  readonly requestMs: number;
  readonly valuesPerSecond: number;
  /** The same, 8 requests under way together. */
  readonly valuesPerSecondPipelined: number;
  readonly cpuMicroseconds: number;
}

/** Nodes of the tags with this durability: they alternate in the plant. */
function nodesOf(durability: Durability): string[] {
  const first = DURABILITIES.indexOf(durability);
  return Array.from({ length: TAGS_EACH }, (_, index) => inNamespace(INSTANCE_URI, tagId(tagName(2 * index + first))));
}

async function round(client: ClientProcess, nodeIds: readonly string[]): Promise<Figures> {
  const single = await client.write({ requests: 30, nodeIds: nodeIds.slice(0, 1) });
  const alone = await client.write({ requests: 30, nodeIds });
  const before = process.cpuUsage();
  const requests = 10 * AT_ONCE;
  const together = await client.write({ requests, nodeIds, atOnce: AT_ONCE });
  const { user, system } = process.cpuUsage(before);
  return {
    oneValueMs: single.latencyMs,
    requestMs: alone.latencyMs,
    valuesPerSecond: (30 * nodeIds.length) / alone.seconds,
    valuesPerSecondPipelined: (requests * nodeIds.length) / together.seconds,
    cpuMicroseconds: (user + system) / (requests * nodeIds.length),
  };
}

function medians(rounds: readonly Figures[]): Figures {
  const median = (figure: keyof Figures): number => {
    const sorted = rounds.map((each) => each[figure]).sort((a, b) => a - b);
    return Number(sorted[Math.floor(sorted.length / 2)]?.toFixed(2));
  };
  return {
    oneValueMs: median('oneValueMs'),
    requestMs: median('requestMs'),
    valuesPerSecond: Math.round(median('valuesPerSecond')),
    valuesPerSecondPipelined: Math.round(median('valuesPerSecondPipelined')),
    cpuMicroseconds: median('cpuMicroseconds'),
  };
}

/** One entry of the journal, encrypted and synced, ms: what a Good can't be quicker than on this disk. */
async function syncMs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-bench-'));
  const journal = await Journal.open({ file: join(folder, 'journal'), purpose: 'bench', key: new Uint8Array(32).fill(7) });
  try {
    const begin = performance.now();
    for (let i = 0; i < SYNCS; i++) await journal.append(0, 'x'.repeat(100));
    return Number(((performance.now() - begin) / SYNCS).toFixed(2));
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
}

async function measure(): Promise<Record<Durability, Figures>> {
  const plant = await benchPlant({ tags: 2 * TAGS_EACH, intervalMs: 1000, durabilityOf: (tag) => DURABILITIES[tag % 2] ?? 'write' });
  const config = readOwnerConfig(join(plant.owner, 'dcmb.json'));
  const running = Promise.withResolvers<void>();
  const module = await SenderModule.start(
    { ...config, channels: [{ ...config.channels[0], firstStartWaitMs: 0 }] },
    { onEvent: ({ event }) => (event === 'running' ? running.resolve() : undefined) },
  );
  try {
    await running.promise;
    const identity = loadIdentity(join(plant.plc, 'pki'), 'plc');
    const client = await ClientProcess.start({
      endpointUrl: module.endpoints.ingest,
      identity,
      password: plant.logins.plc.password,
      nodeIds: [],
    });
    const figures: Record<Durability, Figures[]> = { write: [], interval: [] };
    for (let i = 0; i < WARM_UP + ROUNDS; i++) {
      for (const durability of DURABILITIES) figures[durability].push(await round(client, nodesOf(durability)));
    }
    await client.end();
    return { write: medians(figures.write.slice(WARM_UP)), interval: medians(figures.interval.slice(WARM_UP)) };
  } finally {
    await module.stop(0);
    rmSync(dirname(plant.folder), { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const result = { bench: 'durability', syncMs: await syncMs(), ...(await measure()) };
if (values.json) {
  console.log(JSON.stringify(result));
} else {
  console.log(`One entry of the journal on the disk: ${result.syncMs} ms.`);
  for (const durability of DURABILITIES) {
    const { oneValueMs, requestMs, valuesPerSecond, valuesPerSecondPipelined, cpuMicroseconds } = result[durability];
    console.log(
      `durability ${durability}: a value ${oneValueMs} ms, ${TAGS_EACH} values ${requestMs} ms; ${valuesPerSecond} values/s, with ${AT_ONCE} requests at once ${valuesPerSecondPipelined} values/s; ${cpuMicroseconds} us of CPU a value.`,
    );
  }
}
