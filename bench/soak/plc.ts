import { setTimeout as sleep } from 'node:timers/promises';
import { createHistogram } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { type TagWrite, TagWriter } from '../../src/client/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';

/*
 * A PLC that writes all its tags in one request, so often that the wanted rate comes about, and does not slow down when
 * answers are late. Its parent tells it for how long, then asks for figures.
 */

export interface PlcOrder {
  readonly folder: string;
  /** Values a second. */
  readonly rate: number;
  readonly seconds: number;
}

export interface PlcFigures {
  readonly done: boolean;
  readonly offered: number;
  readonly acknowledged: number;
  /** Values that were not answered Good, by status or error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** From when a request was due to its answer, ms: a late start counts. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Requests that may be under way at once. */
const MOST_UNDER_WAY = 64;

const latency = createHistogram();
const refused: Record<string, number> = {};
const underWay = new Set<Promise<void>>();
let offered = 0;
let acknowledged = 0;
let done = false;

function count(status: string, values: number): void {
  if (status === 'Good') acknowledged += values;
  else refused[status] = (refused[status] ?? 0) + values;
}

async function write(writer: TagWriter, writes: readonly TagWrite[], dueMs: number): Promise<void> {
  try {
    for (const { accepted, status } of await writer.write(writes)) count(accepted ? 'Good' : status, 1);
  } catch (error) {
    count((error as { code?: string }).code ?? 'Error', writes.length);
  }
  latency.record(Math.max(1, Math.round((performance.now() - dueMs) * 1000)));
}

async function run({ folder, rate, seconds }: PlcOrder): Promise<void> {
  const { endpointUrl, tags } = JSON.parse(readFileSync(join(folder, 'plc.json'), 'utf8')) as { endpointUrl: string; tags: object };
  const pki = join(folder, 'pki');
  const nodeIds = Object.keys(tags).map((tag) => inNamespace(INSTANCE_URI, tagId(tag)));
  const writer = new TagWriter(linkOptions(endpointUrl, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined));
  await writer.connect();
  const everyMs = (nodeIds.length * 1000) / rate;
  const startMs = performance.now();
  for (let i = 0; i * everyMs < seconds * 1000; i++) {
    const dueMs = startMs + i * everyMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
    // It ends on time also where it is behind: what was not offered by then shows as a lower rate.
    if (performance.now() - startMs > seconds * 1000) break;
    offered += nodeIds.length;
    const request = write(
      writer,
      nodeIds.map((nodeId, tag): TagWrite => ({ nodeId, value: { type: 'Double', value: Math.sin(i / 50 + tag) * 50 + 50 } })),
      dueMs,
    );
    underWay.add(request);
    void request.then(() => underWay.delete(request));
  }
  await Promise.all(underWay);
  await writer.close();
  done = true;
}

function figures(): PlcFigures {
  const ms = (microseconds: number): number => Number((microseconds / 1000).toFixed(2));
  const latencyMs = { p50: ms(latency.percentile(50)), p99: ms(latency.percentile(99)), max: ms(latency.max) };
  return { done, offered, acknowledged, refused, latencyMs };
}

process.on('message', (order: PlcOrder | 'figures') => {
  if (order === 'figures') return void process.send?.(figures());
  run(order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
