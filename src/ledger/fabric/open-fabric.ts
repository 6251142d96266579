import type { Genesis } from '../../contract/index.ts';
import type { Ledger } from '../port.ts';
import type { FabricLedgerOptions } from './fabric-ledger.ts';
import type { FabricAccess, FabricNetwork } from './fabric-network.ts';

/*
 * Fabric's client and gRPC are loaded at the first use: whoever has an embedded ledger never waits for them.
 */

/**
 * Opens a ledger on Fabric for one organisation, through that organisation's own peers.
 * @throws RejectedError `BAD_PROFILE`, `BAD_IDENTITY`, `NOT_A_LEDGER`, `OTHER_LEDGER`, `NOT_A_MEMBER`; UnavailableError `LEDGER_UNAVAILABLE`
 */
export async function openFabricLedger(options: FabricLedgerOptions): Promise<Ledger> {
  return (await import('./fabric-ledger.ts')).openFabricLedger(options);
}

/**
 * Makes an evidence chaincode a ledger by sending it its genesis, which has to name this very place.
 * @throws RejectedError `LEDGER_EXISTS`, `OTHER_LEDGER`, those of a refused endorsement; UnavailableError
 */
export async function createFabricLedger(options: FabricAccess & { readonly genesis: Genesis }): Promise<void> {
  return (await import('./fabric-ledger.ts')).createFabricLedger(options);
}

/**
 * Reads profile and identity, for questions to a network that need not have a ledger yet. Nothing is connected before it is
 * needed; close it after use. @throws RejectedError `BAD_PROFILE`, `BAD_IDENTITY`
 */
export async function loadFabricNetwork(access: FabricAccess): Promise<FabricNetwork> {
  return (await import('./fabric-network.ts')).FabricNetwork.load(access);
}
