import { join } from 'node:path';
import type { FabricCommands } from './commands.ts';
import { ORDERER_HOST, PEER_HOST } from './crypto-material.ts';
import { makeOnce, writeWhole } from './files.ts';
import type { Layout } from './layout.ts';
import { type NetworkSettings, ORDERER_ORGANISATION, ordererPorts, peerPorts } from './settings.ts';

const PROFILE = 'DCMB';

/** A block is cut as soon as it has so many transactions, or so long after its first. */
const BATCH = { BatchTimeout: '50ms', BatchSize: { MaxMessageCount: 16, AbsoluteMaxBytes: '10 MB', PreferredMaxBytes: '2 MB' } };
/** With Raft's own 500 ms a lone orderer needs 8 s to elect itself. */
const RAFT = { TickInterval: '100ms', ElectionTick: 10, HeartbeatTick: 1, MaxInflightBlocks: 5, SnapshotIntervalSize: '16 MB' };

type Policies = Readonly<Record<string, { readonly Type: string; readonly Rule: string }>>;

/** Makes block 0 of the Fabric channel, once. */
export async function makeGenesisBlock(layout: Layout, settings: NetworkSettings, commands: FabricCommands): Promise<void> {
  await makeOnce(layout.genesisBlock, async (file) => {
    writeWhole(join(layout.config, 'configtx.yaml'), JSON.stringify(channelConfig(layout, settings), undefined, 2));
    const args = ['-profile', PROFILE, '-channelID', settings.channel, '-outputBlock', file];
    await commands.run('configtxgen', args, { FABRIC_CFG_PATH: layout.config });
  });
}

function channelConfig(layout: Layout, settings: NetworkSettings): unknown {
  const port = ordererPorts(settings).service;
  const certificate = join(layout.host(ORDERER_ORGANISATION, ORDERER_HOST), 'tls', 'server.crt');
  return {
    Profiles: {
      [PROFILE]: {
        Capabilities: { V2_0: true },
        Policies: implicit({ Readers: 'ANY Readers', Writers: 'ANY Writers', Admins: 'MAJORITY Admins' }),
        Orderer: {
          OrdererType: 'etcdraft',
          ...BATCH,
          EtcdRaft: {
            Consenters: [{ Host: '127.0.0.1', Port: port, ClientTLSCert: certificate, ServerTLSCert: certificate }],
            Options: RAFT,
          },
          Organizations: [ordererOrganisation(layout, port)],
          Policies: implicit({
            Readers: 'ANY Readers',
            Writers: 'ANY Writers',
            Admins: 'MAJORITY Admins',
            BlockValidation: 'ANY Writers',
          }),
          Capabilities: { V2_0: true },
        },
        Application: {
          Organizations: settings.organisations.map((name) => peerOrganisation(layout, settings, name)),
          Policies: implicit({
            Readers: 'ANY Readers',
            Writers: 'ANY Writers',
            Admins: 'MAJORITY Admins',
            LifecycleEndorsement: 'MAJORITY Endorsement',
            Endorsement: 'MAJORITY Endorsement',
          }),
          Capabilities: { V2_5: true },
        },
      },
    },
  };
}

function ordererOrganisation(layout: Layout, port: number): unknown {
  const id = ORDERER_ORGANISATION;
  return {
    Name: id,
    ID: id,
    MSPDir: join(layout.organisation(id), 'msp'),
    OrdererEndpoints: [`127.0.0.1:${port}`],
    Policies: signed({ Readers: `OR('${id}.member')`, Writers: `OR('${id}.member')`, Admins: `OR('${id}.admin')` }),
  };
}

function peerOrganisation(layout: Layout, settings: NetworkSettings, id: string): unknown {
  return {
    Name: id,
    ID: id,
    MSPDir: join(layout.organisation(id), 'msp'),
    // Known from block 0 on, peers of all organisations find each other without a channel update.
    AnchorPeers: [{ Host: '127.0.0.1', Port: peerPorts(settings, id).service }],
    Policies: signed({
      Readers: `OR('${id}.admin', '${id}.${PEER_HOST}', '${id}.client')`,
      Writers: `OR('${id}.admin', '${id}.client')`,
      Admins: `OR('${id}.admin')`,
      Endorsement: `OR('${id}.${PEER_HOST}')`,
    }),
  };
}

const implicit = (rules: Readonly<Record<string, string>>): Policies => policies('ImplicitMeta', rules);
const signed = (rules: Readonly<Record<string, string>>): Policies => policies('Signature', rules);

function policies(Type: string, rules: Readonly<Record<string, string>>): Policies {
  return Object.fromEntries(Object.entries(rules).map(([name, Rule]) => [name, { Type, Rule }]));
}
