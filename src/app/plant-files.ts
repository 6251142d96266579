import type { Agreement } from '../agreement/index.ts';
import type { UserConfig } from './config.ts';
import type { PlantSide } from './plant-ledger.ts';

export interface PlantPorts {
  readonly ingest: number;
  readonly cleared: number;
  readonly applications: number;
}

export interface ConfigFacts {
  readonly host: string;
  readonly advertisedHost: string;
  readonly channel: string;
  readonly agreement: Agreement;
  readonly side: PlantSide;
  readonly ports: PlantPorts;
  readonly machine: string;
  /** File name of the mapping policy, in the owner's folder. */
  readonly policy: string;
  readonly users: {
    readonly ingest: readonly UserConfig[];
    readonly cleared: readonly UserConfig[];
    readonly applications: readonly UserConfig[];
  };
}

/** The owner's configuration, commented for the one who edits it. */
export function ownerConfigText(facts: ConfigFacts): string {
  return `// Configuration of the owner's module: dcmb serve dcmb.json
// Paths are relative to this file. An editor completes and checks it by the schema named first.
{
  "$schema": "../schemas/owner.schema.json",
  "role": "owner",
  "organisation": ${json(facts.agreement.owner.org)},

  // Shown under Objects/Machines of the ingest server.
  "machine": { "name": ${json(facts.machine)}, "manufacturer": ${json(facts.agreement.manufacturer.name)}, "serialNumber": "1" },

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
  "users": ${block(facts.users.ingest, 2)},

  "channels": [
    {
      "name": ${json(facts.channel)},
      "agreement": "agreement.json",
      // What becomes which condition. Thresholds and tags stay with the owner; the agreement holds a commitment only.
      "policy": ${json(facts.policy)},
      "policyNonce": "keys/policy.nonce",
      "store": "data/store.db",

      // The server that the manufacturer sees. It runs in a process of its own, without any raw value in it.
      "cleared": {
        "port": ${facts.ports.cleared},
        "host": ${json(facts.host)},
        "advertisedHost": ${json(facts.advertisedHost)},
        "users": ${block(facts.users.cleared, 8)}
      }
    }
  ]
}
`;
}

/** The manufacturer's configuration, commented for the one who edits it. */
export function manufacturerConfigText(facts: ConfigFacts): string {
  return `// Configuration of the manufacturer's module: dcmb receive dcmb.json
// Paths are relative to this file. An editor completes and checks it by the schema named first.
{
  "$schema": "../schemas/manufacturer.schema.json",
  "role": "manufacturer",
  "organisation": ${json(facts.agreement.manufacturer.org)},

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
        "users": ${block(facts.users.applications, 8)}
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
