import { toBase64Url } from '../core/index.ts';
import { loadStoreKey } from '../platform/index.ts';
import { ReceiverStore, SenderStore, structureFaults } from '../store/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { readConfig } from './config.ts';
import { requireAgreedPolicy } from './module-keys.ts';
import { loadPolicy } from './policy-source.ts';
import { checkReceived } from './store-check-received.ts';
import { checkSent } from './store-check-sent.ts';
import { faultsOf, type StoreCheck, type StoreFault } from './store-faults.ts';
import { placeOf } from './store-tools.ts';
import { tagDepthOf } from './tag-depth.ts';

/**
 * Recomputes everything in a store that can be: SQLite's own structure, decryption of every value, header and delivery
 * hashes and their signatures, the header chain, each batch's root (from seed and readings where they are kept), H, digests
 * of tokens and openings, receipts, and the rolling digest. Works beside a running module.
 * @param config path of either side's configuration
 * @throws RejectedError where there is no store to look at, or configuration and agreement don't fit it
 */
export async function checkStore(config: string): Promise<StoreCheck> {
  const own = readConfig(config);
  const place = await placeOf(own);
  const faults: StoreFault[] = [];
  await faultsOf(-1, faults, () => faults.push(...structureFaults(place).map((what) => ({ n: -1, what }))));
  const [{ agreement }] = own.channels;
  const { terms } = loadAgreement(agreement);
  const key = await loadStoreKey(own.keys.store);
  if (own.role === 'manufacturer') {
    const store = new ReceiverStore(place.file, toBase64Url(terms.channelId), key, { mustExist: true });
    return withStore(store, () => checkReceived(store, terms, faults));
  }
  const [{ policy, policyNonce }] = own.channels;
  const loaded = await loadPolicy(policy);
  requireAgreedPolicy(loadAgreement(agreement).agreement, policy, loaded.text, policyNonce);
  const tags = { names: loaded.policy.tags.map(({ name }) => name), depth: tagDepthOf(own.channels[0]) };
  const store = new SenderStore(place.file, toBase64Url(terms.channelId), key, { mustExist: true });
  return withStore(store, () => checkSent(store, terms, tags, faults));
}

async function withStore<Result>(store: { close(): void }, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    store.close();
  }
}
