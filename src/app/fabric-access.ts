import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Random, RejectedError, UnavailableError } from '../core/index.ts';
import { type FabricAccess, type Ledger, openFabricLedger } from '../ledger/index.ts';
import { requirePrivate } from '../platform/index.ts';
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
export async function openFabric(config: FabricLedgerConfig, { organisation, random }: FabricIdentity): Promise<Ledger> {
  requirePrivateKeys(config);
  try {
    return await openFabricLedger({ ...fabricAccess(config, organisation, random), ledgerId: config.id });
  } catch (error) {
    throw withRemedy(error);
  }
}

/** What is to be done depends on what else is wrong, which the doctor looks at. */
function withRemedy(error: unknown): unknown {
  if (!(error instanceof RejectedError) && !(error instanceof UnavailableError)) return error;
  const { code, message, details } = error as RejectedError<string> | UnavailableError<string>;
  const kind = error instanceof RejectedError ? RejectedError : UnavailableError;
  return new kind(code, `${message} To see what to do, run dcmb doctor on the configuration.`, { cause: error, details });
}

/** Private keys that other users of the machine may read have to count as known to them. @throws RejectedError `BAD_KEY_FILE` */
export function requirePrivateKeys({ msp, pkcs11 }: FabricLedgerConfig): void {
  const folder = join(msp, 'keystore');
  const keys = pkcs11 === undefined && existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const file of pkcs11 === undefined ? keys : [pkcs11.pinFile]) {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts?.isFile() === true) requirePrivate(file, facts.mode);
  }
}

export function fabricAccess(config: Omit<FabricLedgerConfig, 'kind' | 'id'>, organisation: string, random: Random): FabricAccess {
  const { profile, msp, pkcs11, fabricChannel = FABRIC_CHANNEL, chaincode = EVIDENCE } = config;
  return { organisation, profile, msp, fabricChannel, chaincode, random, ...(pkcs11 === undefined ? {} : { pkcs11 }) };
}
