import { LogLevel, setLogLevel } from 'node-opcua';
import { type ApplicationIdentity, createApplicationCertificate } from '../../src/server/identity/index.ts';

export { certificateUser, passwordUser, uaClient as client } from '../support/ua-client.ts';

setLogLevel(LogLevel.Error);

/** An application's identity on the loopback. */
export function identity(name: string): Promise<ApplicationIdentity> {
  return createApplicationCertificate({
    applicationName: name,
    applicationUri: `urn:test:${name}`,
    organization: 'Test',
    hosts: ['localhost'],
    ips: ['127.0.0.1'],
    validityDays: 30,
  });
}

/** Waits until the condition holds. @throws Error after 30 seconds */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not within 30 seconds: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
