import { type Bytes, canonicalJson, type ChannelParams, labelledHash } from '../core/index.ts';
import type { ManifestRecord, ReadingRecord, RecordOpening } from './documents.ts';
import { refused } from './errors.ts';
import { openRecordAt } from './record-opening.ts';
import { readingPlace } from './tag-subtree.ts';

/** A tag that the agreement releases raw. */
export interface RawRelease {
  /** Name in the mapping policy. */
  readonly name: string;
  /** Length that all its records are padded to, in bytes. */
  readonly maxRecordBytes: number;
}

/** A tag's readings of one batch, proven complete and in order. */
export interface RawTag {
  readonly manifest: ManifestRecord;
  readonly readings: readonly ReadingRecord[];
}

/** What the delivery signs of one tag's openings. */
export function rawOpeningHash(openings: readonly RecordOpening[]): Bytes {
  return labelledHash('DCMB/0/raw-opening', canonicalJson(openings));
}

/**
 * Verifies the openings of one tag released raw: the last part's manifest first, then every reading that it counts, each
 * at its own place, sequence numbers gap-free.
 * @throws RejectedError `WRONG_RAW_TAGS`, `RAW_GAP`, and what `verifyRecordOpening` throws
 */
export function verifyRawTag(
  params: ChannelParams,
  n: number,
  root: Bytes,
  release: RawRelease,
  openings: readonly RecordOpening[],
): RawTag {
  const [first, ...rest] = openings;
  if (first === undefined) throw refused('WRONG_RAW_TAGS', `The openings of tag "${release.name}" are missing.`);
  const opened = openRecordAt(params, n, root, first, release.maxRecordBytes);
  const manifest = opened.record;
  if (manifest.kind !== 'manifest' || opened.partsBeforeLast !== 0)
    throw refused('WRONG_RAW_TAGS', `The openings of tag "${release.name}" do not begin with its last manifest.`);
  if (manifest.tag !== release.name) throw refused('WRONG_RAW_TAGS', `The openings for tag "${release.name}" are those of another tag.`);
  if (rest.length !== manifest.count)
    throw refused('RAW_GAP', `Tag "${release.name}" has ${manifest.count} reading(s), ${rest.length} of them opened.`);
  const readings = rest.map((opening, ordinal) => {
    const place = readingPlace(opened.depth, ordinal);
    const record = openRecordAt(params, n, root, opening, release.maxRecordBytes);
    const sameTag = opening.subtree === first.subtree && record.depth === opened.depth;
    const atPlace = record.partsBeforeLast === manifest.part - place.part && opening.index === place.index;
    if (!sameTag || !atPlace || record.record.kind !== 'reading' || record.record.seq !== manifest.firstSeq + ordinal) {
      throw refused('RAW_GAP', `Reading ${ordinal} of tag "${release.name}" is not the next one.`);
    }
    return record.record;
  });
  return { manifest, readings };
}
