import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { RejectedError } from '../core/index.ts';
import { requirePrivate, writeFileAtomic } from '../platform/index.ts';
import { type ApplicationIdentity, createApplicationCertificate, parseApplicationIdentity } from '../server/index.ts';
import type { ConfigErrorCode } from './config.ts';

const VALIDITY_DAYS = 5 * 365;
export const CERTIFICATE = 'own.pem';
export const PRIVATE_KEY = 'own-key.pem';

/** Names of a module's OPC UA applications: each has a folder of this name under `pki/`, with its own certificate. */
export type ApplicationName = 'ingest' | 'cleared' | 'receiver' | 'applications' | 'plc';

export function pkiFolder(pki: string, application: ApplicationName): string {
  return join(pki, application);
}

/** Makes key and certificate of one OPC UA application in its PKI folder. */
export async function createIdentity(
  pki: string,
  application: ApplicationName,
  organisation: string,
  extraHosts: readonly string[],
): Promise<ApplicationIdentity> {
  const identity = await createApplicationCertificate({
    applicationName: `DCMB ${organisation} ${application}`,
    applicationUri: `urn:${hostname()}:dcmb:${organisation}:${application}`,
    organization: organisation,
    hosts: [...new Set(['localhost', hostname(), ...extraHosts.filter((host) => !isAddress(host))])],
    ips: [...new Set(['127.0.0.1', ...ownAddresses(), ...extraHosts.filter(isAddress)])],
    validityDays: VALIDITY_DAYS,
  });
  const folder = pkiFolder(pki, application);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await writeFileAtomic(join(folder, CERTIFICATE), identity.certificatePem, { mode: 0o644 });
  await writeFileAtomic(join(folder, PRIVATE_KEY), identity.privateKeyPem, { mode: 0o600 });
  return identity;
}

/**
 * @param names of the two files in the application's folder
 * @throws RejectedError naming the file and what to do
 */
export function loadIdentity(
  pki: string,
  application: ApplicationName,
  names: { readonly certificate: string; readonly key: string } = { certificate: CERTIFICATE, key: PRIVATE_KEY },
): ApplicationIdentity {
  const folder = pkiFolder(pki, application);
  const file = join(folder, names.certificate);
  const [certificate, key] = [read(file), readPrivate(join(folder, names.key))];
  return about(file, () => parseApplicationIdentity(new Uint8Array(certificate), key.toString('utf8')));
}

/** Adds the file's name to what is wrong with its content. */
export function about<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function readPrivate(file: string): Buffer {
  const content = read(file);
  requirePrivate(file, statSync(file).mode);
  return content;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown fault';
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `${file} can't be read (${code}). Restore it, or make a new plant with dcmb init.`,
      { cause },
    );
  }
}

function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(':');
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4')
    .map((address) => address.address);
}
