import * as v from 'valibot';
import { integer, parseShape, RejectedError } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ReceiverStore, SenderStore, StoreErrorCode } from '../store/index.ts';
import { headerOnLedger } from '../transfer/index.ts';

const CumulativeShape = v.looseObject({ through: integer(0) });

/**
 * A manufacturer's store in which batches are lacking that the ledger says it gave receipts for, is an old copy.
 * @param channel id, base64url
 * @throws RejectedError `STORE_RETIRED` unless the operator has accepted that; UnavailableError while the ledger is away
 */
export async function requireNewestReceived(ledger: Ledger, channel: string, store: ReceiverStore): Promise<void> {
  const through = await receiptedOnLedger(ledger, channel, store);
  if (through <= Math.max(store.lastNumber(), store.acceptedThrough())) return;
  throw new RejectedError<StoreErrorCode>(
    'STORE_RETIRED',
    `The store ends with batch ${store.lastNumber()}, but the ledger has its receipt for batch ${through}: it is an old copy. Put the newest store in its place, or take the old one up with \`dcmb store restore <config> --accept-old\`: the batches between are then fetched and acted upon once more.`,
  );
}

/** Highest number of a batch that the ledger has this side's receipt for, as far as it goes on behind the store, or -1. */
export async function receiptedOnLedger(ledger: Ledger, channel: string, store: ReceiverStore): Promise<number> {
  const cumulative = await ledger.query('cumulativeReceipt', { channel });
  let through = cumulative === undefined ? -1 : parseShape(CumulativeShape, cumulative, 'cumulative receipt').through;
  for (let n = Math.max(through, store.lastNumber()) + 1; (await ledger.query('receipt', { channel, n })) !== undefined; n++) through = n;
  return through;
}

/** Highest number that the ledger has a batch for, as far as it goes on behind the store, or -1. */
export async function anchoredOnLedger(ledger: Ledger, channel: string, store: SenderStore): Promise<number> {
  let n = store.progress()?.nextBatch ?? 0;
  while ((await ledger.query('batch', { channel, n })) !== undefined) n++;
  return n - 1;
}

/**
 * The first number under which the ledger has another header than the store: of the batches that wait for their anchor, and of
 * the next one. Then the store is an old copy, or a second one beside that which is in use.
 * @throws UnavailableError while the ledger is away
 */
export async function foreignOnLedger(ledger: Ledger, channel: string, store: SenderStore): Promise<number | undefined> {
  const next = store.progress()?.nextBatch;
  if (next === undefined) return undefined;
  const isForeign = async (n: number): Promise<boolean | undefined> => {
    const header = await headerOnLedger(ledger, channel, n);
    return header === undefined ? undefined : header !== store.batch(n)?.headerHash;
  };
  if (await isForeign(next)) return next;
  for (const n of store.unanchored()) {
    const found = await isForeign(n);
    if (found === true) return n;
    // They are anchored in their order: what follows is not there either.
    if (found === undefined) return undefined;
  }
  return undefined;
}
