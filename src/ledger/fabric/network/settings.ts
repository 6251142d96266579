import { rejected } from './errors.ts';

/** What a development network is made of. Kept in its folder; never changes until the network is reset. */
export interface NetworkSettings {
  readonly v: 0;
  readonly channel: string;
  /** MSP ids, which are DCMB's organisation ids: owner, manufacturer, then certification organisations. */
  readonly organisations: readonly string[];
  /** The first of `portCount` ports in a row. */
  readonly firstPort: number;
}

export const DEFAULT_FIRST_PORT = 17_050;
export const CHANNEL = 'dcmb';

/** The organisation that runs the ordering service. It is no member of the ledger. */
export const ORDERER_ORGANISATION = 'orderer';

/** Not in the Fabric channel: its certificates are those between the peers and the chaincode services. */
export const SERVICES = 'services';

/** The two contracts, each a service of its own. */
export const CONTRACTS = ['certification', 'evidence'] as const;
export type Contract = (typeof CONTRACTS)[number];

export interface OrdererPorts {
  readonly service: number;
  readonly admin: number;
  readonly operations: number;
}
export interface PeerPorts {
  readonly service: number;
  readonly chaincode: number;
  readonly operations: number;
}

const PORTS_BEFORE_PEERS = 5;
const PORTS_A_PEER = 3;
const MOST_ORGANISATIONS = 16;
const LAST_PORT = 65_535;

/** Owner, manufacturer and so many certification organisations. */
export function organisationsWith(certifiers: number): string[] {
  return ['owner', 'manufacturer', ...Array.from({ length: certifiers }, (_, index) => `certifier${index + 1}`)];
}

export const DEFAULT_ORGANISATIONS: readonly string[] = organisationsWith(1);

/** How many ports in a row a network of so many organisations takes. */
export function portCount(organisations: number): number {
  return PORTS_BEFORE_PEERS + PORTS_A_PEER * organisations;
}

export function ordererPorts({ firstPort }: NetworkSettings): OrdererPorts {
  return { service: firstPort, admin: firstPort + 1, operations: firstPort + 2 };
}

export function contractPort({ firstPort }: NetworkSettings, contract: Contract): number {
  return firstPort + 3 + CONTRACTS.indexOf(contract);
}

export function peerPorts(settings: NetworkSettings, organisation: string): PeerPorts {
  const first = settings.firstPort + PORTS_BEFORE_PEERS + PORTS_A_PEER * settings.organisations.indexOf(organisation);
  return { service: first, chaincode: first + 1, operations: first + 2 };
}

/** @throws RejectedError `BAD_SETTINGS` */
export function checkSettings(settings: NetworkSettings): NetworkSettings {
  const { organisations, firstPort } = settings;
  if (organisations[0] !== 'owner' || organisations[1] !== 'manufacturer') {
    throw rejected('BAD_SETTINGS', 'The first two organisations of a network are "owner" and "manufacturer".');
  }
  if (organisations.length > MOST_ORGANISATIONS)
    throw rejected('BAD_SETTINGS', `A network has at most ${MOST_ORGANISATIONS} organisations.`);
  for (const name of organisations) {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name) || name === ORDERER_ORGANISATION || name === SERVICES) {
      throw rejected(
        'BAD_SETTINGS',
        `"${name}" can't be an organisation here: lower-case letters, digits, hyphens; not "orderer" or "services".`,
      );
    }
  }
  if (new Set(organisations).size !== organisations.length) throw rejected('BAD_SETTINGS', 'An organisation is named twice.');
  const last = firstPort + portCount(organisations.length) - 1;
  if (!Number.isInteger(firstPort) || firstPort < 1024 || last > LAST_PORT) {
    throw rejected('BAD_SETTINGS', `The network takes ports ${firstPort} to ${last}; they have to lie between 1024 and ${LAST_PORT}.`);
  }
  return settings;
}
