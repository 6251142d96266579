import { join } from 'node:path';
import { toBase64Url } from '../core/index.ts';
import { systemRandom, writeFileAtomic } from '../platform/index.ts';
import { type ApplicationIdentity, hashPassword, thumbprintOf } from '../server/index.ts';
import type { UserConfig } from './config.ts';

/** User name and password at a server. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Log-ins at a channel's servers: the cleared one, and the manufacturer's own (`viewer`). */
export interface ChannelLogins {
  readonly manufacturer: Login;
  readonly auditor: Login;
  readonly viewer: Login;
}

/** Log-ins at the ingest server. */
export interface IngestLogins {
  readonly plc: Login;
  readonly operator: Login;
}

export function newIngestLogins(): IngestLogins {
  return { plc: newLogin('plc'), operator: newLogin('operator') };
}

export function newChannelLogins(): ChannelLogins {
  return { manufacturer: newLogin('manufacturer'), auditor: newLogin('auditor'), viewer: newLogin('viewer') };
}

/** The ingest server's users; the PLC comes with its certificate, too. */
export async function ingestUsers({ plc, operator }: IngestLogins, application: ApplicationIdentity): Promise<UserConfig[]> {
  return [{ role: 'Plc', thumbprint: thumbprintOf(application.certificate) }, await userOf('Plc', plc), await userOf('Operator', operator)];
}

/** The cleared server's users; the manufacturer's module comes with its certificate. */
export async function clearedUsers({ manufacturer, auditor }: ChannelLogins, receiver: ApplicationIdentity): Promise<UserConfig[]> {
  return [
    { role: 'Manufacturer', thumbprint: thumbprintOf(receiver.certificate) },
    await userOf('Manufacturer', manufacturer),
    await userOf('Auditor', auditor),
  ];
}

export async function applicationUsers({ viewer }: ChannelLogins): Promise<UserConfig[]> {
  return [await userOf('Manufacturer', viewer)];
}

/** Kept nowhere else: configurations hold hashes. */
export async function writePasswords(folder: string, logins: readonly Login[]): Promise<void> {
  const lines = logins.map(({ name, password }) => `${name} ${password}\n`);
  await writeFileAtomic(join(folder, 'passwords.txt'), lines.join(''), { mode: 0o600, replace: false });
}

function newLogin(name: string): Login {
  return { name, password: toBase64Url(systemRandom.bytes(12)) };
}

async function userOf(role: UserConfig['role'], { name, password }: Login): Promise<UserConfig> {
  return { role, name, passwordHash: await hashPassword(password) };
}
