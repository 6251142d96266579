import { readFileSync } from 'node:fs';
import { PEER_HOST } from './crypto-material.ts';
import { writeWhole } from './files.ts';
import { hostName, type Layout } from './layout.ts';
import { type NetworkSettings, peerPorts } from './settings.ts';

/** Writes the common connection profile of an organisation: its own peer, with the TLS roots within. */
export function writeProfile(layout: Layout, settings: NetworkSettings, organisation: string): void {
  const peer = hostName(organisation, PEER_HOST);
  const profile = {
    name: `dcmb-${organisation}`,
    version: '1.0.0',
    client: { organization: organisation },
    organizations: { [organisation]: { mspid: organisation, peers: [peer] } },
    peers: {
      [peer]: {
        url: `grpcs://127.0.0.1:${peerPorts(settings, organisation).service}`,
        tlsCACerts: { pem: readFileSync(layout.tlsRoot(organisation), 'utf8') },
        grpcOptions: { 'ssl-target-name-override': peer, hostnameOverride: peer },
      },
    },
  };
  writeWhole(layout.profile(organisation), `${JSON.stringify(profile, undefined, 2)}\n`);
}
