import * as v from 'valibot';
import { encodeUaValue, integer, parseShape } from '../core/index.ts';
import { BatchOpener, type BatchStatement, type ReadingRecord, type TagContent } from '../evidence/index.ts';
import type { SealedBatch } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import { decodeKeptReadings } from './kept-readings.ts';
import type { KeptReading } from './open-batch.ts';

const PayloadShape = v.strictObject({ firstSequences: v.array(integer(0)), refused: v.array(integer(0)), kept: v.string() });

/** What the trees of all tags are made with: their names in the mapping policy's order, and the agreed depth. */
export interface TagForm {
  readonly names: readonly string[];
  readonly depth: number;
}

/**
 * Makes a sealed batch again from what its opening holds.
 * @param opening seed and payload, as the store keeps them
 * @param statement what the batch says of its interval, from its condition opening
 * @throws RejectedError where they are not those of one batch
 */
export function reopenBatch(
  { params }: ChannelTerms,
  tags: TagForm,
  { seed, payload }: Pick<SealedBatch, 'seed' | 'payload'>,
  statement: BatchStatement,
): BatchOpener {
  const { firstSequences, refused, kept } = parseShape(PayloadShape, JSON.parse(payload), 'payload');
  const { n, readings } = decodeKeptReadings(kept);
  const contents = tags.names.map((name, index): TagContent => ({
    name,
    depth: tags.depth,
    firstSeq: firstSequences[index] ?? 0,
    refused: refused[index] ?? 0,
    readings: readings
      .filter(({ tag }) => tag === index)
      .map((reading, ordinal) => recordOf(n, (firstSequences[index] ?? 0) + ordinal, reading)),
  }));
  return new BatchOpener({ params, seed, n, statement, tags: contents });
}

function recordOf(n: number, seq: number, { reading: { value, status, sourceMs, acceptedMs } }: KeptReading): ReadingRecord {
  return { kind: 'reading', n, seq, value: value === undefined ? '' : encodeUaValue(value), status, sourceMs, acceptedMs };
}
