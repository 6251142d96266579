import { type Bytes, type ChannelParams, fromBase64Url, parseShape, toBase64Url } from '../core/index.ts';
import { CONDITION_SUBTREE } from './blinding.ts';
import { requirePlace } from './condition-tree.ts';
import { type ContinuationStep, type EvidenceRecord, type RecordOpening, RecordOpeningShape } from './documents.ts';
import { refused } from './errors.ts';
import { foldPath, leafHash, requireRoot } from './merkle.ts';
import { decodeRecord } from './record-kinds.ts';
import { CONTINUATION_INDEX } from './tag-subtree.ts';

/** Deepest tag subtree, so that all places are exact numbers. */
const DEEPEST_TAG = 32;

/** A record that is proven to stand at this place of the batch. */
export interface OpenedRecord {
  readonly record: EvidenceRecord;
  /** Depth of the subtree, as the path shows it. */
  readonly depth: number;
  /** Full parts between this record's and the last one, this record's part included: 0 for the last part. */
  readonly partsBeforeLast: number;
}

/**
 * Verifies one record against the batch's root and gives it. It tells nothing of any other record.
 * @param paddedLength agreed length for a tag released raw
 * @throws RejectedError `BAD_SHAPE`, `BAD_OPENING`, `BAD_RECORD`, `WRONG_PLACE`, `WRONG_BATCH`, `WRONG_ROOT`
 */
export function verifyRecordOpening(
  params: ChannelParams,
  n: number,
  root: Bytes,
  opening: RecordOpening,
  paddedLength?: number,
): EvidenceRecord {
  return openRecordAt(params, n, root, opening, paddedLength).record;
}

/** The same, with what the path tells of the subtree. */
export function openRecordAt(params: ChannelParams, n: number, root: Bytes, opening: RecordOpening, paddedLength?: number): OpenedRecord {
  const parsed = parseShape(RecordOpeningShape, opening, 'record opening');
  const depth = subtreeDepth(params, parsed);
  requireForm(params, parsed, depth);
  const record = decodeRecord(fromBase64Url(parsed.record), paddedLength);
  if (parsed.subtree === CONDITION_SUBTREE) requirePlace(params, n, record, parsed.index);
  else requireTagPlace(n, record, parsed.index);
  let reached = climb(params, parsed, parsed.index, depth, parsed.via.length === 0);
  let part = claimedPart(record);
  parsed.via.forEach((step, i) => {
    part = requireStep(n, step, part, reached, paddedLength) + 1;
    reached = climb(params, { ...step, subtree: parsed.subtree }, CONTINUATION_INDEX, depth, i === parsed.via.length - 1);
  });
  requireRoot(reached, root);
  return { record, depth, partsBeforeLast: parsed.via.length };
}

function climb(
  params: ChannelParams,
  leaf: { subtree: number; blinder: string; record: string; path: readonly string[] },
  index: number,
  depth: number,
  last: boolean,
): Bytes {
  const expected = depth + (last ? params.topDepth : 0);
  if (leaf.path.length !== expected)
    throw refused('BAD_OPENING', `The path has ${leaf.path.length} hashes where its place asks for ${expected}.`);
  const place = index + leaf.subtree * 2 ** depth;
  return foldPath(leafHash(fromBase64Url(leaf.blinder), fromBase64Url(leaf.record)), place, leaf.path.map(fromBase64Url));
}

function subtreeDepth(params: ChannelParams, opening: RecordOpening): number {
  if (opening.subtree === CONDITION_SUBTREE) return params.conditionDepth;
  return opening.via.length === 0 ? opening.path.length - params.topDepth : opening.path.length;
}

function requireForm(params: ChannelParams, opening: RecordOpening, depth: number): void {
  const inTree = opening.subtree < 2 ** params.topDepth && depth >= 1 && depth <= DEEPEST_TAG && opening.index < 2 ** depth;
  const alone = opening.subtree !== CONDITION_SUBTREE || opening.via.length === 0;
  if (!inTree || !alone) throw refused('BAD_OPENING', 'The opening names a place that this channel has not.');
}

/** In a tag's subtree, the place says the kind: manifest first, then, but for part 0, the continuation, then readings. */
function requireTagPlace(n: number, record: EvidenceRecord, index: number): void {
  const fits =
    index === 0
      ? record.kind === 'manifest'
      : record.kind === 'reading' || (index === CONTINUATION_INDEX && record.kind === 'continuation');
  if (!fits) throw refused('WRONG_PLACE', `A ${record.kind} record cannot stand at place ${index} of a tag's part.`);
  if (record.n !== n) throw refused('WRONG_BATCH', `The ${record.kind} record is of batch ${record.n}, not ${n}.`);
}

/** Number of the record's part, where the record itself says it. */
function claimedPart(record: EvidenceRecord): number | undefined {
  if (record.kind === 'manifest') return record.part;
  return record.kind === 'continuation' ? record.part + 1 : undefined;
}

/** @returns the number of the part that the step continues */
function requireStep(n: number, step: ContinuationStep, part: number | undefined, root: Bytes, paddedLength: number | undefined): number {
  const record = decodeRecord(fromBase64Url(step.record), paddedLength);
  if (record.kind !== 'continuation' || record.part !== (part ?? record.part))
    throw refused('WRONG_PLACE', 'A step does not name the part that it continues.');
  if (record.n !== n) throw refused('WRONG_BATCH', `The continuation record is of batch ${record.n}, not ${n}.`);
  if (record.root !== toBase64Url(root)) throw refused('WRONG_ROOT', `The opening does not lead to the root of part ${record.part}.`);
  return record.part;
}
