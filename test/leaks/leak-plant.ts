import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initPlant, type Plant } from '../../src/app/index.ts';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { TagWriter } from '../../src/client/index.ts';
import { type ApplicationIdentity, hashPassword } from '../../src/server/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { testIdentity } from '../support/ua-server.ts';
import { until } from '../support/until.ts';
import { POLICY } from './canary-policy.ts';
import type { Target } from './wire.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
export const INTERVAL_MS = 500;
const LOOK_AHEAD_MS = 120_000;

/** User names of the owner's, told to nobody outside. */
export const OWNER_USERS = { plc: 'Wiesel-Steuerung-4711', operator: 'Luchs-Bediener-0815' } as const;

/** An auditor of the owner's own, who is told of writes and of nothing in them. */
export const INGEST_AUDITOR = { name: 'Dachs-Pruefer-1234', password: 'a password for tests' } as const;

/** The owner's channel with another manufacturer, on the same tags. */
export const OTHER_CHANNEL = 'Kranichkanal-Zwei-1609';
const CHANNELS = 2;

export type ServerName = 'ingest' | 'cleared' | 'applications';
const SERVERS: readonly ServerName[] = ['ingest', 'cleared', 'applications'];

/** An owner's and a manufacturer's module, each in a process of its own, with a policy of canaries. */
export class LeakPlant {
  readonly plant: Plant;
  readonly #root: string;
  readonly #port: number;
  readonly #modules: ModuleProcess[] = [];

  /** Applications that the server of the name trusts. */
  readonly applications: Readonly<Record<ServerName, ApplicationIdentity>>;

  private constructor(root: string, plant: Plant, port: number, applications: LeakPlant['applications']) {
    this.#root = root;
    this.plant = plant;
    this.#port = port;
    this.applications = applications;
    for (const server of SERVERS) trustListOf(this.#pki(server), server).add(applications[server].certificate);
  }

  static async start(): Promise<LeakPlant> {
    const port = await freePorts(5);
    const root = mkdtempSync(join(tmpdir(), 'dcmb-leaks-'));
    const [ingest, cleared, applications] = await Promise.all(SERVERS.map((server) => testIdentity(`probe-${server}`)));
    const plant = await makePlant(root, port);
    const leakPlant = new LeakPlant(root, plant, port, { ingest: ingest!, cleared: cleared!, applications: applications! });
    try {
      await leakPlant.#run();
      return leakPlant;
    } catch (cause) {
      await leakPlant.stop();
      throw new Error(`The modules do not work together. They printed:\n${Object.values(leakPlant.printed).join('\n')}`, { cause });
    }
  }

  target(server: ServerName): Target {
    const place = { ingest: 0, cleared: 1, applications: 2 }[server];
    return { port: this.#port + place, certificate: loadIdentity(this.#pki(server), server).certificate };
  }

  get plcPki(): string {
    return join(this.plant.plc, 'pki');
  }

  get plcIdentity(): ApplicationIdentity {
    return loadIdentity(this.plcPki, 'plc');
  }

  get receiverIdentity(): ApplicationIdentity {
    return loadIdentity(join(this.plant.manufacturer, 'pki'), 'receiver');
  }

  /** The PLC that writes canaries. */
  async plc(): Promise<TagWriter> {
    const pki = this.plcPki;
    const url = `opc.tcp://localhost:${this.#port}`;
    const writer = new TagWriter(linkOptions(url, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined));
    await writer.connect();
    return writer;
  }

  /** What the modules have printed so far: their events and their logs. */
  get printed(): Readonly<Record<'owner' | 'manufacturer', string>> {
    const [owner, manufacturer] = this.#modules;
    return { owner: owner?.printed ?? '', manufacturer: manufacturer?.printed ?? '' };
  }

  count(module: 'owner' | 'manufacturer', event: string): number {
    return this.printed[module].split(`"event":"${event}"`).length - 1;
  }

  /** Waits for so many further grid points. */
  async intervals(count: number): Promise<void> {
    const before = this.count('owner', 'sealed');
    await until(`${count} intervals pass`, () => this.count('owner', 'sealed') >= before + CHANNELS * count);
  }

  async stop(): Promise<void> {
    // The owner's first: it waits for the receipts of its last batches.
    for (const module of this.#modules) await module.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #pki(server: ServerName): string {
    return join(server === 'applications' ? this.plant.manufacturer : this.plant.owner, 'pki');
  }

  async #run(): Promise<void> {
    this.#modules.push(new ModuleProcess('serve', join(this.plant.owner, 'dcmb.json')));
    this.#modules.push(new ModuleProcess('receive', join(this.plant.manufacturer, 'dcmb.json')));
    await until('the modules work together', () => this.count('manufacturer', 'acknowledged') > 1, 90_000);
  }
}

/** A module in a process of its own, with everything that it prints. */
class ModuleProcess {
  readonly #child: ChildProcess;
  printed = '';

  constructor(command: 'serve' | 'receive', config: string) {
    this.#child = spawn(process.execPath, [MAIN, command, config, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

async function makePlant(root: string, port: number): Promise<Plant> {
  const [policyFile, termsFile] = [join(root, 'policy.json'), join(root, 'terms.json')];
  writeFileSync(policyFile, JSON.stringify(POLICY));
  writeFileSync(termsFile, JSON.stringify(termsFrom(Date.now())));
  const plant = await initPlant({
    folder: join(root, 'plant'),
    policyFile,
    termsFile,
    cadence: { intervalMs: INTERVAL_MS, epochIntervals: 4 },
    host: '127.0.0.1',
    advertisedHost: 'localhost',
    ports: { ingest: port, cleared: port + 1, applications: port + 2 },
    channel: 'press',
    others: [{ folder: 'uhu-werke', channel: OTHER_CHANNEL, policyFile, ports: { cleared: port + 3, applications: port + 4 } }],
  });
  const config = join(plant.owner, 'dcmb.json');
  const auditor = { role: 'Auditor', name: INGEST_AUDITOR.name, passwordHash: await hashPassword(INGEST_AUDITOR.password) };
  const text = readFileSync(config, 'utf8');
  writeFileSync(
    config,
    text
      .replace('"name": "plc"', `"name": "${OWNER_USERS.plc}"`)
      .replace('"name": "operator"', `"name": "${OWNER_USERS.operator}"`)
      .replace('"users": [', `"users": [${JSON.stringify(auditor)},`),
  );
  return plant;
}

function termsFrom(nowMs: number): object {
  const instant = (ms: number): string => new Date(ms - (ms % 1000)).toISOString().replace('.000Z', 'Z');
  return {
    purpose: 'Test',
    interval: { lengthMs: INTERVAL_MS, calls: 2, callGridMs: INTERVAL_MS / 4, publishDelayMs: 200 },
    epoch: { intervals: 4, disputeWindow: LOOK_AHEAD_MS / (4 * INTERVAL_MS), lookAheadMs: LOOK_AHEAD_MS },
    validity: { from: instant(nowMs), to: instant(nowMs + 86_400_000) },
  };
}
