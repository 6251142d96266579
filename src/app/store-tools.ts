import { join } from 'node:path';
import { RejectedError, toBase64Url } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { loadStoreKey, systemClock } from '../platform/index.ts';
import {
  backUpStore,
  compactStore,
  ReceiverStore,
  restoreStore,
  SenderStore,
  type StoreErrorCode,
  type StorePlace,
  type StoreSizes,
  storeSizes,
} from '../store/index.ts';
import { loadAgreement } from './agreement-file.ts';
import { readChannel } from './channel-view.ts';
import type { ManufacturerConfig, OwnerConfig } from './config.ts';
import { openOwnLedger } from './ledger-access.ts';
import { anchoredOnLedger, receiptedOnLedger } from './store-age.ts';

/** What became of a restored store. */
export interface Restored {
  /** Last batch that it holds, or -1. */
  readonly last: number;
  /** Last batch that the ledger has of the channel's owner, or the receipt of the manufacturer for; -1 where none. */
  readonly onLedger: number;
  /** Where the store is now that stood there before; empty where there was none. */
  readonly aside: string;
}

/** @param config path of either side's configuration */
export async function sizesOfStore(config: string, channel?: string): Promise<StoreSizes> {
  return storeSizes(await placeOf(readChannel(config, channel)));
}

/** The module must be stopped. Bytes before and after. @param config path of either side's configuration */
export async function compactStoreOf(config: string, channel?: string): Promise<{ readonly before: number; readonly after: number }> {
  return compactStore(await placeOf(readChannel(config, channel)));
}

/**
 * Works beside a running module.
 * @param config path of either side's configuration
 * @param target new file, or undefined for one beside the store that is named after the time
 * @returns the file
 */
export async function backUpStoreOf(config: string, target?: string, channel?: string): Promise<string> {
  const place = await placeOf(readChannel(config, channel));
  const stamp = new Date(systemClock.now()).toISOString().replaceAll(/[-:.]/g, '');
  const file = target ?? join(`${place.file}.backup-${stamp}`);
  await backUpStore(place, file);
  return file;
}

/**
 * Puts a backup in the store's place, and decides on it. An owner's copy is for its proofs alone; a manufacturer's goes on,
 * and does again what it did since. The module must be stopped.
 * @param config path of either side's configuration
 * @param backup undefined: the decision is about the store that stands there
 * @param acceptOld the operator takes up a store that is older than the ledger
 * @throws RejectedError `STORE_RETIRED` where it is older and that was not said; nothing is changed then
 */
export async function restoreStoreOf(config: string, backup: string | undefined, acceptOld: boolean, channel?: string): Promise<Restored> {
  const own = readChannel(config, channel);
  const place = await placeOf(own);
  const candidate = { ...place, file: backup ?? place.file };
  const age = await ageOf(own, candidate);
  const isOld = place.side === 'sender' || age.onLedger > age.last;
  if (isOld && !acceptOld) throw undecided(candidate, age);
  const aside = backup === undefined ? undefined : restoreStore(place, backup, systemClock.now());
  takeUp(place, age.onLedger);
  return { ...age, aside: aside ?? '' };
}

/** @internal */
export async function placeOf(own: OwnerConfig | ManufacturerConfig): Promise<StorePlace> {
  const [{ store, agreement }] = own.channels;
  const { terms } = loadAgreement(agreement);
  const side = own.role === 'owner' ? 'sender' : 'receiver';
  return { side, file: store, channel: toBase64Url(terms.channelId), key: await loadStoreKey(own.keys.store) };
}

async function ageOf(own: OwnerConfig | ManufacturerConfig, place: StorePlace): Promise<Omit<Restored, 'aside'>> {
  const ledger = await openOwnLedger(own);
  try {
    return place.side === 'sender' ? await ageOfSender(ledger, place) : await ageOfReceiver(ledger, place);
  } finally {
    await ledger.close();
  }
}

async function ageOfSender(ledger: Ledger, { file, channel, key }: StorePlace): Promise<Omit<Restored, 'aside'>> {
  const store = new SenderStore(file, channel, key, { mustExist: true });
  try {
    const last = (store.progress()?.nextBatch ?? 0) - 1;
    return { last, onLedger: await anchoredOnLedger(ledger, channel, store) };
  } finally {
    store.close();
  }
}

async function ageOfReceiver(ledger: Ledger, { file, channel, key }: StorePlace): Promise<Omit<Restored, 'aside'>> {
  const store = new ReceiverStore(file, channel, key, { mustExist: true });
  try {
    return { last: store.lastNumber(), onLedger: await receiptedOnLedger(ledger, channel, store) };
  } finally {
    store.close();
  }
}

function takeUp({ side, file, channel, key }: StorePlace, through: number): void {
  const store = side === 'sender' ? new SenderStore(file, channel, key) : new ReceiverStore(file, channel, key);
  try {
    if (store instanceof SenderStore) store.retire();
    else store.acceptOld(through);
  } finally {
    store.close();
  }
}

function undecided({ side, file }: StorePlace, { last, onLedger }: Omit<Restored, 'aside'>): RejectedError<StoreErrorCode> {
  const ages = `${file} ends with batch ${last}, the ledger with batch ${onLedger}.`;
  const meaning =
    side === 'sender'
      ? 'The module signs nothing more from a restored store, for that would be a fork; the store proves what it holds, and to go on takes a new agreement.'
      : 'From an old store the module fetches, countersigns and acts upon the batches between once more, with the same idempotency keys.';
  return new RejectedError('STORE_RETIRED', `${ages} ${meaning} If that is wanted, say --accept-old.`);
}
