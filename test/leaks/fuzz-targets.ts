import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { UserIdentityInfo } from 'node-opcua';
import { type ApplicationIdentity, parseApplicationIdentity } from '../../src/server/identity/index.ts';
import { encodingsOf } from '../app/encodings.ts';
import { PASSWORD } from '../server/ingest-support.ts';
import { certificateUser, passwordUser } from '../support/ua-client.ts';
import { cleared } from '../server/cleared-support.ts';

/** A running server that is attacked. */
export interface FuzzTarget {
  readonly name: 'ingest' | 'cleared';
  readonly endpointUrl: string;
  /** The application that the server trusts, and the server's own. */
  readonly own: ApplicationIdentity;
  readonly server: ApplicationIdentity;
  /** Who attacks: a user with few rights. */
  readonly user: UserIdentityInfo;
  /** Bytes that must reach nobody who attacks here, by name. */
  readonly canaries: ReadonlyMap<string, Buffer>;
  /** What became of its process; empty while the first one runs. */
  ends(): readonly string[];
  processId(): number;
  stop(): Promise<void>;
}

/** A number that stands in one place only. */
const CANARY = 73_915_842.640_625;
const SECRET_TEXT = 'canary-of-a-delivery-3f9c1a7e';

/** The ingest server; a PLC attacks, which may write and not read. */
export async function ingestTarget(): Promise<FuzzTarget> {
  const script = fileURLToPath(new URL('./fuzz-ingest-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--stack-trace-limit=60', script, String(CANARY)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ends: string[] = [];
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
  child.once('exit', (code, signal) => void ends.push(`ended with ${code ?? signal}: ${said}`));
  const told = JSON.parse(await firstLine(child)) as Record<'server' | 'application' | 'plc', Portable> & { endpointUrl: string };
  const plc = identityIn(told.plc);
  const server = identityIn(told.server);
  return {
    name: 'ingest',
    endpointUrl: told.endpointUrl,
    own: identityIn(told.application),
    server,
    user: certificateUser(plc),
    canaries: new Map([...encodingsOf(CANARY, 'Double'), ...keyForms(server), ['a password', Buffer.from(PASSWORD)]]),
    ends: () => ends,
    processId: () => child.pid ?? 0,
    stop: async () => {
      if (ends.length > 0) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
      ends.length = 0;
    },
  };
}

/** The cleared server; an auditor attacks, who may not fetch deliveries. */
export function auditorsTarget(): Promise<FuzzTarget> {
  return clearedTarget(passwordUser('auditor', 'correct horse'), [['a delivery', Buffer.from(SECRET_TEXT)]]);
}

/** The same; the manufacturer attacks, who may do all that this server offers. */
export function manufacturersTarget(): Promise<FuzzTarget> {
  return clearedTarget(certificateUser, []);
}

type User = UserIdentityInfo | ((own: ApplicationIdentity) => UserIdentityInfo);

async function clearedTarget(user: User, canaries: readonly [string, Buffer][]): Promise<FuzzTarget> {
  const delivery = () => Promise.resolve({ delivery: SECRET_TEXT });
  const on = await cleared({ fetchDelivery: delivery, epochProposal: delivery });
  const gridMs = Math.floor(Date.now() / 100) * 100;
  on.server.publish([0, 1].map((stream) => ({ stream, code: 1, gridMs, nextMs: gridMs + 100, batch: 3, publishAtMs: gridMs })));
  return {
    name: 'cleared',
    endpointUrl: on.server.endpointUrl,
    own: on.manufacturer,
    server: on.own,
    user: typeof user === 'function' ? user(on.manufacturer) : user,
    canaries: new Map([...canaries, ...keyForms(on.own), ['a password', Buffer.from('battery staple')]]),
    ends: () => on.events.flatMap((event) => (event.kind === 'lost' ? [event.why] : [])),
    processId: () => on.server.processId ?? 0,
    stop: () => on.server.stop(),
  };
}

/** False also for a process that is just ending, or was not yet waited for. */
export function isAlive(processId: number): boolean {
  try {
    return /^VmRSS:/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Bytes of memory that a process holds. */
export function residentBytes(processId: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`Process ${processId} holds no memory.`);
  return Number(kilobytes) * 1024;
}

interface Portable {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

function identityIn({ certificatePem, privateKeyPem }: Portable): ApplicationIdentity {
  return parseApplicationIdentity(Buffer.from(certificatePem), privateKeyPem);
}

/** Parts of a private key as it stands in memory and in its file. */
function keyForms({ privateKeyPem }: ApplicationIdentity): [string, Buffer][] {
  const lines = privateKeyPem.trim().split('\n');
  const late = lines.slice(-6, -2).join('');
  return [
    ['a line of the private key', Buffer.from(lines.at(-4) ?? '')],
    ['bytes of the private key', Buffer.from(late, 'base64').subarray(0, 48)],
  ];
}

async function firstLine(child: ChildProcess): Promise<string> {
  let line = '';
  const stdout = child.stdout!.setEncoding('utf8');
  for await (const text of stdout as AsyncIterable<string>) {
    line += text;
    if (line.includes('\n')) return line.slice(0, line.indexOf('\n'));
  }
  throw new Error('The process ended before it served.');
}
