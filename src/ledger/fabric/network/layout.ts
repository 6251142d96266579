import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Contract, type NetworkSettings, ORDERER_ORGANISATION } from './settings.ts';

/** Where everything of a network lies in its folder. */
export class Layout {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The settings; what is in the folder is a network's because this file is. */
  get settings(): string {
    return join(this.folder, 'network.json');
  }

  get lock(): string {
    return join(this.folder, 'lock');
  }

  get crypto(): string {
    return join(this.folder, 'crypto');
  }

  /** Block 0 of the Fabric channel. */
  get genesisBlock(): string {
    return join(this.folder, 'genesis.block');
  }

  /** FABRIC_CFG_PATH: the smallest core.yaml, orderer.yaml and configtx.yaml. */
  get config(): string {
    return join(this.folder, 'config');
  }

  get builder(): string {
    return join(this.folder, 'builder');
  }

  get profiles(): string {
    return join(this.folder, 'profiles');
  }

  profile(organisation: string): string {
    return join(this.profiles, `${organisation}.json`);
  }

  package(contract: Contract): string {
    return join(this.folder, 'packages', `${contract}.tar.gz`);
  }

  /** What a part of the network keeps: ledger, snapshots, write-ahead log. */
  data(part: string): string {
    return join(this.folder, 'data', part);
  }

  log(part: string): string {
    return join(this.folder, 'logs', `${part}.log`);
  }

  /** Which process a part is, written by that process itself. */
  processFile(part: string): string {
    return join(this.folder, 'run', part);
  }

  /** All that a network makes in its folder, but for the lock; the settings last. */
  get contents(): string[] {
    const made = ['run', 'logs', 'data', 'packages', 'profiles', 'builder', 'config', 'genesis.block', 'crypto'];
    const begun = readdirSync(this.folder).filter((name) => /^lock(\.over)*\.(over|\d+)$/.test(name));
    const names = [...begun, ...made, ...made.map((name) => `${name}.new`), 'network.json.new', 'network.json'];
    return names.map((name) => join(this.folder, name));
  }

  /** Certificates and keys of one organisation, as Fabric's cryptogen lays them out. */
  organisation(organisation: string): string {
    return organisation === ORDERER_ORGANISATION
      ? join(this.crypto, 'ordererOrganizations', domainOf(organisation))
      : join(this.crypto, 'peerOrganizations', domainOf(organisation));
  }

  /** MSP and TLS folders of a server. */
  host(organisation: string, host: string): string {
    const kind = organisation === ORDERER_ORGANISATION ? 'orderers' : 'peers';
    return join(this.organisation(organisation), kind, hostName(organisation, host));
  }

  /** MSP of a client user. */
  user(organisation: string, user: 'User1' | 'Admin'): string {
    return join(this.organisation(organisation), 'users', `${user}@${domainOf(organisation)}`, 'msp');
  }

  tlsRoot(organisation: string): string {
    const domain = domainOf(organisation);
    return join(this.organisation(organisation), 'tlsca', `tlsca.${domain}-cert.pem`);
  }
}

/** Reserved for tests by RFC 6761, so it never names a machine. */
export function domainOf(organisation: string): string {
  return `${organisation}.dcmb.test`;
}

/** The name in a server's TLS certificate, beside localhost and 127.0.0.1. */
export function hostName(organisation: string, host: string): string {
  return `${host}.${domainOf(organisation)}`;
}

/** All parts in the order in which they start. */
export function partsOf({ organisations }: NetworkSettings): Part[] {
  return ['orderer', 'certification', 'evidence', ...organisations.map((name): Part => `peer-${name}`)];
}

/** One process of the network. */
export type Part = 'orderer' | Contract | `peer-${string}`;
