import * as v from 'valibot';
import { encodeUaValue, fromBase64Url, parseShape } from '../../src/core/index.ts';
import {
  type ConditionOpening,
  openHeader,
  type ReadingRecord,
  type TagContent,
  verifyConditionOpening,
  verifyRebuilt,
} from '../../src/evidence/index.ts';
import type { StoredBatch } from '../../src/store/index.ts';
import { decodeKeptReadings } from '../../src/transfer/kept-readings.ts';
import type { Remains } from './open-stores.ts';

const PayloadShape = v.object({ firstSequences: v.array(v.number()), refused: v.array(v.number()), kept: v.string() });

/** A reading as its batch proves it. */
export interface ProvenReading {
  readonly n: number;
  readonly tag: string;
  readonly seq: number;
  readonly value: string | number | boolean | undefined;
}

/** What the tags of a channel are made with; the owner's configuration and mapping policy say so. */
export interface TagForm {
  readonly names: readonly string[];
  readonly depth: number;
}

/**
 * Every reading of a batch, after the whole batch was made again from seed and readings and its root compared with the
 * one that the owner signed.
 * @throws Error where the batch can't be opened, or its root is another one
 */
export function provenReadings({ terms, owner }: Remains, batch: StoredBatch, tags: TagForm): ProvenReading[] {
  const opening = owner.opening(batch.n);
  if (opening === undefined) throw new Error(`Batch ${batch.n} has no opening in the owner's store.`);
  const { firstSequences, refused, kept } = parseShape(PayloadShape, JSON.parse(opening.payload), 'payload');
  const { readings, n } = decodeKeptReadings(kept);
  const { value: header } = openHeader(batch.header, terms.ownerKey);
  const root = fromBase64Url(header.root);
  const { conditions } = batch.deliveryPackage as unknown as { readonly conditions: ConditionOpening };
  const next = [...firstSequences];
  const contents: TagContent[] = tags.names.map((name, index) => ({
    name,
    depth: tags.depth,
    firstSeq: firstSequences[index]!,
    refused: refused[index]!,
    readings: readings
      .filter(({ tag }) => tag === index)
      .map(({ reading }): ReadingRecord => ({
        kind: 'reading',
        n,
        seq: next[index]!++,
        value: reading.value === undefined ? '' : encodeUaValue(reading.value),
        status: reading.status,
        sourceMs: reading.sourceMs,
        acceptedMs: reading.acceptedMs,
      })),
  }));
  const statement = verifyConditionOpening(terms.params, n, root, conditions);
  verifyRebuilt({ params: terms.params, seed: opening.seed, n, statement, tags: contents }, root);
  const sequences = [...firstSequences];
  return readings.map(({ tag, reading }) => ({ n, tag: tags.names[tag]!, seq: sequences[tag]!++, value: reading.value?.value as number }));
}
