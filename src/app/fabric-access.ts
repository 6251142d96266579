import { type Clock, type Random, UnavailableError } from '../core/index.ts';
import type { Ledger, LedgerErrorCode } from '../ledger/index.ts';
import type { FabricLedgerConfig } from './config.ts';

export interface FabricIdentity {
  readonly organisation: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the ledger on the Fabric network that the configuration names. */
export function openFabric(config: FabricLedgerConfig, _identity: FabricIdentity): Promise<Ledger> {
  return Promise.reject(new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', `${config.profile} can't be used yet.`));
}
