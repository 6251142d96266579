import { cpSync, chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ORDERER_HOST, PEER_HOST } from './crypto-material.ts';
import { writeWhole } from './files.ts';
import { type Layout } from './layout.ts';
import { FABRIC_FILES } from './places.ts';
import { type NetworkSettings, ORDERER_ORGANISATION, ordererPorts, peerPorts } from './settings.ts';

type Variables = Readonly<Record<string, string>>;

const LOOPBACK = '127.0.0.1';
const local = (port: number): string => `${LOOPBACK}:${port}`;

/** What Fabric takes from no variable: without these keys its programs refuse to start, or ignore variables below them. */
const CORE = {
  peer: {
    BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
    handlers: {
      endorsers: { escc: { name: 'DefaultEndorsement' } },
      validators: { vscc: { name: 'DefaultValidation' } },
    },
  },
  chaincode: { system: { _lifecycle: 'enable', cscc: 'enable', qscc: 'enable' } },
};
const ORDERER = {
  General: { TLS: {} },
  FileLedger: {},
  Operations: {},
  Admin: { TLS: {} },
  ChannelParticipation: {},
  Consensus: { WALDir: '', SnapDir: '' },
};

/** Writes core.yaml, orderer.yaml, the external builder and the bundle of all organisations' TLS roots. */
export function writeConfig(layout: Layout, settings: NetworkSettings): void {
  // JSON is YAML too.
  writeWhole(join(layout.config, 'core.yaml'), JSON.stringify(CORE, undefined, 2));
  writeWhole(join(layout.config, 'orderer.yaml'), JSON.stringify(ORDERER, undefined, 2));
  const roots = settings.organisations.map((name) => readFileSync(layout.tlsRoot(name), 'utf8'));
  writeWhole(tlsRoots(layout), roots.join(''));
  const scripts = join(layout.builder, 'bin');
  cpSync(join(FABRIC_FILES, 'builder', 'bin'), scripts, { recursive: true });
  for (const script of readdirSync(scripts)) chmodSync(join(scripts, script), 0o700);
}

/** One file with the TLS roots of all organisations' peers. */
export function tlsRoots(layout: Layout): string {
  return join(layout.config, 'tls-roots.pem');
}

export function ordererEnvironment(layout: Layout, settings: NetworkSettings): Variables {
  const ports = ordererPorts(settings);
  const host = layout.host(ORDERER_ORGANISATION, ORDERER_HOST);
  const data = layout.data('orderer');
  const tls = (prefix: string, roots: string): Variables => ({
    [`${prefix}_TLS_ENABLED`]: 'true',
    [`${prefix}_TLS_PRIVATEKEY`]: join(host, 'tls', 'server.key'),
    [`${prefix}_TLS_CERTIFICATE`]: join(host, 'tls', 'server.crt'),
    [`${prefix}_TLS_${roots}`]: `[${layout.tlsRoot(ORDERER_ORGANISATION)}]`,
  });
  return {
    FABRIC_CFG_PATH: layout.config,
    ORDERER_GENERAL_LISTENADDRESS: LOOPBACK,
    ORDERER_GENERAL_LISTENPORT: String(ports.service),
    ORDERER_GENERAL_BOOTSTRAPMETHOD: 'none',
    ORDERER_GENERAL_LOCALMSPID: ORDERER_ORGANISATION,
    ORDERER_GENERAL_LOCALMSPDIR: join(host, 'msp'),
    ...tls('ORDERER_GENERAL', 'ROOTCAS'),
    ORDERER_ADMIN_LISTENADDRESS: local(ports.admin),
    ...tls('ORDERER_ADMIN', 'CLIENTROOTCAS'),
    ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: 'true',
    // Absent, it is 0 and no block can be joined.
    ORDERER_CHANNELPARTICIPATION_MAXREQUESTBODYSIZE: '1 MB',
    // Absent, it listens on a random port of all interfaces.
    ORDERER_OPERATIONS_LISTENADDRESS: local(ports.operations),
    ORDERER_FILELEDGER_LOCATION: join(data, 'ledger'),
    ORDERER_CONSENSUS_WALDIR: join(data, 'wal'),
    ORDERER_CONSENSUS_SNAPDIR: join(data, 'snapshots'),
  };
}

/** Fabric's own intervals make a peer that lost a race at its start wait for half a minute. */
const QUICK_GOSSIP: Variables = {
  CORE_PEER_GOSSIP_RECONNECTINTERVAL: '1s',
  CORE_PEER_GOSSIP_DIALTIMEOUT: '1s',
  CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: '1s',
  CORE_PEER_GOSSIP_PUBLISHSTATEINFOINTERVAL: '500ms',
  CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL: '500ms',
};

export function peerEnvironment(layout: Layout, settings: NetworkSettings, organisation: string): Variables {
  const ports = peerPorts(settings, organisation);
  const host = layout.host(organisation, PEER_HOST);
  const data = layout.data(`peer-${organisation}`);
  return {
    FABRIC_CFG_PATH: layout.config,
    CORE_PEER_ID: `${PEER_HOST}.${organisation}`,
    CORE_PEER_ADDRESS: local(ports.service),
    CORE_PEER_LISTENADDRESS: local(ports.service),
    CORE_PEER_CHAINCODELISTENADDRESS: local(ports.chaincode),
    // Absent, it listens on a random port of all interfaces.
    CORE_OPERATIONS_LISTENADDRESS: local(ports.operations),
    CORE_PEER_LOCALMSPID: organisation,
    CORE_PEER_MSPCONFIGPATH: join(host, 'msp'),
    CORE_PEER_FILESYSTEMPATH: data,
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(data, 'snapshots'),
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_CERT_FILE: join(host, 'tls', 'server.crt'),
    CORE_PEER_TLS_KEY_FILE: join(host, 'tls', 'server.key'),
    CORE_PEER_TLS_ROOTCERT_FILE: tlsRoots(layout),
    CORE_PEER_GOSSIP_BOOTSTRAP: local(ports.service),
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: local(ports.service),
    CORE_PEER_GOSSIP_ORGLEADER: 'true',
    CORE_PEER_GOSSIP_USELEADERELECTION: 'false',
    CORE_PEER_DISCOVERY_ENABLED: 'true',
    CORE_PEER_GATEWAY_ENABLED: 'true',
    ...QUICK_GOSSIP,
    CORE_CHAINCODE_EXTERNALBUILDERS: JSON.stringify([{ name: 'service', path: layout.builder }]),
  };
}

/** For Fabric's `peer` command as an organisation's admin or client user, talking to the organisation's own peer. */
export function commandEnvironment(
  layout: Layout,
  settings: NetworkSettings,
  organisation: string,
  user: 'Admin' | 'User1' = 'Admin',
): Variables {
  return {
    FABRIC_CFG_PATH: layout.config,
    CORE_PEER_ADDRESS: local(peerPorts(settings, organisation).service),
    CORE_PEER_LOCALMSPID: organisation,
    CORE_PEER_MSPCONFIGPATH: layout.user(organisation, user),
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_ROOTCERT_FILE: tlsRoots(layout),
  };
}
