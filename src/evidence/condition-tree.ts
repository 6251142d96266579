import { type Bytes, type ChannelParams, EXTRA_CONDITION_PLACES, fromBase64Url, parseShape, toBase64Url } from '../core/index.ts';
import { type BatchSecrets, CONDITION_SUBTREE } from './blinding.ts';
import {
  type BatchKeyRecord,
  type ConditionOpening,
  ConditionOpeningShape,
  type ConditionRecord,
  type EvidenceRecord,
  type GapRecord,
  type RecordOpening,
  type ValidationRecord,
} from './documents.ts';
import { refused } from './errors.ts';
import { emptyNodes, foldPath, leafHash, requireRoot, siblings, treeLevels } from './merkle.ts';
import { decodeRecord, encodeRecord } from './record-kinds.ts';

/** What a batch says of its interval: the records of the condition subtree. */
export interface BatchStatement {
  /** Stream-major, then by publication. */
  readonly conditions: readonly ConditionRecord[];
  readonly batchKey: BatchKeyRecord;
  readonly gap: GapRecord;
  readonly validation: ValidationRecord;
}

/** Places in use in every batch's condition subtree. */
export function conditionPlaces(params: ChannelParams): number {
  return params.streams * params.publications + EXTRA_CONDITION_PLACES;
}

/** The one place at which a record of the condition subtree is valid. @throws RejectedError `WRONG_PLACE` */
export function placeOf(params: ChannelParams, record: EvidenceRecord): number {
  const first = params.streams * params.publications;
  if (record.kind === 'batchkey') return first;
  if (record.kind === 'gap') return first + 1;
  if (record.kind === 'validation') return first + 2;
  if (record.kind === 'condition' && record.stream < params.streams && record.publication < params.publications) {
    return record.stream * params.publications + record.publication;
  }
  throw refused('WRONG_PLACE', `A ${record.kind} record of this form has no place in the condition subtree.`);
}

/** A statement's records in the order of their places. */
export function statementRecords(statement: BatchStatement): EvidenceRecord[] {
  return [...statement.conditions, statement.batchKey, statement.gap, statement.validation];
}

/** The condition subtree of one batch, made by the owner of the seed. */
export class ConditionTree {
  readonly root: Bytes;
  readonly #levels: Bytes[][];
  readonly #leaves: { blinder: string; record: string }[] = [];
  readonly #dummies: string[];

  constructor(params: ChannelParams, secrets: BatchSecrets, statement: BatchStatement) {
    const blinders = secrets.blinders(CONDITION_SUBTREE, 0);
    const filler = secrets.filler(CONDITION_SUBTREE, 0);
    const hashes: Bytes[] = [];
    const records = statementRecords(statement);
    if (records.length !== conditionPlaces(params))
      throw refused('BAD_INPUT', 'The statement lacks a condition for a stream or publication.');
    records.forEach((record, place) => {
      if (placeOf(params, record) !== place)
        throw refused('WRONG_PLACE', `The record for place ${place} of the condition subtree belongs elsewhere.`);
      const blinder = blinders.next();
      const bytes = encodeRecord(record);
      hashes.push(leafHash(blinder, bytes));
      this.#leaves.push({ blinder: toBase64Url(blinder), record: toBase64Url(bytes) });
    });
    this.#levels = treeLevels(hashes, params.conditionDepth, filler);
    this.#dummies = emptyNodes(hashes.length, params.conditionDepth).map(({ level, index }) => toBase64Url(filler(level, index)));
    this.root = this.#levels[params.conditionDepth]![0]!;
  }

  /** @param top siblings of this subtree's root in the top tree */
  opening(top: readonly Bytes[]): ConditionOpening {
    return { top: top.map(toBase64Url), leaves: this.#leaves, dummies: this.#dummies };
  }

  /** One record of this subtree alone. */
  recordOpening(place: number, top: readonly Bytes[]): RecordOpening {
    const leaf = this.#leaves[place];
    if (leaf === undefined) throw refused('BAD_INPUT', `The condition subtree has no record at place ${place}.`);
    const path = [...siblings(this.#levels, place), ...top].map(toBase64Url);
    return { subtree: CONDITION_SUBTREE, index: place, ...leaf, path, via: [] };
  }
}

/**
 * Verifies all condition leaves against the batch's root, each at its own place and with the batch's number.
 * @throws RejectedError `BAD_SHAPE`, `BAD_OPENING`, `BAD_RECORD`, `WRONG_PLACE`, `WRONG_BATCH`, `WRONG_ROOT`
 */
export function verifyConditionOpening(params: ChannelParams, n: number, root: Bytes, opening: ConditionOpening): BatchStatement {
  const parsed = parseShape(ConditionOpeningShape, opening, 'condition opening');
  const levels = openedLevels(params, parsed);
  requireRoot(foldPath(levels[params.conditionDepth]![0]!, 0, parsed.top.map(fromBase64Url)), root);
  const records = parsed.leaves.map((leaf) => decodeRecord(fromBase64Url(leaf.record)));
  records.forEach((record, place) => requirePlace(params, n, record, place));
  return statementOf(params, records);
}

/**
 * Takes one record's opening out of a condition opening: what a receiver shows in a dispute, without any secret.
 * @throws RejectedError `BAD_OPENING`, `BAD_INPUT`
 */
export function singleOut(params: ChannelParams, opening: ConditionOpening, place: number): RecordOpening {
  const levels = openedLevels(params, opening);
  const leaf = opening.leaves[place];
  if (leaf === undefined) throw refused('BAD_INPUT', `The opening has no record at place ${place}.`);
  const path = [...siblings(levels, place).map(toBase64Url), ...opening.top];
  return { subtree: CONDITION_SUBTREE, index: place, ...leaf, path, via: [] };
}

/** @throws RejectedError `WRONG_PLACE`, `WRONG_BATCH` */
export function requirePlace(params: ChannelParams, n: number, record: EvidenceRecord, place: number): void {
  if (placeOf(params, record) !== place)
    throw refused('WRONG_PLACE', `The ${record.kind} record stands at place ${place}, which belongs to another record.`);
  if (record.n !== n) throw refused('WRONG_BATCH', `The ${record.kind} record at place ${place} is of batch ${record.n}, not ${n}.`);
}

function openedLevels(params: ChannelParams, opening: ConditionOpening): Bytes[][] {
  const places = conditionPlaces(params);
  const empty = emptyNodes(places, params.conditionDepth);
  if (opening.leaves.length !== places || opening.dummies.length !== empty.length || opening.top.length !== params.topDepth) {
    throw refused(
      'BAD_OPENING',
      `A condition opening of this channel has ${places} leaves, ${empty.length} dummies and ${params.topDepth} hashes above.`,
    );
  }
  const hashes = opening.leaves.map((leaf) => leafHash(fromBase64Url(leaf.blinder), fromBase64Url(leaf.record)));
  const dummies = new Map(empty.map(({ level }, i) => [level, fromBase64Url(opening.dummies[i]!)]));
  return treeLevels(hashes, params.conditionDepth, (level) => dummies.get(level)!);
}

function statementOf(params: ChannelParams, records: readonly EvidenceRecord[]): BatchStatement {
  const first = params.streams * params.publications;
  const [batchKey, gap, validation] = records.slice(first);
  return {
    conditions: records.slice(0, first) as ConditionRecord[],
    batchKey: batchKey as BatchKeyRecord,
    gap: gap as GapRecord,
    validation: validation as ValidationRecord,
  };
}
