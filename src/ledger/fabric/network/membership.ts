import { join } from 'node:path';
import type { FabricCommands } from './commands.ts';
import { ORDERER_HOST } from './crypto-material.ts';
import { commandEnvironment } from './environments.ts';
import { unavailable } from './errors.ts';
import type { Layout } from './layout.ts';
import { type NetworkSettings, ORDERER_ORGANISATION, ordererPorts } from './settings.ts';

/** Joins the orderer to the Fabric channel unless it is in it. */
export async function joinOrderer(layout: Layout, settings: NetworkSettings, commands: FabricCommands): Promise<void> {
  const tls = join(layout.host(ORDERER_ORGANISATION, ORDERER_HOST), 'tls');
  const where = [
    ...['-o', `127.0.0.1:${ordererPorts(settings).admin}`],
    ...['--ca-file', layout.tlsRoot(ORDERER_ORGANISATION)],
    ...['--client-cert', join(tls, 'server.crt')],
    ...['--client-key', join(tls, 'server.key')],
  ];
  const listed = await commands.run('osnadmin', ['channel', 'list', '--channelID', settings.channel, ...where]);
  if (listed.stdout.includes('Status: 200')) return;
  const args = ['channel', 'join', '--channelID', settings.channel, '--config-block', layout.genesisBlock, ...where];
  const { stdout, stderr } = await commands.run('osnadmin', args);
  // The command ends well even where the orderer refused.
  if (!stdout.includes('Status: 201')) throw unavailable('COMMAND_FAILED', `The orderer did not join: ${`${stdout} ${stderr}`.trim()}`);
}

/** Joins an organisation's peer to the Fabric channel unless it is in it. */
export async function joinPeer(layout: Layout, settings: NetworkSettings, commands: FabricCommands, organisation: string): Promise<void> {
  const variables = commandEnvironment(layout, settings, organisation);
  const { stdout } = await commands.run('peer', ['channel', 'list'], variables);
  if (stdout.split('\n').includes(settings.channel)) return;
  await commands.run('peer', ['channel', 'join', '-b', layout.genesisBlock], variables);
}
