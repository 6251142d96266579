import { equalBytes, fromBase64Url, RejectedError, toBase64Url } from '../core/index.ts';
import { FIRST_DIGEST, rollDigest } from '../evidence/index.ts';
import type { ReceivedBatch, ReceiverStore } from '../store/index.ts';
import type { ChannelTerms } from '../transfer/index.ts';
import { headerOf, requireReceipt, requireSame, verifyStored } from './store-check-batch.ts';
import { eachBatch, faultsOf, type StoreCheck, type StoreFault } from './store-faults.ts';

/** Every delivery, receipt and exception of a manufacturer's store. */
export async function checkReceived(store: ReceiverStore, terms: ChannelTerms, faults: StoreFault[]): Promise<StoreCheck> {
  let last = -1;
  await faultsOf(-1, faults, () => (last = store.lastNumber()));
  const looked = await eachBatch(last, (n) => lookAt(store, terms, n, faults));
  const batches = looked.filter((batch) => batch !== undefined);
  checkDigests(batches, faults);
  return { batches: batches.length, reopened: 0, receipts: batches.length, epochRecords: 0, faults };
}

async function lookAt(store: ReceiverStore, terms: ChannelTerms, n: number, faults: StoreFault[]): Promise<ReceivedBatch | undefined> {
  let found: ReceivedBatch | undefined;
  await faultsOf(n, faults, async () => {
    found = store.batch(n);
    if (found === undefined) return requireException(store, n);
    const before = headerBefore(store, terms, n);
    const { header } = await verifyStored(terms, found, before.header);
    if (before.hash !== undefined) requireSame(header.prev, before.hash, 'The hash of the header before');
    requireReceipt(terms, found, found.receipt);
  });
  return found;
}

function requireException(store: ReceiverStore, n: number): void {
  if (store.exception(n) === undefined) throw lacking(`Batch ${n} is neither stored nor an exception.`);
}

/** What is known of the header before; after an exception that may be its hash alone, or nothing. */
function headerBefore(store: ReceiverStore, terms: ChannelTerms, n: number): { hash?: string; header: ReturnType<typeof headerOf> } {
  try {
    const stored = store.batch(n - 1);
    const header = stored === undefined ? store.exception(n - 1)?.header : (stored.deliveryPackage as { header?: unknown }).header;
    const hash = stored?.headerHash ?? store.exception(n - 1)?.headerHash ?? '';
    return { header: headerOf(terms, header), ...(hash === '' ? {} : { hash }) };
  } catch {
    return { header: undefined };
  }
}

/** Each delivery's rolling digest from the one before; after a wrong one it goes on from what is stored. */
function checkDigests(batches: readonly ReceivedBatch[], faults: StoreFault[]): void {
  let digest = FIRST_DIGEST;
  for (const { n, deliveryHash, digest: stored } of batches) {
    const computed = rollDigest(digest, fromBase64Url(deliveryHash));
    const isSame = stored === toBase64Url(computed) && equalBytes(computed, fromBase64Url(stored));
    if (!isSame) faults.push({ n, what: 'The rolling digest is not that of the deliveries up to this one.' });
    digest = computed;
  }
}

function lacking(message: string): RejectedError {
  return new RejectedError('STORE_DAMAGED', message);
}
