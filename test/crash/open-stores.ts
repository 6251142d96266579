import { readManufacturerConfig, readOwnerConfig } from 'dcmb';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import { openOwnLedger } from '../../src/app/ledger-access.ts';
import { toBase64Url } from '../../src/core/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import type { ChannelTerms } from '../../src/transfer/index.ts';

/** Everything that is left of a plant once its modules are stopped. */
export interface Remains {
  readonly terms: ChannelTerms;
  readonly owner: SenderStore;
  readonly receiver: ReceiverStore;
  readonly ledger: Ledger;
  close(): Promise<void>;
}

export async function openRemains(ownerFile: string, manufacturerFile: string): Promise<Remains> {
  const own = readOwnerConfig(ownerFile);
  const other = readManufacturerConfig(manufacturerFile);
  const { terms } = loadAgreement(own.channels[0].agreement);
  const channel = toBase64Url(terms.channelId);
  const owner = new SenderStore(own.channels[0].store, channel, await loadStoreKey(own.keys.store));
  const receiver = new ReceiverStore(other.channels[0].store, channel, await loadStoreKey(other.keys.store));
  const ledger = await openOwnLedger(own);
  return {
    terms,
    owner,
    receiver,
    ledger,
    close: async () => {
      owner.close();
      receiver.close();
      await ledger.close();
    },
  };
}
