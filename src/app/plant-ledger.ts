import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Genesis, ledgerIdOf } from '../contract/index.ts';
import { toBase64Url } from '../core/index.ts';
import { createEmbeddedLedger } from '../ledger/index.ts';
import { createSigningKey, loadSigningKey, systemRandom } from '../platform/index.ts';
import type { LedgerConfig } from './config.ts';
import type { LedgerAccess } from './ledger-access.ts';
import { type FabricPlantLedger, takeUpPlantLedger } from './plant-fabric.ts';

/** Names of the two sides' folders; on an embedded ledger also their organisations' ids. */
export const OWNER = 'owner';
export const MANUFACTURER = 'manufacturer';

export interface PlantSide {
  readonly organisation: string;
  /** Paths are relative to the side's folder. */
  readonly ledger: LedgerConfig;
  /** File of the key that signs an embedded ledger's transactions. */
  readonly ledgerKey?: string;
}

/** The ledger of a new plant, as its two sides reach it. */
export interface PlantLedger {
  readonly id: string;
  readonly owner: PlantSide;
  readonly manufacturer: PlantSide;
}

/** Where a new plant anchors: in a file of its own, or on a Fabric network that is there. */
export type PlantLedgerOptions = { readonly kind: 'embedded' } | FabricPlantLedger;

/** Folders of a channel's two sides. */
export interface PlantFolders {
  readonly owner: string;
  readonly manufacturer: string;
}

/** @param file of an embedded ledger */
export function makePlantLedger(sides: PlantFolders, file: string, options: PlantLedgerOptions): Promise<PlantLedger> {
  return options.kind === 'fabric' ? takeUpPlantLedger(sides, options) : makeEmbeddedLedger(sides, file);
}

/** What a side's configuration says of the ledger, with whole paths. @param folder of the side */
export function ledgerOfSide(folder: string, { organisation, ledger, ledgerKey }: PlantSide): LedgerAccess {
  const at = (path: string): string => resolve(folder, path);
  const own =
    ledger.kind === 'embedded' ? { ...ledger, file: at(ledger.file) } : { ...ledger, profile: at(ledger.profile), msp: at(ledger.msp) };
  return { organisation, ledger: own, keys: ledgerKey === undefined ? {} : { ledger: at(ledgerKey) } };
}

async function makeEmbeddedLedger({ owner, manufacturer }: PlantFolders, file: string): Promise<PlantLedger> {
  const keyFile = 'keys/ledger.pem';
  const genesis: Genesis = {
    v: 0,
    nonce: toBase64Url(systemRandom.bytes(32)),
    name: 'DCMB test network',
    testNetwork: true,
    certificationRequired: false,
    organisations: [
      { id: OWNER, name: 'Owner of the machine', ledgerKey: await ledgerKey(join(owner, keyFile)) },
      { id: MANUFACTURER, name: 'Manufacturer of the machine', ledgerKey: await ledgerKey(join(manufacturer, keyFile)) },
    ],
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  await createEmbeddedLedger({ file, genesis });
  const id = ledgerIdOf(genesis);
  const side = (organisation: string, folder: string): PlantSide => ({
    organisation,
    ledger: { kind: 'embedded', file: relative(folder, file), id },
    ledgerKey: keyFile,
  });
  return { id, owner: side(OWNER, owner), manufacturer: side(MANUFACTURER, manufacturer) };
}

/** The owner signs with one key on all its ledgers. */
async function ledgerKey(file: string): Promise<string> {
  const key = existsSync(file) ? await loadSigningKey(file) : await createSigningKey(file, systemRandom);
  return toBase64Url(key.publicKey);
}
