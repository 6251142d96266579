import { join } from 'node:path';
import type { FabricCommands } from './commands.ts';
import { makeFolder, makeOnce, writeWhole } from './files.ts';
import { domainOf, type Layout } from './layout.ts';
import { CONTRACTS, type NetworkSettings, ORDERER_ORGANISATION, SERVICES } from './settings.ts';

/** The host name of an organisation's one peer, and the ordering service's of its one orderer. */
export const PEER_HOST = 'peer';
export const ORDERER_HOST = 'orderer';
/** The TLS certificate by which all peers show themselves to the chaincode services. */
export const DIALLER_HOST = 'dialler';

const LOCAL_NAMES = ['127.0.0.1', 'localhost'];

/** Makes certification authorities, servers, a client user and an admin for each organisation; once. */
export async function makeCrypto(layout: Layout, settings: NetworkSettings, commands: FabricCommands): Promise<void> {
  await makeOnce(layout.crypto, async (folder) => {
    makeFolder(folder);
    const file = join(layout.config, 'crypto-config.yaml');
    writeWhole(file, JSON.stringify(cryptoConfig(settings), undefined, 2));
    await commands.run('cryptogen', ['generate', `--config=${file}`, `--output=${folder}`]);
  });
}

/** JSON, which is YAML too. */
function cryptoConfig({ organisations }: NetworkSettings): unknown {
  const organisation = (name: string, hosts: readonly string[]): object => ({
    Name: name,
    Domain: domainOf(name),
    EnableNodeOUs: true,
    Specs: hosts.map((Hostname) => ({ Hostname, SANS: LOCAL_NAMES })),
    Users: { Count: 1 },
  });
  return {
    OrdererOrgs: [organisation(ORDERER_ORGANISATION, [ORDERER_HOST])],
    PeerOrgs: [...organisations.map((name) => organisation(name, [PEER_HOST])), organisation(SERVICES, [...CONTRACTS, DIALLER_HOST])],
  };
}
