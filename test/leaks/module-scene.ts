import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientSession, type NodeId } from 'node-opcua';
import type { SenderModule } from '../../src/app/index.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import type { TagWriter } from '../../src/client/index.ts';
import { INSTANCE_URI } from '../../src/nodeset/index.ts';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { heat, LOOK_AHEAD_MS, pieces, TestPlant, Told } from '../app/plant.ts';
import { certificateUser, uaClient } from '../support/ua-client.ts';
import { until } from '../support/until.ts';

export { heat, pieces, Told } from '../app/plant.ts';

/** Numbers of intervals have as many digits in one run as in the next. */
const INTERVALS_BEFORE = 1024;

interface Cadence {
  readonly intervalMs: number;
  readonly publishDelayMs: number;
  readonly originMs: number;
}

/** An owner's module with a PLC beside it, and a place for stock clients of the manufacturer. */
export class ModuleScene {
  readonly plant: TestPlant;
  readonly told = new Told();
  readonly intervalMs: number;
  readonly publishDelayMs: number;
  /** Begin of interval 0, ms since 1970. */
  readonly originMs: number;
  #module: SenderModule | undefined;

  private constructor(plant: TestPlant, { intervalMs, publishDelayMs, originMs }: Cadence) {
    this.plant = plant;
    this.originMs = originMs;
    this.intervalMs = intervalMs;
    this.publishDelayMs = publishDelayMs;
  }

  static async create(intervalMs: number, publishDelayMs: number): Promise<ModuleScene> {
    const originMs = (Math.floor(Date.now() / intervalMs) - INTERVALS_BEFORE) * intervalMs;
    const interval = { lengthMs: intervalMs, originMs, calls: 1, callGridMs: intervalMs / 4, publishDelayMs };
    const lookAheadMs = Math.max(LOOK_AHEAD_MS, 16 * intervalMs);
    const epoch = { intervals: 4, disputeWindow: Math.ceil(lookAheadMs / (4 * intervalMs)), lookAheadMs };
    return new ModuleScene(await TestPlant.create({ applications: false, intervalMs, terms: { interval, epoch } }), {
      intervalMs,
      publishDelayMs,
      originMs,
    });
  }

  get clearedUrl(): string {
    return `opc.tcp://localhost:${this.plant.port + 1}`;
  }

  /** The certificate of the cleared server, and the manufacturer's. */
  identities(): { readonly server: ApplicationIdentity; readonly manufacturer: ApplicationIdentity } {
    const { owner, manufacturer } = this.plant.plant;
    return { server: loadIdentity(join(owner, 'pki'), 'cleared'), manufacturer: loadIdentity(join(manufacturer, 'pki'), 'receiver') };
  }

  /** Starts the module on the plant as it was first. */
  async start(): Promise<void> {
    this.#restore();
    this.told.all.length = 0;
    this.#module = await this.plant.startSender(this.told);
    await until('an interval is sealed', () => this.told.of('sealed').length > 0);
  }

  async stop(): Promise<void> {
    if (this.#module !== undefined) await this.plant.stop(this.#module, 0);
    this.#module = undefined;
  }

  plc(): Promise<TagWriter> {
    return this.plant.plc();
  }

  /** Writes a value of each tag so that both have a condition. */
  async writeBoth(plc: TagWriter, count: number, value: number): Promise<void> {
    const results = await plc.write([pieces(count), heat(value)]);
    for (const { status } of results) if (status !== 'Good') throw new Error(`A write was answered with ${status}.`);
  }

  /** A session of the manufacturer with a stock client. */
  async asManufacturer<T>(work: (session: ClientSession, namespace: number) => Promise<T>): Promise<T> {
    const { server, manufacturer } = this.identities();
    const client = uaClient(manufacturer, server);
    try {
      await client.connect(this.clearedUrl);
      const session = await client.createSession(certificateUser(manufacturer));
      const namespaces = await session.readNamespaceArray();
      const result = await work(session, namespaces.indexOf(INSTANCE_URI));
      await session.close();
      return result;
    } finally {
      await client.disconnect();
    }
  }

  /** Store and ledger as they were before any run. */
  #restore(): void {
    const { folder } = this.plant.plant;
    const kept = `${folder}-before`;
    if (existsSync(kept)) {
      rmSync(folder, { recursive: true });
      cpSync(kept, folder, { recursive: true });
    } else cpSync(folder, kept, { recursive: true });
  }

  async end(): Promise<void> {
    await this.plant.end();
  }
}

/** Every node of the instance namespace that a session can browse to. */
export async function nodesOf(session: ClientSession, namespace: number): Promise<NodeId[]> {
  const seen = new Map<string, NodeId>();
  let waiting = ['i=85'];
  while (waiting.length > 0) {
    const results = await session.browse(
      waiting.map((nodeId) => ({ nodeId, referenceTypeId: 'i=33', includeSubtypes: true, browseDirection: 0, resultMask: 63 })),
    );
    const next = results.flatMap(({ references }) => references ?? []).map(({ nodeId }) => nodeId);
    waiting = [];
    for (const id of next) {
      const key = id.toString();
      if (seen.has(key) || id.namespace === 0) continue;
      seen.set(key, id);
      waiting.push(key);
    }
  }
  return [...seen.values()].filter((id) => id.namespace === namespace);
}
