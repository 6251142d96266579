import type { Clock, Random } from '../core/index.ts';
import { type FabricAccess, type Ledger, openFabricLedger } from '../ledger/index.ts';
import type { FabricLedgerConfig } from './config.ts';

/** Names where the configuration gives none. */
export const FABRIC_CHANNEL = 'dcmb';
export const EVIDENCE = 'evidence';
export const CERTIFICATION = 'certification';

export interface FabricIdentity {
  readonly organisation: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the ledger on the Fabric network that the configuration names. @throws RejectedError, UnavailableError in one sentence */
export function openFabric(config: FabricLedgerConfig, { organisation, random }: FabricIdentity): Promise<Ledger> {
  return openFabricLedger({ ...fabricAccess(config, organisation, random), ledgerId: config.id });
}

export function fabricAccess(config: Omit<FabricLedgerConfig, 'kind' | 'id'>, organisation: string, random: Random): FabricAccess {
  const { profile, msp, pkcs11, fabricChannel = FABRIC_CHANNEL, chaincode = EVIDENCE } = config;
  return { organisation, profile, msp, fabricChannel, chaincode, random, ...(pkcs11 === undefined ? {} : { pkcs11 }) };
}
