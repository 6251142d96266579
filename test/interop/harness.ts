import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RejectedError } from '../../src/core/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import {
  type ApplicationIdentity,
  type ClearedServer,
  hashPassword,
  type IngestHooks,
  type IngestServer,
  startClearedServer,
  thumbprintOf,
  startIngestServer,
  type UserEntry,
} from '../../src/server/index.ts';
import { ALARM_LIMITS } from '../support/alarm-limits.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';
import type { Application, CertificateFiles, User } from './protocol.ts';

/** What the suite is told of a plant: what a person would type into a client, and what is to be seen there. */
export interface StockPlant {
  /** Endpoint URLs. */
  readonly ingest: string;
  readonly cleared: string;
  readonly application: Application;
  /** An application that no server trusts. */
  readonly stranger: Application;
  readonly plc: User;
  readonly operator: User;
  /** User of the cleared server, by certificate. */
  readonly manufacturer: User;
  readonly machine: string;
  readonly channel: string;
  readonly stream: string;
  /** A Double tag that takes `goodValue` and `alarmValue` and refuses `badValue` as out of range. */
  readonly tag: string;
  /** Float, four elements. */
  readonly arrayTag: string;
  readonly goodValue: number;
  /** What the stream's condition is after `goodValue`: raises no alarm. */
  readonly goodCode: number;
  readonly alarmValue: number;
  /** Importance of the condition after `alarmValue`. */
  readonly alarmImportance: number;
  readonly badValue: number;
}

export interface RunningPlant {
  readonly description: StockPlant;
  stop(): Promise<void>;
}

const CHANNEL = 'press';
const STREAM = 'maintenance';
const TAG = 'temperature';
const ARRAY_TAG = 'zones';
const COOL = { code: 0, text: { en: 'Runs cool', de: 'Läuft kühl' }, importance: 100 };
const HOT = { code: 1, text: { en: 'Runs hot', de: 'Läuft heiß' }, importance: 800 };
const HOT_FROM = 80;
const MACHINE = { name: 'Press 4', manufacturer: 'Example Presses', serialNumber: '0815' };
const INTERVAL_MS = 500;
const PASSWORD = 'a password for tests';

/** Both servers with a module behind them that only keeps the clock: what a stock client meets, without the evidence. */
export async function startServersAlone(): Promise<RunningPlant> {
  const [ingestIdentity, clearedIdentity, own, stranger, maker] = (await Promise.all(
    ['ingest', 'cleared', 'stock', 'stranger', 'maker'].map(testIdentity),
  )) as [ApplicationIdentity, ApplicationIdentity, ApplicationIdentity, ApplicationIdentity, ApplicationIdentity];
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-interop-'));
  let shown = COOL.code;
  const ingest = await startIngest(ingestIdentity, own, ({ tag, value }) => {
    if (tag === TAG) shown = Number(value?.value) >= HOT_FROM ? HOT.code : COOL.code;
  });
  const cleared = await startCleared(clearedIdentity, own, maker);
  const publishing = setInterval(() => publish(cleared, shown), INTERVAL_MS);
  return {
    description: {
      ingest: ingest.endpointUrl,
      cleared: cleared.endpointUrl,
      application: { uri: own.applicationUri, ...pemFiles(folder, 'own', own) },
      stranger: { uri: stranger.applicationUri, ...pemFiles(folder, 'stranger', stranger) },
      plc: { name: 'plc', password: PASSWORD },
      operator: { name: 'operator', password: PASSWORD },
      manufacturer: pemFiles(folder, 'maker', maker),
      machine: MACHINE.name,
      channel: CHANNEL,
      stream: STREAM,
      tag: TAG,
      arrayTag: ARRAY_TAG,
      goodValue: 20.5,
      goodCode: COOL.code,
      alarmValue: 97.25,
      alarmImportance: HOT.importance,
      badValue: 1e6,
    },
    stop: async () => {
      clearInterval(publishing);
      await Promise.all([ingest.stop(), cleared.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

async function startIngest(
  identity: ApplicationIdentity,
  client: ApplicationIdentity,
  accept: IngestHooks['accept'],
): Promise<IngestServer> {
  const password = await hashPassword(PASSWORD);
  const entries: UserEntry[] = [
    { name: 'plc', roles: ['Plc'], password },
    { name: 'operator', roles: ['Operator'], password },
  ];
  return await startIngestServer(
    {
      endpoint: { host: '127.0.0.1', port: 0, hostname: 'localhost' },
      identity,
      trust: trusting(client.certificate),
      users: entries,
      clock: systemClock,
      machine: MACHINE,
      tags: [
        { name: TAG, type: 'Double', minimum: 0, maximum: 100, timestamps: { use: 'server' } },
        { name: ARRAY_TAG, type: 'Float', length: 4, timestamps: { use: 'server' } },
      ],
      channels: [
        {
          name: CHANNEL,
          channelId: 'c'.repeat(43),
          ledgerId: 'l'.repeat(43),
          agreementVersion: 1,
          intervalMs: INTERVAL_MS,
          alarmLimits: ALARM_LIMITS,
        },
      ],
    },
    { accept, anchor: async () => ({ batchId: 7 }) },
  );
}

async function startCleared(
  identity: ApplicationIdentity,
  client: ApplicationIdentity,
  maker: ApplicationIdentity,
): Promise<ClearedServer> {
  return await startClearedServer(
    {
      host: '127.0.0.1',
      port: 0,
      hostname: 'localhost',
      identity,
      trusted: [client.certificate],
      users: [{ name: 'maker', roles: ['Manufacturer'], certificate: thumbprintOf(maker.certificate) }],
      machine: MACHINE,
      channel: { name: CHANNEL, id: 'c'.repeat(43), ledgerId: 'l'.repeat(43), agreementVersion: 1, intervalMs: INTERVAL_MS },
      streams: [
        {
          name: STREAM,
          title: { en: 'Maintenance', de: 'Wartung' },
          conditions: [COOL, HOT],
        },
      ],
    },
    {
      fetchDelivery: async (n) => (n < 4_000_000_000 ? { header: {}, delivery: {} } : undefined),
      getEvidence: async () => undefined,
      epochProposal: async () => undefined,
      history: async () => [],
      acknowledge: async () => {
        throw new RejectedError('BAD_SHAPE', 'Not a receipt.');
      },
      countersigned: async () => undefined,
      refusedCertificate: () => undefined,
    },
  );
}

function publish(cleared: ClearedServer, code: number): void {
  if (!cleared.isServing) return;
  const gridMs = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
  cleared.publish([{ stream: 0, code, gridMs, nextMs: gridMs + INTERVAL_MS, batch: gridMs % 1_000_000_000, publishAtMs: Date.now() }]);
}

/** @returns the paths of its PEM files in the folder */
export function pemFiles(folder: string, name: string, identity: ApplicationIdentity): CertificateFiles {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key.pem`)];
  writeFileSync(certificate, identity.certificatePem);
  writeFileSync(key, identity.privateKeyPem, { mode: 0o600 });
  return { certificate, key };
}
