import { FatalError } from '../core/index.ts';
import { ReceiverStore, SenderStore, structureFaults } from '../store/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { readChannel } from './channel-view.ts';
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
 * @param channel its name; may be absent where the configuration has one only
 * @throws RejectedError where there is no store to look at, or configuration and agreement don't fit it
 */
export async function checkStore(config: string, channel?: string): Promise<StoreCheck> {
  const own = readChannel(config, channel);
  const place = await placeOf(own);
  const faults: StoreFault[] = [];
  await faultsOf(-1, faults, () => faults.push(...structureFaults(place).map((what) => ({ n: -1, what }))));
  const [{ agreement }] = own.channels;
  const { terms } = loadAgreement(agreement);
  const open = [place.file, place.channel, place.key, { mustExist: true }] as const;
  if (own.role === 'manufacturer') {
    return withStore(
      faults,
      () => new ReceiverStore(...open),
      (store) => checkReceived(store, terms, faults),
    );
  }
  const [{ policy, policyNonce }] = own.channels;
  const loaded = await loadPolicy(policy);
  requireAgreedPolicy(loadAgreement(agreement).agreement, policy, loaded.text, policyNonce);
  const tags = { names: loaded.policy.tags.map(({ name }) => name), depth: tagDepthOf(own.channels[0]) };
  return withStore(
    faults,
    () => new SenderStore(...open),
    (store) => checkSent(store, terms, tags, faults),
  );
}

/** A store that is too damaged to be opened has been looked at, too. */
async function withStore<Store extends { close(): void }>(
  faults: readonly StoreFault[],
  open: () => Store,
  work: (store: Store) => Promise<StoreCheck>,
): Promise<StoreCheck> {
  let store: Store | undefined;
  try {
    store = open();
    return await work(store);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { batches: 0, reopened: 0, receipts: 0, epochRecords: 0, faults: [...faults, { n: -1, what: error.message }] };
  } finally {
    store?.close();
  }
}
