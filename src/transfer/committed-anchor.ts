import * as v from 'valibot';
import { parseCanonical, parseShape, unverifiedPayload } from '../core/index.ts';
import type { Commit, Ledger } from '../ledger/index.ts';
import type { StoredBatch } from '../store/index.ts';

const BatchEntryShape = v.looseObject({ header: v.string() });
const AnchorBodyShape = v.looseObject({ n: v.number(), header: v.string() });
const SeenBlockShape = v.looseObject({ lastBlock: v.looseObject({ number: v.number() }) });

/** Hash of the header that the ledger has under a number, or undefined where the number is free. */
export async function headerOnLedger(ledger: Ledger, channel: string, n: number): Promise<string | undefined> {
  const entry = await ledger.query('batch', { channel, n });
  return entry === undefined ? undefined : parseShape(BatchEntryShape, entry, 'batch entry').header;
}

/**
 * The transaction by which this very header stands on the ledger.
 * @returns undefined where the number is free, or another header has it
 * @throws UnavailableError while the ledger does not answer
 */
export async function committedAnchor(
  ledger: Ledger,
  channel: string,
  batch: StoredBatch,
  signal: AbortSignal,
): Promise<Commit | undefined> {
  if ((await headerOnLedger(ledger, channel, batch.n)) !== batch.headerHash) return undefined;
  const own = batch.transactionId === '' ? undefined : await ledger.statusOf(batch.transactionId);
  return own ?? (await findAnchor(ledger, channel, batch, signal));
}

/** Every block after the one that the header names may have it, and one of them has: the contract has the header. */
async function findAnchor(ledger: Ledger, channel: string, batch: StoredBatch, signal: AbortSignal): Promise<Commit | undefined> {
  const header = parseCanonical(unverifiedPayload(batch.header));
  const seen = parseShape(SeenBlockShape, header, 'header').lastBlock.number;
  for await (const { block, txId, event } of ledger.events(seen + 1, signal)) {
    if (event.kind !== 'anchor' || event.channel !== channel) continue;
    const body = parseShape(AnchorBodyShape, event.body, 'anchor event');
    if (body.n === batch.n && body.header === batch.headerHash) return { txId, block, event };
  }
  return undefined;
}
