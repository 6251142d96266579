import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RejectedError } from '../../src/core/index.ts';
import { INSTANCE_URI } from '../../src/nodeset/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import {
  type ApplicationIdentity,
  type ClearedServer,
  hashPassword,
  type IngestServer,
  startClearedServer,
  thumbprintOf,
  startIngestServer,
  type UserEntry,
} from '../../src/server/index.ts';
import { ALARM_LIMITS } from '../support/alarm-limits.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';

/** A certificate user or a password user, as the stock client takes it. */
export type StockUser = { readonly name: string; readonly password: string } | { readonly certificate: string; readonly key: string };

/** What stock_client.py is told; paths are of PEM files. */
export interface StockPlant {
  readonly ingest: string;
  readonly cleared: string;
  readonly application_uri: string;
  readonly certificate: string;
  readonly key: string;
  readonly stranger_application_uri: string;
  readonly stranger_certificate: string;
  readonly stranger_key: string;
  readonly plc: StockUser;
  readonly operator: StockUser;
  readonly manufacturer: StockUser;
  readonly namespace: string;
  readonly channel: string;
  readonly stream: string;
  readonly tag: string;
  readonly good_value: number;
  readonly bad_value: number;
}

export interface RunningPlant {
  readonly description: StockPlant;
  stop(): Promise<void>;
}

const CHANNEL = 'press';
const STREAM = 'maintenance';
const TAG = 'temperature';
const INTERVAL_MS = 500;
const PASSWORD = 'a password for tests';

/** Both servers with a module behind them that only keeps the clock: what a stock client meets, without the evidence. */
export async function startServersAlone(): Promise<RunningPlant> {
  const [ingestIdentity, clearedIdentity, own, stranger, maker] = (await Promise.all(
    ['ingest', 'cleared', 'stock', 'stranger', 'maker'].map(testIdentity),
  )) as [ApplicationIdentity, ApplicationIdentity, ApplicationIdentity, ApplicationIdentity, ApplicationIdentity];
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-interop-'));
  const ingest = await startIngest(ingestIdentity, own);
  const cleared = await startCleared(clearedIdentity, own, maker);
  const publishing = setInterval(() => publish(cleared), INTERVAL_MS);
  return {
    description: {
      ingest: ingest.endpointUrl,
      cleared: cleared.endpointUrl,
      application_uri: own.applicationUri,
      ...pem(folder, 'own', own),
      stranger_application_uri: stranger.applicationUri,
      stranger_certificate: pem(folder, 'stranger', stranger).certificate,
      stranger_key: pem(folder, 'stranger', stranger).key,
      plc: { name: 'plc', password: PASSWORD },
      operator: { name: 'operator', password: PASSWORD },
      manufacturer: pem(folder, 'maker', maker),
      namespace: INSTANCE_URI,
      channel: CHANNEL,
      stream: STREAM,
      tag: TAG,
      good_value: 20.5,
      bad_value: 1e6,
    },
    stop: async () => {
      clearInterval(publishing);
      await Promise.all([ingest.stop(), cleared.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}

async function startIngest(identity: ApplicationIdentity, client: ApplicationIdentity): Promise<IngestServer> {
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
      machine: { name: 'Press 4', manufacturer: 'Example Presses', serialNumber: '0815' },
      tags: [{ name: TAG, type: 'Double', minimum: 0, maximum: 100, timestamps: { use: 'server' } }],
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
    { accept: () => undefined, anchor: async () => ({ batchId: 7 }) },
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
      machine: { name: 'Press1', manufacturer: 'Acme', serialNumber: '4711' },
      channel: { name: CHANNEL, id: 'c'.repeat(43), ledgerId: 'l'.repeat(43), agreementVersion: 1, intervalMs: INTERVAL_MS },
      streams: [
        {
          name: STREAM,
          title: { en: 'Maintenance', de: 'Wartung' },
          conditions: [{ code: 1, text: { en: 'Imminent', de: 'Fällig' }, importance: 800 }],
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
      strangerCertificate: () => undefined,
    },
  );
}

function publish(cleared: ClearedServer): void {
  if (!cleared.isServing) return;
  const gridMs = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
  cleared.publish([{ stream: 0, code: 1, gridMs, nextMs: gridMs + INTERVAL_MS, batch: gridMs % 1_000_000_000, publishAtMs: Date.now() }]);
}

function pem(folder: string, name: string, identity: ApplicationIdentity): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key.pem`)];
  writeFileSync(certificate, identity.certificatePem);
  writeFileSync(key, identity.privateKeyPem, { mode: 0o600 });
  return { certificate, key };
}
