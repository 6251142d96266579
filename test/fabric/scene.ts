import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/core/index.ts';
import type { Commit, DevNetwork, FabricPatience, Ledger, LedgerEvent } from '../../src/ledger/index.ts';
import { ChannelBench, type SealedBatch } from '../contract/fixture.ts';
import { type FabricLedgers, fabricLedgers } from '../support/fabric-ledgers.ts';
import type { Cleaned } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';
import { openTestChannel, seenBy, send, testParams } from '../support/ledger-network.ts';

/** A channel between owner and manufacturer on a ledger of its own, with token sets for the first 16 intervals. */
export interface Scene extends FabricLedgers {
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly bench: ChannelBench;
  readonly channel: string;
  /** Body of the anchor of a batch, one an interval. */
  readonly anchor: (n: number, code?: number) => Promise<SealedBatch['anchor']>;
  /** Number of the block from which on a test's own anchors come. */
  readonly from: number;
}

/** @param patience of the handles given, shorter than the default where a test waits for its end */
export async function openScene(t: Cleaned, network: DevNetwork, patience: Partial<FabricPatience> = {}): Promise<Scene> {
  const ledgers = await fabricLedgers(t, network, {}, patience);
  // Peers may take their time to find out that each other has the new definition.
  const [patient, ofOther] = [await ledgers.open('owner', { patience: {} }), await ledgers.open('manufacturer', { patience: {} })];
  const channel = await openTestChannel(patient, ofOther, testParams());
  const bench = new ChannelBench({ genesis: ledgers.genesis });
  const commit = await send(patient, 'epochRecord', { record: await bench.record({ opens: bench.opens(0, 1) }) });
  const [owner, manufacturer] = [await ledgers.open('owner'), await ledgers.open('manufacturer')];
  await seenBy([owner, manufacturer], commit);
  const anchor: Scene['anchor'] = async (n, code = 1) => (await bench.seal({ n, interval: n, codes: [code, code] })).anchor;
  return { ...ledgers, owner, manufacturer, bench, channel, anchor, from: commit.block.number + 1 };
}

/** Numbers of the batches whose anchors stand on the ledger, in the order of the chain, as a handle's events tell them. */
export async function anchoredNumbers({ from }: Pick<Scene, 'from'>, ledger: Ledger, count: number): Promise<(Json | null)[]> {
  const stop = new AbortController();
  const numbers: (Json | null)[] = [];
  for await (const { event } of ledger.events(from, stop.signal)) {
    if (event.kind === 'anchor') numbers.push(event.body['n'] ?? null);
    if (numbers.length === count) stop.abort();
  }
  return numbers;
}

/** Follows a ledger until it is stopped. */
export class Follower {
  readonly events: LedgerEvent[] = [];
  /** What ended a stream. */
  readonly faults: unknown[] = [];
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  constructor(ledger: Ledger, from: number) {
    this.#following = this.#follow(ledger, from);
  }

  get numbers(): (Json | null)[] {
    return this.events.map(({ event }) => event.body['n'] ?? null);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(ledger: Ledger, from: number): Promise<void> {
    try {
      for await (const event of ledger.events(from, this.#stop.signal)) this.events.push(event);
    } catch (error) {
      this.faults.push(error);
    }
  }
}

/** The same again and again while it is Unavailable, as the outbox does; the errors' codes are kept. */
export async function untilCommitted(work: () => Promise<Commit>, codes: string[] = []): Promise<Commit> {
  const limit = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { kind, code } = error as { kind?: string; code?: string };
      if (kind !== 'Unavailable' || Date.now() > limit) throw error;
      codes.push(code ?? '');
      await pause(100);
    }
  }
}

/** A profile that names further addresses for the one peer of an organisation: as many peers, for a client. */
export async function profileOf(t: Cleaned, network: DevNetwork, organisation: string, ports: readonly number[]): Promise<string> {
  const profile = JSON.parse(await readFile(network.profile(organisation), 'utf8')) as Profile;
  const [name, peer] = Object.entries(profile.peers)[0] as [string, Profile['peers'][string]];
  const peers = Object.fromEntries(ports.map((port) => [`${name}:${port}`, { ...peer, url: `grpcs://127.0.0.1:${port}` }]));
  const organizations = { [organisation]: { mspid: organisation, peers: Object.keys(peers) } };
  const folder = await mkdtemp(join(tmpdir(), 'dcmb-profile-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'connection.json');
  await writeFile(file, JSON.stringify({ ...profile, organizations, peers }));
  return file;
}

/** Port of an organisation's peer. */
export async function peerPort(network: DevNetwork, organisation: string): Promise<number> {
  const profile = JSON.parse(await readFile(network.profile(organisation), 'utf8')) as Profile;
  return Number(new URL(Object.values(profile.peers)[0]?.url.replace('grpcs', 'https') ?? '').port);
}

interface Profile {
  readonly peers: Readonly<Record<string, { readonly url: string }>>;
}
