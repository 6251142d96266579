import { join } from 'node:path';
import type { FabricLedgerConfig } from './config.ts';
import { EVIDENCE, FABRIC_CHANNEL } from './fabric-access.ts';
import { type FabricLedgerTerms, takeUpFabricLedger } from './fabric-genesis.ts';
import { copyMember, type FabricMember, organisationOf } from './fabric-member.ts';

/** A new plant's place on a Fabric network that is there. */
export interface FabricPlantLedger {
  readonly kind: 'fabric';
  /** Name of the Fabric channel; `dcmb` where absent. */
  readonly fabricChannel?: string;
  /** Name of the evidence chaincode; `evidence` where absent. */
  readonly chaincode?: string;
  /** For the genesis, where the chaincode has none yet. */
  readonly terms: FabricLedgerTerms;
  readonly owner: FabricMember;
  readonly manufacturer: FabricMember;
}

interface Side {
  readonly organisation: string;
  readonly ledger: FabricLedgerConfig;
}

const PATHS = { profile: 'fabric/connection.json', msp: 'fabric/msp' };

/**
 * Copies each organisation's profile and client identity into its own folder, and takes up the ledger that the network has,
 * or makes it where there is none.
 * @param sides folders of the two sides
 */
export async function takeUpPlantLedger(
  sides: { readonly owner: string; readonly manufacturer: string },
  options: FabricPlantLedger,
): Promise<{ readonly id: string; readonly owner: Side; readonly manufacturer: Side }> {
  await copyMember(options.owner, join(sides.owner, 'fabric'));
  await copyMember(options.manufacturer, join(sides.manufacturer, 'fabric'));
  const { fabricChannel: channel = FABRIC_CHANNEL, chaincode: evidence = EVIDENCE, terms } = options;
  const { id, genesis } = await takeUpFabricLedger({ ...options.owner, fabricChannel: channel, chaincode: evidence }, terms);
  const { channel: fabricChannel, evidence: chaincode } = genesis.fabric;
  const ledger: FabricLedgerConfig = { kind: 'fabric', ...PATHS, fabricChannel, chaincode, id };
  const side = ({ profile }: FabricMember): Side => ({ organisation: organisationOf(profile), ledger });
  return { id, owner: side(options.owner), manufacturer: side(options.manufacturer) };
}
