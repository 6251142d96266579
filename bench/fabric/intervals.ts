import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type ModuleEvent,
  type Plant,
  readManufacturerConfig,
  readOwnerConfig,
  ReceiverModule,
  SenderModule,
} from '../../src/app/index.ts';
import { onDevelopmentNetwork } from '../../src/cli/fabric-place.ts';
import { openOwnLedger } from '../../src/app/ledger-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import type { DevNetwork, LedgerEvent } from '../../src/ledger/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';
import type { Cleaned } from '../../test/support/fabric-network.ts';
import { until } from '../../test/support/until.ts';
import { ClientProcess } from '../client-process.ts';
import { benchPlant, tagName } from '../plant.ts';

const EVIDENCE = 'evidence-intervals';
const TAGS = 100;
const INTERVAL_MS = 15_000;
/** Values in the intervals that are compared: one, and as many as these requests bring. */
const WRITES_A_REQUEST = 1000;
const REQUESTS = 100;
const AT_ONCE = 4;

type Sealed = Extract<ModuleEvent, { event: 'sealed' }>;

export interface Intervals {
  readonly intervalMs: number;
  readonly compared: readonly { readonly readings: number; readonly transactions: number }[];
  readonly sealed: number;
  /** All that the owner's module sent while it ran, by kind. */
  readonly ownerSent: Readonly<Record<string, number>>;
}

/** Both modules on the network, a PLC that writes one value in an interval and very many in the next: what the owner sends. */
export async function measureIntervals(t: Cleaned, network: DevNetwork): Promise<Intervals> {
  await network.deploy(EVIDENCE);
  const plant = await plantOn(network);
  t.after(() => Promise.resolve(rmSync(dirname(plant.folder), { recursive: true, force: true })));
  const before = await ownEvents(plant);
  const events = await runPlant(plant);
  const sent = (await ownEvents(plant)).slice(before.length);
  const sealed = events.filter((event): event is Sealed => event.event === 'sealed');
  const anchored = new Set(events.flatMap((event) => (event.event === 'anchored' ? [event.n] : [])));
  const fewest = sealed.find(({ readings }) => readings === 1);
  const most = sealed.reduce((one, other) => (other.readings > one.readings ? other : one));
  const compared = [fewest, most].flatMap((batch) => {
    if (batch === undefined) return [];
    const transactions = sent.filter(({ event }) => event.kind === 'anchor' && event.body['n'] === batch.n).length;
    return [{ readings: batch.readings, transactions }];
  });
  const kinds = [...new Set(sent.map(({ event }) => event.kind))].sort();
  const ownerSent = Object.fromEntries(kinds.map((kind) => [kind, sent.filter(({ event }) => event.kind === kind).length]));
  return { intervalMs: INTERVAL_MS, compared, sealed: anchored.size, ownerSent };
}

function plantOn(network: DevNetwork): Promise<Plant> {
  return benchPlant({
    tags: TAGS,
    intervalMs: INTERVAL_MS,
    durabilityOf: () => 'interval',
    ledger: { ...onDevelopmentNetwork(network), chaincode: EVIDENCE },
  });
}

async function runPlant(plant: Plant): Promise<ModuleEvent[]> {
  const events: ModuleEvent[] = [];
  const config = readOwnerConfig(join(plant.owner, 'dcmb.json'));
  const channels: [(typeof config.channels)[0]] = [{ ...config.channels[0], firstStartWaitMs: 0 }];
  const receiver = await ReceiverModule.start(readManufacturerConfig(join(plant.manufacturer, 'dcmb.json')), {});
  const sender = await SenderModule.start({ ...config, channels }, { onEvent: (event) => void events.push(event) });
  const count = (kind: ModuleEvent['event']): number => events.filter(({ event }) => event === kind).length;
  try {
    await until('the module runs', () => count('running') > 0);
    const client = await clientOf(plant, sender.endpoints.ingest);
    const nextInterval = async (): Promise<void> => {
      const before = count('sealed');
      await until('an interval ends', () => count('sealed') > before);
    };
    await nextInterval();
    await client.write({ requests: 1, nodeIds: [nodeOf(0)] });
    await nextInterval();
    const nodeIds = Array.from({ length: WRITES_A_REQUEST }, (_, index) => nodeOf(index % TAGS));
    await client.write({ requests: REQUESTS, nodeIds, atOnce: AT_ONCE });
    await nextInterval();
    await until('all are anchored', () => count('anchored') === count('sealed'));
    await client.end();
  } finally {
    await sender.stop(0);
    await receiver.stop();
  }
  return events;
}

function nodeOf(tag: number): string {
  return inNamespace(INSTANCE_URI, tagId(tagName(tag)));
}

function clientOf(plant: Plant, endpointUrl: string): Promise<ClientProcess> {
  const identity = loadIdentity(join(plant.plc, 'pki'), 'plc');
  return ClientProcess.start({ endpointUrl, identity, password: plant.logins.plc.password, nodeIds: [] });
}

/** All that the owner's organisation has on the ledger. */
async function ownEvents(plant: Plant): Promise<LedgerEvent[]> {
  const ledger = await openOwnLedger(readOwnerConfig(join(plant.owner, 'dcmb.json')));
  try {
    const last = await ledger.lastBlock();
    const found: LedgerEvent[] = [];
    const ended = new AbortController();
    // A ledger without a newer block gives nothing, so the last one is not waited for but counted up to.
    setTimeout(() => ended.abort(), 2000);
    for await (const event of ledger.events(0, ended.signal)) {
      if (event.block.number <= last.number && event.creator === ledger.organisation) found.push(event);
    }
    return found;
  } finally {
    await ledger.close();
  }
}
