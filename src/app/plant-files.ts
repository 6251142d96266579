import type { UserConfig } from './config.ts';
import type { PlantSide } from './plant-ledger.ts';

export interface PlantPorts {
  readonly ingest: number;
  readonly cleared: number;
  readonly applications: number;
}

/** Where a side's server is reached. */
interface Place {
  /** Address that it listens on. */
  readonly host: string;
  readonly advertisedHost: string;
}

export interface OwnerFacts extends Place {
  readonly machine: string;
  /** The machine's, for its identification. */
  readonly manufacturer: string;
  readonly side: PlantSide;
  readonly ports: PlantPorts;
  readonly users: readonly UserConfig[];
  readonly channels: readonly OwnerChannelFacts[];
}

export interface OwnerChannelFacts {
  readonly name: string;
  /** Folder of the channel's files in the owner's folder; empty where they stand directly in it. */
  readonly folder: string;
  readonly side: PlantSide;
  /** Of the cleared server. */
  readonly port: number;
  /** Of the cleared server. */
  readonly users: readonly UserConfig[];
}

export interface ManufacturerFacts extends Place {
  readonly channel: string;
  readonly organisation: string;
  readonly side: PlantSide;
  readonly ports: Omit<PlantPorts, 'ingest'>;
  readonly users: readonly UserConfig[];
}

/** The owner's configuration, commented for the one who edits it. */
export function ownerConfigText(facts: OwnerFacts): string {
  return `// Configuration of the owner's module: dcmb serve dcmb.json
// Paths are relative to this file. An editor completes and checks it by the schema named first.
{
  "$schema": "../schemas/owner.schema.json",
  "role": "owner",
  "organisation": ${json(facts.side.organisation)},

  // Shown under Objects/Machines of every server: each manufacturer sees the name, the serial number and what else stands here.
  "machine": { "name": ${json(facts.machine)}, "manufacturer": ${json(facts.manufacturer)}, "serialNumber": "1" },

  ${ledgerLines(facts.side)}

  // Private keys; readable by the module's user only.
  "keys": ${keysText(facts.side)},

  // Certificates: pki/ingest and pki/cleared, each with own.pem, trusted/ and rejected/. See: dcmb trust list dcmb.json
  "pki": "pki",

  // PLCs write their tags here. To subscribe to a PLC's own server instead, add
  // "plc": { "endpointUrl": "opc.tcp://plc:4840", "nodes": { "<tag>": "nsu=<namespace uri>;s=<name>" } }
  "ingest": { "port": ${facts.ports.ingest}, "host": ${json(facts.host)}, "advertisedHost": ${json(facts.advertisedHost)} },

  // Who may log in at the ingest server. A Plc writes tags; an Operator sees states and counts, and may call Anchor.
  // A password hash is made by: dcmb password
  "users": ${block(facts.users, 2)},

  "channels": [
${facts.channels.map((channel) => channelText(channel, facts)).join(',\n')}
  ]
}
`;
}

/** One channel; what it has of its own stands in its own folder. */
function channelText({ name, folder, side, port, users }: OwnerChannelFacts, { host, advertisedHost }: Place): string {
  const at = (file: string): string => json(folder === '' ? file : `${folder}/${file}`);
  const own =
    folder === ''
      ? ''
      : `
      // Nothing of this channel is another one's: the key that opens it, whom its server trusts, the ledger.
      "keys": { "exchange": ${at('keys/exchange.pem')} },
      "pki": ${at('pki')},
      "ledger": ${line(side.ledger)},
`;
  return `    {
      "name": ${json(name)},
      "agreement": ${at('agreement.json')},
      // What becomes which condition. Thresholds and tags stay with the owner; the agreement holds a commitment only.
      "policy": ${at('policy.json')},
      "policyNonce": ${at('keys/policy.nonce')},
      "store": ${at('data/store.db')},
${own}
      // The server that the manufacturer sees. It runs in a process of its own, without any raw value in it.
      "cleared": {
        "port": ${port},
        "host": ${json(host)},
        "advertisedHost": ${json(advertisedHost)},
        "users": ${block(users, 8)}
      }
    }`;
}

/** The manufacturer's configuration, commented for the one who edits it. */
export function manufacturerConfigText(facts: ManufacturerFacts): string {
  return `// Configuration of the manufacturer's module: dcmb receive dcmb.json
// Paths are relative to this file. An editor completes and checks it by the schema named first.
{
  "$schema": "../schemas/manufacturer.schema.json",
  "role": "manufacturer",
  "organisation": ${json(facts.organisation)},

  ${ledgerLines(facts.side)}
  "keys": ${keysText(facts.side)},

  // Certificates: pki/receiver and pki/applications, each with own.pem, trusted/ and rejected/.
  "pki": "pki",

  "channels": [
    {
      "name": ${json(facts.channel)},
      "agreement": "agreement.json",
      "store": "data/store.db",

      // The owner's cleared server. The module logs in with its own certificate.
      "sender": { "endpointUrl": ${json(`opc.tcp://${facts.advertisedHost}:${facts.ports.cleared}`)} },

      // The verified conditions, for the manufacturer's own OPC UA applications.
      "applications": {
        "port": ${facts.ports.applications},
        "host": ${json(facts.host)},
        "advertisedHost": ${json(facts.advertisedHost)},
        "users": ${block(facts.users, 8)}
      },

      // What to do when a condition arrives, after it is verified and stored. For instance
      // { "name": "order-parts", "stream": "MaintenanceDue", "codes": [2, 3], "webhook": { "url": "http://127.0.0.1:8080/parts" } }
      "actions": []
    }
  ]
}
`;
}

function ledgerLines({ ledger }: PlantSide): string {
  const what =
    ledger.kind === 'embedded'
      ? '// The ledger that all parties share. A file of another network is refused by its id.'
      : "// The ledger on a Fabric network, with this organisation's way to it. Another network is refused by its id. See: dcmb doctor dcmb.json";
  return `${what}\n  "ledger": ${line(ledger)},`;
}

function keysText({ ledgerKey }: PlantSide): string {
  return line({
    evidence: 'keys/evidence.pem',
    ...(ledgerKey === undefined ? {} : { ledger: ledgerKey }),
    exchange: 'keys/exchange.pem',
    store: 'keys/store.key',
  });
}

/** An object in one line, spaced as a person would. */
function line(value: object): string {
  const members = Object.entries(value).map(([key, member]) => `${json(key)}: ${JSON.stringify(member)}`);
  return `{ ${members.join(', ')} }`;
}

function json(value: string): string {
  return JSON.stringify(value);
}

function block(value: unknown, indent: number): string {
  return JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${' '.repeat(indent)}`);
}
