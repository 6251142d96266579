import { epochOf, fromBase64Url, toBase64Url } from '../core/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, EpochSecrets } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import type { ManufacturerConfig } from './config.ts';
import { eraseExchangeKey, firstEpochKey } from './module-keys.ts';

const OLDEST_EPOCH = 'oldest-epoch';
const OLDEST_EPOCH_KEY = 'oldest-epoch-key';

/** The epoch keys that the manufacturer's store holds, or undefined before the first start. */
export function receiverSecrets(terms: ChannelTerms, store: ReceiverStore): EpochSecrets | undefined {
  const kept = store.fact(OLDEST_EPOCH_KEY);
  return kept === undefined ? undefined : new EpochSecrets(terms, fromBase64Url(kept), Number(store.fact(OLDEST_EPOCH)));
}

/** The epoch keys from the store; at the very first start from the exchange keys, of which the own one is then erased. */
export async function startReceiverSecrets(
  config: ManufacturerConfig,
  loaded: LoadedAgreement,
  store: ReceiverStore,
): Promise<EpochSecrets> {
  const kept = receiverSecrets(loaded.terms, store);
  if (kept !== undefined) {
    // The start that derived it may have ended before this step.
    eraseExchangeKey(config.keys);
    return kept;
  }
  const secrets = new EpochSecrets(loaded.terms, await firstEpochKey(config.keys, loaded, 'manufacturer'), 0);
  keepWindow(loaded.terms, secrets, store, 0);
  eraseExchangeKey(config.keys);
  return secrets;
}

/**
 * Erases epoch keys that lie before the dispute window.
 * @param interval of the last delivery that is stored: later ones still need their keys to be verified
 */
export function keepWindow(terms: ChannelTerms, secrets: EpochSecrets, store: ReceiverStore, interval: number): void {
  secrets.eraseBefore(epochOf(terms.params, interval) - terms.disputeWindowEpochs);
  if (store.fact(OLDEST_EPOCH) === String(secrets.oldest.epoch)) return;
  store.setFact(OLDEST_EPOCH, String(secrets.oldest.epoch));
  store.setFact(OLDEST_EPOCH_KEY, toBase64Url(secrets.oldest.bytes));
}
