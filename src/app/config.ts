import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import manufacturerSchema from '../../schemas/manufacturer.schema.json' with { type: 'json' };
import ownerSchema from '../../schemas/owner.schema.json' with { type: 'json' };
import { compilePersonFile, personFileFault, readPersonFile, RejectedError } from '../core/index.ts';
import type { AlarmConfig } from './alarm-limits.ts';
import type { CacheConfig } from './channel-cache.ts';
import type { ClearedViewConfig, MachineConfig } from './cleared-view.ts';
import { checkRules, requireSeparateChannels } from './config-rules.ts';

export type ConfigErrorCode =
  | 'BAD_CONFIG'
  /** The agreement has not begun, or is over. */
  | 'AGREEMENT_NOT_IN_FORCE'
  /** The store is a restored backup: the ledger has batches that it does not know. */
  | 'STORE_BEHIND';

export type Role = 'Plc' | 'Operator' | 'Manufacturer' | 'Auditor';

/** Either by certificate (`thumbprint`) or by `name` and `passwordHash`. */
export interface UserConfig {
  readonly role: Role;
  readonly thumbprint?: string;
  readonly name?: string;
  readonly passwordHash?: string;
}

export interface EndpointConfig {
  readonly port: number;
  readonly host?: string;
  readonly advertisedHost?: string;
  /** Further URLs under which clients reach this server, as opc.tcp://host:port. */
  readonly advertisedEndpoints?: readonly string[];
  /** Sessions at a time; 100 where absent. */
  readonly maxSessions?: number;
}

export interface LoginConfig {
  readonly name: string;
  readonly passwordFile: string;
}

export interface EmbeddedLedgerConfig {
  readonly kind: 'embedded';
  readonly file: string;
  readonly id: string;
}

/** A private key in a hardware module. */
export interface Pkcs11Config {
  readonly library: string;
  readonly label: string;
  readonly pinFile: string;
  /** CKA_ID of the private key, in hexadecimal digits. */
  readonly keyId: string;
}

export interface FabricLedgerConfig {
  readonly kind: 'fabric';
  readonly id: string;
  /** Fabric's common connection profile, JSON. */
  readonly profile: string;
  /** Folder with `signcerts`, `keystore` and `cacerts`. */
  readonly msp: string;
  /** `dcmb` where absent. */
  readonly fabricChannel?: string;
  /** `evidence` where absent. */
  readonly chaincode?: string;
  readonly pkcs11?: Pkcs11Config;
}

/** The one line of a configuration that says which ledger is used. */
export type LedgerConfig = EmbeddedLedgerConfig | FabricLedgerConfig;

export interface KeyPaths {
  readonly evidence: string;
  /** Signs transactions of an embedded ledger; on Fabric the MSP's key does. */
  readonly ledger?: string;
  readonly exchange: string;
  /** Encrypts the stores. */
  readonly store: string;
}

/** A node of a PLC: its id, or the id and how it is sampled. At most one of the two deadbands. */
export type PlcNodeConfig =
  | string
  | {
      readonly nodeId: string;
      readonly samplingMs?: number;
      readonly queueSize?: number;
      readonly deadband?: number;
      readonly deadbandPercent?: number;
    };

export interface PlcConfig {
  readonly endpointUrl: string;
  readonly nodes: Readonly<Record<string, PlcNodeConfig>>;
  readonly samplingMs?: number;
  readonly publishingMs?: number;
  readonly user?: LoginConfig;
}

/** Where figures are served: this machine alone can reach them. */
export interface MonitoringConfig {
  readonly port: number;
  /** A loopback address; 127.0.0.1 where absent. */
  readonly host?: '127.0.0.1' | '::1';
}

export interface LogConfig {
  /** Least level that is written; info where absent. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** Standard error where absent. */
  readonly file?: string;
}

export interface IngestTagConfig {
  /** When a writer is told Good: `write` once the value is on the disk (the default), `interval` at once. */
  readonly durability?: 'write' | 'interval';
  /** Who, besides PLCs, may read a value on the ingest server until its interval ends; nobody where absent. */
  readonly readableBy?: readonly ('Operator' | 'Auditor')[];
  /** Whether PLCs may read back what was written, until the interval ends; false where absent. */
  readonly readAfterWrite?: boolean;
}

export interface OwnerChannelConfig {
  readonly name: string;
  readonly agreement: string;
  readonly policy: string;
  readonly policyNonce: string;
  readonly store: string;
  /** Where the channel has keys of its own. */
  readonly keys?: Partial<KeyPaths>;
  /** Folder of the channel's `cleared/`, where it is not the common one. */
  readonly pki?: string;
  /** Where its evidence goes to another ledger. */
  readonly ledger?: LedgerConfig;
  readonly tagDepth?: number;
  readonly alarms?: AlarmConfig;
  readonly firstStartWaitMs?: number;
  readonly cache?: CacheConfig;
  readonly cleared: EndpointConfig & ClearedViewConfig & { readonly users: readonly UserConfig[] };
}

/** At least one; a configuration file has 16 at most. */
export type OwnerChannels = readonly [OwnerChannelConfig, ...OwnerChannelConfig[]];

/** Configuration of `dcmb serve`. All paths are absolute. */
export interface OwnerConfig {
  readonly role: 'owner';
  readonly organisation: string;
  readonly machine: MachineConfig;
  readonly ledger: LedgerConfig;
  readonly keys: KeyPaths;
  readonly pki: string;
  /** Whether certificates of a company's authorities need revocation lists; `required` where absent. */
  readonly crl?: 'required' | 'none';
  readonly ingest: EndpointConfig & {
    readonly plc?: PlcConfig | readonly PlcConfig[];
    readonly tags?: Readonly<Record<string, IngestTagConfig>>;
  };
  readonly users: readonly UserConfig[];
  readonly monitoring?: MonitoringConfig;
  readonly log?: LogConfig;
  readonly channels: OwnerChannels;
}

export interface ActionConfig {
  readonly name: string;
  readonly stream: string;
  readonly codes: readonly number[];
  readonly on?: 'change' | 'every';
  readonly timeoutMs?: number;
  /** Tries before it is a dead letter. */
  readonly mostTries?: number;
  readonly webhook?: { readonly url: string };
  readonly program?: { readonly command: readonly string[] };
  readonly write?: {
    readonly endpointUrl: string;
    readonly nodeId: string;
    readonly type?: 'Int32' | 'UInt32' | 'Int16' | 'UInt16' | 'Double';
    readonly user?: LoginConfig;
  };
}

export interface ManufacturerChannelConfig {
  readonly name: string;
  readonly agreement: string;
  readonly store: string;
  readonly sender: { readonly endpointUrl: string; readonly user?: LoginConfig };
  readonly applications?: EndpointConfig & ClearedViewConfig & { readonly users: readonly UserConfig[] };
  readonly actions?: readonly ActionConfig[];
}

/** Configuration of `dcmb receive`. All paths are absolute. */
export interface ManufacturerConfig {
  readonly role: 'manufacturer';
  readonly organisation: string;
  /** The machine as the server for applications shows it; named after the channel where absent. */
  readonly machine?: MachineConfig;
  readonly ledger: LedgerConfig;
  readonly keys: KeyPaths;
  readonly pki: string;
  /** Whether certificates of a company's authorities need revocation lists; `required` where absent. */
  readonly crl?: 'required' | 'none';
  readonly monitoring?: MonitoringConfig;
  readonly log?: LogConfig;
  readonly channels: readonly [ManufacturerChannelConfig];
}

const checkRole = compilePersonFile({
  type: 'object',
  required: ['role'],
  properties: { role: { enum: ['owner', 'manufacturer'], description: '"owner" for dcmb serve, "manufacturer" for dcmb receive' } },
});
const checkOwner = compilePersonFile(ownerSchema);
const checkManufacturer = compilePersonFile(manufacturerSchema);

/** Names of the configuration's keys whose values are paths, relative to the configuration file. */
const PATH_KEYS = new Set([
  ...['evidence', 'ledger', 'exchange', 'store', 'pki', 'agreement', 'policy', 'policyNonce', 'passwordFile'],
  ...['file', 'profile', 'msp', 'library', 'pinFile'],
]);

/** @throws RejectedError `BAD_FILE` or `BAD_CONFIG` in one sentence with file, line, place and remedy */
export function readOwnerConfig(path: string): OwnerConfig {
  return read(path, 'owner') as OwnerConfig;
}

/** @throws RejectedError `BAD_FILE` or `BAD_CONFIG` in one sentence with file, line, place and remedy */
export function readManufacturerConfig(path: string): ManufacturerConfig {
  return read(path, 'manufacturer') as ManufacturerConfig;
}

/** Reads either kind, by its `role`. */
export function readConfig(path: string): OwnerConfig | ManufacturerConfig {
  return read(path) as OwnerConfig | ManufacturerConfig;
}

/** A person's file as text. @throws RejectedError `BAD_CONFIG` naming the file and what to do */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown fault';
    throw new RejectedError<ConfigErrorCode>('BAD_CONFIG', `${path} can't be read (${code}). Check the path and its rights.`, { cause });
  }
}

const COMMAND = { owner: 'dcmb serve', manufacturer: 'dcmb receive' } as const;

function read(path: string, wanted?: keyof typeof COMMAND): unknown {
  const text = readText(path);
  const { role } = readPersonFile(path, text, checkRole).value as { role: keyof typeof COMMAND };
  const file = readPersonFile(path, text, role === 'owner' ? checkOwner : checkManufacturer);
  if (wanted !== undefined && role !== wanted)
    throw personFileFault(
      file,
      ['role'],
      `this is the ${role}'s configuration, the ${wanted}'s is needed`,
      `${COMMAND[role]} takes this one.`,
    );
  checkRules(file);
  const value = absolutePaths(file.value, dirname(resolve(path)));
  if (role === 'owner') requireSeparateChannels(file, value as OwnerConfig);
  return value;
}

function absolutePaths(value: unknown, folder: string, key = ''): unknown {
  if (typeof value === 'string') return PATH_KEYS.has(key) ? resolve(folder, value) : value;
  if (Array.isArray(value)) return value.map((item) => absolutePaths(item, folder, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, absolutePaths(item, folder, name)]));
}
