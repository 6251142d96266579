import { type DevNetwork, type FabricLedgerOptions, type FabricPatience, type Ledger, openFabricLedger } from '../../src/ledger/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { type FreshEvidence, freshEvidence, type Cleaned } from './fabric-network.ts';
import type { Genesis } from '../../src/contract/index.ts';

/** A ledger of its own on a running Fabric network, with handles that are closed with the test. */
export interface FabricLedgers extends FreshEvidence {
  /** Another handle of an organisation's. */
  readonly open: (organisation: string, changes?: Partial<FabricLedgerOptions>) => Promise<Ledger>;
  readonly closeAll: () => Promise<void>;
  /** What a handle of the organisation's is opened with. */
  readonly access: (organisation: string) => FabricLedgerOptions;
}

/** @param patience shorter than the default where a test waits for its end */
export async function fabricLedgers(
  t: Cleaned,
  network: DevNetwork,
  changes: Partial<Genesis> = {},
  patience: Partial<FabricPatience> = {},
): Promise<FabricLedgers> {
  const evidence = await freshEvidence(network, changes);
  const handles: Ledger[] = [];
  const closeAll = async (): Promise<void> => {
    for (const handle of handles.splice(0)) await handle.close();
  };
  t.after(closeAll);
  const access = (organisation: string): FabricLedgerOptions => ({
    organisation,
    profile: network.profile(organisation),
    msp: network.msp(organisation),
    fabricChannel: network.channel,
    chaincode: evidence.chaincode,
    ledgerId: evidence.ledgerId,
    random: systemRandom,
    patience,
  });
  const open: FabricLedgers['open'] = async (organisation, others = {}) => {
    const ledger = await openFabricLedger({ ...access(organisation), ...others });
    handles.push(ledger);
    return ledger;
  };
  return { ...evidence, open, closeAll, access };
}
