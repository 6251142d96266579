import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Genesis, ledgerIdOf } from '../contract/index.ts';
import { toBase64Url } from '../core/index.ts';
import { createEmbeddedLedger } from '../ledger/index.ts';
import { createSigningKey, systemRandom } from '../platform/index.ts';
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

/** @param folder of the plant, with the folders of both sides and of their keys */
export function makePlantLedger(folder: string, options: PlantLedgerOptions): Promise<PlantLedger> {
  const sides = { owner: join(folder, OWNER), manufacturer: join(folder, MANUFACTURER) };
  return options.kind === 'fabric' ? takeUpPlantLedger(sides, options) : makeEmbeddedLedger(folder, sides);
}

/** What a side's configuration says of the ledger, with whole paths. @param folder of the side */
export function ledgerOfSide(folder: string, { organisation, ledger, ledgerKey }: PlantSide): LedgerAccess {
  const at = (path: string): string => resolve(folder, path);
  const own =
    ledger.kind === 'embedded' ? { ...ledger, file: at(ledger.file) } : { ...ledger, profile: at(ledger.profile), msp: at(ledger.msp) };
  return { organisation, ledger: own, keys: ledgerKey === undefined ? {} : { ledger: at(ledgerKey) } };
}

async function makeEmbeddedLedger(
  folder: string,
  { owner, manufacturer }: { readonly owner: string; readonly manufacturer: string },
): Promise<PlantLedger> {
  const keyFile = 'keys/ledger.pem';
  const genesis: Genesis = {
    v: 0,
    nonce: toBase64Url(systemRandom.bytes(32)),
    name: 'DCMB test network',
    testNetwork: true,
    certificationRequired: false,
    organisations: [
      { id: OWNER, name: 'Owner of the machine', ledgerKey: await newKey(join(owner, keyFile)) },
      { id: MANUFACTURER, name: 'Manufacturer of the machine', ledgerKey: await newKey(join(manufacturer, keyFile)) },
    ],
  };
  const file = join(folder, 'ledger', 'ledger.db');
  mkdirSync(join(folder, 'ledger'), { recursive: true, mode: 0o700 });
  await createEmbeddedLedger({ file, genesis });
  const id = ledgerIdOf(genesis);
  const ledger = { kind: 'embedded' as const, file: relative(owner, file), id };
  return {
    id,
    owner: { organisation: OWNER, ledger, ledgerKey: keyFile },
    manufacturer: { organisation: MANUFACTURER, ledger, ledgerKey: keyFile },
  };
}

async function newKey(file: string): Promise<string> {
  return toBase64Url((await createSigningKey(file, systemRandom)).publicKey);
}
