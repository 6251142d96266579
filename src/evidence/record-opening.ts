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
  /** Number of the last part of this subtree. */
  readonly lastPart: number;
}

/**
 * Verifies one record against the batch's root and gives it. It tells nothing of any other record.
 * @param paddedLength agreed length for a tag released raw
 * @throws RejectedError `BAD_SHAPE`, `BAD_OPENING`, `BAD_RECORD`, `WRONG_PLACE`, `WRONG_BATCH`, `WRONG_ROOT`
 */
export function verifyRecordOpening(params: ChannelParams, n: number, root: Bytes, opening: RecordOpening, paddedLength?: number): EvidenceRecord {
  return openRecordAt(params, n, root, opening, paddedLength).record;
}

/** The same, with what the path tells of the subtree. */
export function openRecordAt(params: ChannelParams, n: number, root: Bytes, opening: RecordOpening, paddedLength?: number): OpenedRecord {
  const parsed = parseShape(RecordOpeningShape, opening, 'record opening');
  const depth = subtreeDepth(params, parsed);
  requireForm(params, parsed, depth);
  const record = decodeRecord(fromBase64Url(parsed.record), paddedLength);
  if (parsed.subtree === CONDITION_SUBTREE) requirePlace(params, n, record, parsed.index);
  else requireTagPlace(n, record, parsed);
  let reached = climb(params, parsed, parsed.index, depth, parsed.via.length === 0);
  parsed.via.forEach((step, i) => {
    requireStep(n, step, parsed.part + i, reached, paddedLength);
    reached = climb(params, { ...step, subtree: parsed.subtree }, CONTINUATION_INDEX, depth, i === parsed.via.length - 1);
  });
  requireRoot(reached, root);
  return { record, depth, lastPart: parsed.part + parsed.via.length };
}

function climb(params: ChannelParams, leaf: { subtree: number; blinder: string; record: string; path: readonly string[] }, index: number, depth: number, last: boolean): Bytes {
  const expected = depth + (last ? params.topDepth : 0);
  if (leaf.path.length !== expected) throw refused('BAD_OPENING', `The path has ${leaf.path.length} hashes where its place asks for ${expected}.`);
  const place = index + leaf.subtree * 2 ** depth;
  return foldPath(leafHash(fromBase64Url(leaf.blinder), fromBase64Url(leaf.record)), place, leaf.path.map(fromBase64Url));
}

function subtreeDepth(params: ChannelParams, opening: RecordOpening): number {
  if (opening.subtree === CONDITION_SUBTREE) return params.conditionDepth;
  return opening.via.length === 0 ? opening.path.length - params.topDepth : opening.path.length;
}

function requireForm(params: ChannelParams, opening: RecordOpening, depth: number): void {
  const inTree = opening.subtree < 2 ** params.topDepth && depth >= 1 && depth <= DEEPEST_TAG && opening.index < 2 ** depth;
  const alone = opening.subtree !== CONDITION_SUBTREE || (opening.part === 0 && opening.via.length === 0);
  if (!inTree || !alone) throw refused('BAD_OPENING', 'The opening names a place that this channel has not.');
}

/** In a tag's subtree, the place says the kind: manifest first, then, but for part 0, the continuation, then readings. */
function requireTagPlace(n: number, record: EvidenceRecord, { part, index }: RecordOpening): void {
  const expected = index === 0 ? 'manifest' : index === CONTINUATION_INDEX && part > 0 ? 'continuation' : 'reading';
  if (record.kind !== expected) throw refused('WRONG_PLACE', `A ${record.kind} record stands at place ${index} of part ${part}, which is for a ${expected}.`);
  if (record.n !== n) throw refused('WRONG_BATCH', `The ${record.kind} record is of batch ${record.n}, not ${n}.`);
  if (record.kind === 'manifest' && record.part !== part) throw refused('WRONG_PLACE', `The manifest of part ${record.part} stands in part ${part}.`);
  if (record.kind === 'continuation' && record.part !== part - 1) throw refused('WRONG_PLACE', `Part ${part} continues part ${record.part}.`);
}

function requireStep(n: number, step: ContinuationStep, part: number, root: Bytes, paddedLength: number | undefined): void {
  const record = decodeRecord(fromBase64Url(step.record), paddedLength);
  if (record.kind !== 'continuation' || record.part !== part) throw refused('WRONG_PLACE', `There is no continuation record for part ${part}.`);
  if (record.n !== n) throw refused('WRONG_BATCH', `The continuation record is of batch ${record.n}, not ${n}.`);
  if (record.root !== toBase64Url(root)) throw refused('WRONG_ROOT', `The opening does not lead to the root of part ${part}.`);
}
