import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditReport,
  exportAudit,
  initPlant,
  type ManufacturerConfig,
  type ModuleEvent,
  type ModuleOptions,
  type OwnerConfig,
  parseExport,
  type Plant,
  readManufacturerConfig,
  readOwnerConfig,
  ReceiverModule,
  SenderModule,
  systemArgon2,
  verifyExport,
} from '../../src/app/index.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { TagWriter } from '../../src/client/index.ts';
import type { UaValue } from '../../src/core/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';
import { freePorts } from '../support/free-ports.ts';

export type EventOf<Kind extends ModuleEvent['event']> = Extract<ModuleEvent, { event: Kind }>;

/** Events that a module told, kept in order. */
export class Told {
  readonly all: ModuleEvent[] = [];

  readonly listen = (event: ModuleEvent): void => void this.all.push(event);

  of<Kind extends ModuleEvent['event']>(kind: Kind): EventOf<Kind>[] {
    return this.all.filter((event): event is EventOf<Kind> => event.event === kind);
  }
}

export interface TestPlantOptions {
  readonly intervalMs?: number;
  /** Parts of the agreement's terms. */
  readonly terms?: Readonly<Record<string, object>>;
  /** Whether the manufacturer's module has an OPC UA server of its own, which is a process more. Default: true. */
  readonly applications?: boolean;
}

/** Token sets that a slow machine does not use up before the next are signed. */
export const LOOK_AHEAD_MS = 40_000;

const CONDITION_TEXTS = ['Well', 'Soon', 'Now'];

/** Two tags and two streams: work pieces by the paper's bounds, and the greatest heat. */
const POLICY = {
  id: 'app-test',
  version: 1,
  tags: [
    { name: 'Pieces', type: 'UInt32' },
    { name: 'Heat', type: 'Double', minimum: -1e6, maximum: 1e6 },
  ],
  streams: [
    stream('Maintenance', 'Pieces', 'last', [
      { to: 5300 },
      { from: 5300, to: 5400, toIncluded: true },
      { from: 5400, fromIncluded: false },
    ]),
    stream('Overheated', 'Heat', 'max', [{ to: 50 }, { from: 50, to: 90 }, { from: 90 }]),
  ],
};

function stream(name: string, tag: string, aggregate: string, ranges: readonly object[]): object {
  return {
    name,
    title: { en: name, de: `${name} (de)` },
    tags: [tag],
    aggregate,
    conditions: ranges.map((range, code) => ({
      code,
      text: { en: `${name}: ${CONDITION_TEXTS[code]}`, de: `${name}: ${CONDITION_TEXTS[code]} (de)` },
      importance: 100 + 400 * code,
      ranges: [range],
    })),
    quality: { missing: 'hold' },
  };
}

/** An owner's and a manufacturer's folder on one machine, the modules that run in them, and a PLC. */
export class TestPlant {
  readonly plant: Plant;
  /** The ingest server's; the next two are the other servers'. */
  readonly port: number;
  readonly #root: string;
  readonly #applications: boolean;
  /** Starts under way: one that succeeds while another fails must be ended too. */
  readonly #starting = new Set<Promise<unknown>>();
  /** How to end each running module at once. */
  readonly #running = new Map<object, () => Promise<void>>();
  readonly #writers = new Set<TagWriter>();

  private constructor(root: string, plant: Plant, port: number, applications: boolean) {
    this.#root = root;
    this.#applications = applications;
    this.plant = plant;
    this.port = port;
  }

  static async create({ intervalMs = 500, terms = {}, applications = true }: TestPlantOptions = {}): Promise<TestPlant> {
    const port = await freePorts(3);
    const root = mkdtempSync(join(tmpdir(), 'dcmb-app-'));
    const [policyFile, termsFile] = [join(root, 'policy.json'), join(root, 'terms.json')];
    writeFileSync(policyFile, JSON.stringify(POLICY));
    const from = new Date(Math.floor(Date.now() / 1000) * 1000);
    const validity = { from: instant(from), to: instant(new Date(from.getTime() + 86_400_000)) };
    const interval = { lengthMs: intervalMs, calls: 2, callGridMs: intervalMs / 4, publishDelayMs: 200 };
    writeFileSync(
      termsFile,
      JSON.stringify({
        purpose: 'Test',
        interval,
        epoch: { intervals: 4, disputeWindow: Math.ceil(LOOK_AHEAD_MS / (4 * intervalMs)), lookAheadMs: LOOK_AHEAD_MS },
        validity,
        ...terms,
      }),
    );
    const plant = await initPlant({
      folder: join(root, 'plant'),
      policyFile,
      termsFile,
      cadence: { intervalMs, epochIntervals: 4 },
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      ports: { ingest: port, cleared: port + 1, applications: port + 2 },
      channel: 'press',
    });
    return new TestPlant(root, plant, port, applications);
  }

  get ownerFile(): string {
    return join(this.plant.owner, 'dcmb.json');
  }

  get manufacturerFile(): string {
    return join(this.plant.manufacturer, 'dcmb.json');
  }

  /** The owner's configuration with other values for its channel. */
  ownerConfig(channel: Partial<OwnerConfig['channels'][0]> = {}, others: Partial<OwnerConfig> = {}): OwnerConfig {
    const config = readOwnerConfig(this.ownerFile);
    return { ...config, ...others, channels: [{ ...config.channels[0], ...channel }] };
  }

  manufacturerConfig(
    channel: Partial<ManufacturerConfig['channels'][0]> = {},
    others: Partial<ManufacturerConfig> = {},
  ): ManufacturerConfig {
    const config = readManufacturerConfig(this.manufacturerFile);
    const { applications, ...own } = config.channels[0];
    const server = this.#applications && applications !== undefined ? { applications } : {};
    return { ...config, ...others, channels: [{ ...own, ...server, ...channel }] };
  }

  startSender(told: Told, config = this.ownerConfig(), options: ModuleOptions = {}): Promise<SenderModule> {
    return this.#keep(SenderModule.start(config, { ...options, onEvent: told.listen }), (module) => module.stop(0));
  }

  startReceiver(told: Told, config = this.manufacturerConfig(), options: ModuleOptions = {}): Promise<ReceiverModule> {
    return this.#keep(ReceiverModule.start(config, { ...options, onEvent: told.listen }), (module) => module.stop());
  }

  /** Stops a module before the plant's end. */
  async stop(module: { stop(settleMs?: number): Promise<void> }, settleMs?: number): Promise<void> {
    this.#running.delete(module);
    await module.stop(settleMs);
  }

  /** A PLC that is connected to the ingest server. */
  async plc(): Promise<TagWriter> {
    const pki = join(this.plant.plc, 'pki');
    const writer = new TagWriter(
      linkOptions(`opc.tcp://localhost:${this.port}`, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined),
    );
    await writer.connect();
    this.#writers.add(writer);
    return writer;
  }

  /** Verifies the export of either side, as an auditor would who knows the ledger. */
  async audit(config: string): Promise<AuditReport> {
    const bytes = await exportAudit(config);
    return verifyExport(parseExport(bytes), { argon2: systemArgon2, expectedLedgerId: this.plant.ledgerId });
  }

  async end(): Promise<void> {
    for (const writer of this.#writers) await writer.close();
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#running.values()].map((stop) => stop()));
    rmSync(this.#root, { recursive: true, force: true });
  }

  #keep<Module extends object>(start: Promise<Module>, end: (module: Module) => Promise<void>): Promise<Module> {
    const kept = start.then((module) => {
      this.#running.set(module, () => end(module));
      return module;
    });
    this.#starting.add(kept);
    return kept;
  }
}

export function pieces(value: number): { nodeId: string; value: UaValue } {
  return { nodeId: inNamespace(INSTANCE_URI, tagId('Pieces')), value: { type: 'UInt32', value } };
}

export function heat(value: number): { nodeId: string; value: UaValue } {
  return { nodeId: inNamespace(INSTANCE_URI, tagId('Heat')), value: { type: 'Double', value } };
}

/** Findings but those that only a slow machine makes. */
export function surprises(told: Told): EventOf<'finding'>[] {
  return told.of('finding').filter(({ code }) => code !== 'LATE_PUBLICATION');
}

/** Code of a stream in an event that tells conditions. */
export function codeIn({ conditions }: EventOf<'cleared'> | EventOf<'received'>, name: string): number | undefined {
  return conditions.find(({ stream: each }) => each === name)?.code;
}

function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
