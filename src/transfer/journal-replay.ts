import type { JournalEntry } from './batch-journal.ts';
import type { CollectingChannel } from './collecting-channel.ts';
import type { CutBatch } from './cut-batch.ts';
import { type ChannelEntry, decodeEntry, journalDamaged } from './journal-entries.ts';
import { decodeReading } from './kept-readings.ts';
import type { Published } from './published-codes.ts';

export interface Replayed {
  /** Cut off before, but not sealed: to be sealed now, in this order. */
  readonly cuts: readonly CutBatch[];
  /** Numbers of batches that lost readings which stood in memory alone; their gap records say so. */
  readonly lost: readonly number[];
  /** What was cleared within the open interval and perhaps not shown any more. */
  readonly published: readonly Published[];
}

/**
 * Does again what the journal says of batches that are not sealed, on a channel made from the store's progress. Entries of
 * sealed batches are passed over: the seal had them, and a late write may have left them behind.
 * @throws FatalError `JOURNAL_DAMAGED`
 */
export function replayJournal(collecting: CollectingChannel, entries: readonly JournalEntry[]): Replayed {
  const cuts: CutBatch[] = [];
  const lost = new Set<number>();
  let published: Published[] = [];
  for (const { n, entry } of standing(collecting.open.n, entries)) {
    if (n !== collecting.open.n) throw journalDamaged(`goes on with batch ${n}, where batch ${collecting.open.n} is open`);
    if (entry[0] === 'unwritten') lost.add(n);
    if (entry[0] === 'published') published.push(entry[1]);
    const cut = redo(collecting, entry);
    if (cut === undefined) continue;
    cuts.push(cut);
    if (cut.row === 0) published = [];
  }
  return { cuts, lost: [...lost], published };
}

/** Entries that count: of batches from `next` on, and of each from the last time on that all of it was kept. */
function standing(next: number, entries: readonly JournalEntry[]): { n: number; entry: ChannelEntry }[] {
  const decoded = entries.filter(({ n }) => n >= next).map(({ n, text }) => ({ n, entry: decodeEntry(text) }));
  const kept = new Map(decoded.flatMap(({ n, entry }, index) => (entry[0] === 'kept' ? [[n, index] as const] : [])));
  return decoded.filter(({ n }, index) => index >= (kept.get(n) ?? 0));
}

function redo(collecting: CollectingChannel, entry: ChannelEntry): CutBatch | undefined {
  switch (entry[0]) {
    case 'reading':
      collecting.acceptKept(decodeReading(entry[1]));
      return undefined;
    case 'unwritten':
      collecting.noteGap('storage');
      return undefined;
    case 'gap':
      collecting.noteGap(entry[1]);
      return undefined;
    case 'call':
      collecting.requestCall();
      return undefined;
    case 'published':
      collecting.published(entry[1]);
      return undefined;
    case 'kept':
      if (!collecting.resume(entry[1])) throw journalDamaged('kept another batch than it names');
      return undefined;
    case 'cut for a call':
      return collecting.cutCall(entry[1]);
    case 'cut':
      return collecting.cutInterval(entry[1]);
    case 'missed':
      return collecting.cutMissed(entry[1]);
  }
}
