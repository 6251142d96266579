import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parseChannelParams } from '../src/core/index.ts';
import { BatchBuilder } from '../src/evidence/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../src/nodeset/index.ts';
import { systemClock } from '../src/platform/index.ts';
import {
  type AcceptedReading,
  createApplicationCertificate,
  hashPassword,
  type IngestServer,
  startIngestServer,
} from '../src/server/index.ts';
import { ClientProcess } from './client-process.ts';

/*
 * What evidence adds to the CPU cost of one OPC UA write: the ingest server's CPU time for a value written by a real
 * client, SignAndEncrypt, 100 values a request, with and without a leaf and its tree nodes made of it. Rounds of both
 * kinds alternate, so that what disturbs the machine disturbs both; what counts is the share, not the microseconds.
 */

const TAGS = 100;
const REQUESTS = 100;
const WARM_UP = 3;
const ROUNDS = 15;
const PASSWORD = 'bench';

const params = parseChannelParams({
  streams: 1,
  codesPerSlot: 4,
  epochIntervals: 64,
  intervalMs: 1000,
  originMs: 0,
  publications: 1,
  callsPerInterval: 0,
  callGridMs: 1000,
  publishDelayMs: 100,
  anchorWithinMs: 1000,
  receiptWithinMs: 1000,
  depositAfter: 10,
  unreceiptedLimit: 100,
  conditionDepth: 2,
  topDepth: 7,
  argon2Profile: 0,
});

const tags = Array.from({ length: TAGS }, (_, index) => `tag${index}`);
const placeOf = new Map(tags.map((name, index) => [name, index]));

/** Makes evidence of what the server accepts, while there is a builder. */
class Evidence {
  builder: BatchBuilder | undefined;

  start(): void {
    this.builder = new BatchBuilder({
      params,
      seed: new Uint8Array(32).fill(7),
      n: 0,
      tags: tags.map((name) => ({ name, depth: 16, firstSeq: 0 })),
    });
  }

  accept(reading: AcceptedReading): void {
    this.builder?.accept(placeOf.get(reading.tag) ?? -1, reading);
  }
}

async function identity(name: string) {
  return await createApplicationCertificate({
    applicationName: name,
    applicationUri: `urn:dcmb:bench:${name}`,
    organization: 'Bench',
    hosts: ['localhost', hostname()],
    ips: ['127.0.0.1'],
    validityDays: 30,
  });
}

async function startServer(evidence: Evidence): Promise<IngestServer> {
  return await startIngestServer(
    {
      endpoint: { host: '127.0.0.1', port: 0, hostname: 'localhost' },
      identity: await identity('server'),
      // The client is the only one that knows the port.
      trust: { isTrusted: () => true },
      users: [{ name: 'plc', roles: ['Plc'], password: await hashPassword(PASSWORD) }],
      clock: systemClock,
      machine: { name: 'Bench', manufacturer: 'Bench', serialNumber: '1' },
      tags: tags.map((name) => ({ name, type: 'Double', timestamps: { use: 'server' } })),
      channels: [],
    },
    { accept: (reading) => evidence.accept(reading), anchor: () => Promise.reject(new Error('There is no channel.')) },
  );
}

/** This process's CPU time for a value, microseconds, over one round. */
async function round(client: ClientProcess): Promise<number> {
  const before = process.cpuUsage();
  await client.write({ requests: REQUESTS });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (REQUESTS * TAGS);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

async function measure(): Promise<{ without: number; with: number }> {
  const evidence = new Evidence();
  const server = await startServer(evidence);
  const nodeIds = tags.map((tag) => inNamespace(INSTANCE_URI, tagId(tag)));
  const client = await ClientProcess.start({
    endpointUrl: server.endpointUrl,
    identity: await identity('client'),
    password: PASSWORD,
    nodeIds,
  });
  const pairs: { plain: number; added: number }[] = [];
  for (let i = 0; i < WARM_UP + ROUNDS; i++) {
    evidence.builder = undefined;
    const plain = await round(client);
    evidence.start();
    pairs.push({ plain, added: (await round(client)) - plain });
  }
  await client.end();
  await server.stop();
  const counted = pairs.slice(WARM_UP);
  const without = median(counted.map(({ plain }) => plain));
  return { without, with: without + median(counted.map(({ added }) => added)) };
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const cost = await measure();
const result = {
  bench: 'write-share',
  writes: ROUNDS * REQUESTS * TAGS,
  microsecondsPerWrite: { withoutEvidence: Number(cost.without.toFixed(1)), withEvidence: Number(cost.with.toFixed(1)) },
  /** Evidence's part of the CPU cost of one write, percent. */
  evidenceSharePercent: Number((((cost.with - cost.without) / cost.with) * 100).toFixed(1)),
};
if (values.json) {
  console.log(JSON.stringify(result));
} else {
  const { withoutEvidence, withEvidence } = result.microsecondsPerWrite;
  console.log(
    `One OPC UA write costs the server ${withEvidence} us of CPU with evidence, ${withoutEvidence} us without: evidence is ${result.evidenceSharePercent} % of it.`,
  );
}
