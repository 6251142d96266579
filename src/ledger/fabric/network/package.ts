import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIALLER_HOST } from './crypto-material.ts';
import { makeOnce, writeWhole } from './files.ts';
import { hostName, type Layout } from './layout.ts';
import { type Contract, contractPort, type NetworkSettings, SERVICES } from './settings.ts';
import { tarGz } from './tar.ts';

/**
 * Makes the chaincode package of a contract, once. It holds no program: only where the service is reached and by which
 * certificates, for the service runs outside of the peers.
 */
export async function makePackage(layout: Layout, settings: NetworkSettings, contract: Contract): Promise<void> {
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  await makeOnce(layout.package(contract), async (file) => {
    const code = tarGz([{ name: 'connection.json', content: json(connection(layout, settings, contract)) }]);
    const metadata = json({ type: 'ccaas', label: contract });
    writeWhole(
      file,
      tarGz([
        { name: 'metadata.json', content: metadata },
        { name: 'code.tar.gz', content: code },
      ]),
    );
  });
}

function connection(layout: Layout, settings: NetworkSettings, contract: Contract): unknown {
  const dialler = join(layout.host(SERVICES, DIALLER_HOST), 'tls');
  return {
    address: `127.0.0.1:${contractPort(settings, contract)}`,
    domain: hostName(SERVICES, contract),
    dial_timeout: '3s',
    tls_required: true,
    client_auth_required: true,
    root_cert: readFileSync(layout.tlsRoot(SERVICES), 'utf8'),
    client_cert: readFileSync(join(dialler, 'server.crt'), 'utf8'),
    client_key: readFileSync(join(dialler, 'server.key'), 'utf8'),
  };
}

/** The id that a peer gives to the package when it is installed: label and SHA-256. */
export function packageId(layout: Layout, contract: Contract): string {
  return `${contract}:${createHash('sha256')
    .update(readFileSync(layout.package(contract)))
    .digest('hex')}`;
}
