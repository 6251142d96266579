import * as v from 'valibot';
import { FatalError, integer, parseShape } from '../core/index.ts';
import type { TransferErrorCode } from './errors.ts';
import { KeptShape, PublishedShape } from './kept-readings.ts';

const batchNumber = integer(0);

/** What happened to the open batch, in the order in which it happened. */
const EntryShape = v.union([
  /** A reading was accepted. */
  v.strictTuple([v.literal('reading'), KeptShape]),
  /** A reading was accepted that stands in memory alone: a crash loses it. */
  v.strictTuple([v.literal('unwritten')]),
  v.strictTuple([v.literal('gap'), v.picklist(['connection', 'missed', 'storage'])]),
  /** A call asked for the batch to be sealed at the next point of the call grid. */
  v.strictTuple([v.literal('call')]),
  /** Codes were cleared within the interval, to be shown. */
  v.strictTuple([v.literal('published'), PublishedShape]),
  /** The batch was cut off for a call at this point, ms since 1970. */
  v.strictTuple([v.literal('cut for a call'), integer(0)]),
  /** The batch was cut off at its interval's end; true where clearing was suspended. */
  v.strictTuple([v.literal('cut'), v.boolean()]),
  /** The batch was cut off as missed, up to and with this interval. */
  v.strictTuple([v.literal('missed'), batchNumber]),
  /** All of the batch at a stop in good order: what stands before it of the same batch is in it. */
  v.strictTuple([v.literal('kept'), v.string()]),
]);

export type ChannelEntry = v.InferOutput<typeof EntryShape>;

export function encodeEntry(entry: ChannelEntry): string {
  return JSON.stringify(entry);
}

/** @throws FatalError `JOURNAL_DAMAGED` */
export function decodeEntry(text: string): ChannelEntry {
  try {
    return parseShape(EntryShape, JSON.parse(text), 'journal entry');
  } catch (cause) {
    throw journalDamaged('holds an entry of another form', cause);
  }
}

export function journalDamaged(what: string, cause?: unknown): FatalError<TransferErrorCode> {
  return new FatalError('JOURNAL_DAMAGED', `The journal beside the store ${what}. Keep both files for an inquiry, and restore a backup.`, {
    cause,
  });
}
