import { type Bytes, type ChannelParams, toBase64Url } from '../core/index.ts';
import { topLevels } from './batch-builder.ts';
import { BatchSecrets, CONDITION_SUBTREE } from './blinding.ts';
import { type BatchStatement, ConditionTree } from './condition-tree.ts';
import type { ConditionOpening, ContinuationStep, EvidenceRecord, ReadingRecord, RecordOpening } from './documents.ts';
import { refused } from './errors.ts';
import { leafHash, requireRoot, siblings, treeLevels } from './merkle.ts';
import { encodeRecord } from './record-kinds.ts';
import {
  capacityThrough,
  continuationOf,
  CONTINUATION_INDEX,
  manifestOf,
  readingPlace,
  requireTagSpec,
  type TagSpec,
} from './tag-subtree.ts';

/** A tag with all its readings of the batch. */
export interface TagContent extends TagSpec {
  readonly readings: readonly ReadingRecord[];
  readonly refused: number;
}

/** All that a batch is made of. Whoever has it and the seed can make every byte of its tree. */
export interface BatchContent {
  readonly params: ChannelParams;
  readonly seed: Bytes;
  readonly n: number;
  readonly statement: BatchStatement;
  readonly tags: readonly TagContent[];
}

/**
 * A batch made again from its seed and records, whole and in memory: to open records, and for an auditor who is given the
 * seed to see that the signed root holds these bytes and nothing else.
 */
export class BatchOpener {
  readonly root: Bytes;
  readonly #params: ChannelParams;
  readonly #tags: readonly TagParts[];
  readonly #conditions: ConditionTree;
  readonly #top: Bytes[][];

  /** @throws RejectedError `BAD_INPUT`, `WRONG_BATCH`, `RAW_GAP` when the records are not those of one batch in order */
  constructor({ params, seed, n, statement, tags }: BatchContent) {
    if (tags.length >= 2 ** params.topDepth) throw refused('BAD_INPUT', `The channel's top tree has no place for ${tags.length} tags.`);
    const secrets = new BatchSecrets(seed);
    this.#params = params;
    this.#conditions = new ConditionTree(params, secrets, statement);
    this.#tags = tags.map((tag, index) => new TagParts(secrets, index + 1, n, tag));
    this.#top = topLevels(params, secrets, [this.#conditions.root, ...this.#tags.map((tag) => tag.root)]);
    this.root = this.#top[params.topDepth]![0]!;
  }

  /** The condition records, all under one path. */
  conditions(): ConditionOpening {
    return this.#conditions.opening(siblings(this.#top, CONDITION_SUBTREE));
  }

  /** One record. @throws RejectedError `BAD_INPUT` where there is none */
  record(subtree: number, part: number, index: number): RecordOpening {
    if (subtree === CONDITION_SUBTREE) return this.#conditions.recordOpening(index, siblings(this.#top, CONDITION_SUBTREE));
    return this.#tagAt(subtree).open(part, index, siblings(this.#top, subtree));
  }

  /** One reading by its sequence number. @throws RejectedError `BAD_INPUT` where there is none */
  reading(tagIndex: number, seq: number): RecordOpening {
    const tag = this.#tagAt(tagIndex + 1);
    const { part, index } = readingPlace(tag.spec.depth, seq - tag.spec.firstSeq);
    return this.record(tagIndex + 1, part, index);
  }

  /** For a tag released raw: the manifest that counts, then all readings in order. */
  raw(tagIndex: number): RecordOpening[] {
    const tag = this.#tagAt(tagIndex + 1);
    const manifest = this.record(tagIndex + 1, tag.lastPart, 0);
    return [manifest, ...tag.spec.readings.map((reading) => this.reading(tagIndex, reading.seq))];
  }

  #tagAt(subtree: number): TagParts {
    const tag = this.#tags[subtree - 1];
    if (tag === undefined) throw refused('BAD_INPUT', `The batch has no subtree ${subtree}.`);
    return tag;
  }
}

/** Root of a batch from its seed and records: equal to the signed one, or the records are not those of the batch. */
export function rebuildBatch(content: BatchContent): Bytes {
  return new BatchOpener(content).root;
}

/** @throws RejectedError `WRONG_ROOT` */
export function verifyRebuilt(content: BatchContent, root: Bytes): void {
  requireRoot(rebuildBatch(content), root);
}

interface Leaf {
  readonly blinder: Bytes;
  readonly record: Bytes;
}

/** One tag's parts with all their leaves. */
class TagParts {
  readonly spec: TagContent;
  readonly root: Bytes;
  readonly lastPart: number;
  readonly #subtree: number;
  readonly #leaves: Leaf[][] = [];
  readonly #levels: Bytes[][][] = [];

  constructor(secrets: BatchSecrets, subtree: number, n: number, spec: TagContent) {
    requireTagSpec(spec);
    requireReadings(n, spec);
    this.spec = spec;
    this.#subtree = subtree;
    this.lastPart = spec.readings.length === 0 ? 0 : readingPlace(spec.depth, spec.readings.length - 1).part;
    let root: Bytes | undefined;
    for (let part = 0; part <= this.lastPart; part++) {
      const blinders = secrets.blinders(subtree, part);
      const leaves = this.#records(n, part, root).map((record) => ({
        blinder: blinders.next(),
        record: encodeRecord(record, spec.rawPad),
      }));
      const hashes = leaves.map((leaf) => leafHash(leaf.blinder, leaf.record));
      const levels = treeLevels(hashes, spec.depth, secrets.filler(subtree, part));
      this.#leaves.push(leaves);
      this.#levels.push(levels);
      root = levels[spec.depth]![0]!;
    }
    this.root = root!;
  }

  open(part: number, index: number, top: readonly Bytes[]): RecordOpening {
    const via: ContinuationStep[] = [];
    for (let next = part + 1; next <= this.lastPart; next++) via.push(this.#step(next, CONTINUATION_INDEX, top));
    return { subtree: this.#subtree, index, ...this.#step(part, index, top), via };
  }

  #step(part: number, index: number, top: readonly Bytes[]): ContinuationStep {
    const leaf = this.#leaves[part]?.[index];
    if (leaf === undefined) throw refused('BAD_INPUT', `There is no record at place ${index} of part ${part}.`);
    const path = [...siblings(this.#levels[part]!, index), ...(part === this.lastPart ? top : [])];
    return { blinder: toBase64Url(leaf.blinder), record: toBase64Url(leaf.record), path: path.map(toBase64Url) };
  }

  #records(n: number, part: number, previousRoot: Bytes | undefined): EvidenceRecord[] {
    const { spec } = this;
    const last = part === this.lastPart;
    const from = part === 0 ? 0 : capacityThrough(spec.depth, part - 1);
    const to = last ? spec.readings.length : capacityThrough(spec.depth, part);
    const manifest = manifestOf(spec, n, part, to, last ? spec.refused : 0);
    const continuation = previousRoot === undefined ? [] : [continuationOf(n, part - 1, previousRoot)];
    return [manifest, ...continuation, ...spec.readings.slice(from, to)];
  }
}

function requireReadings(n: number, tag: TagContent): void {
  tag.readings.forEach((reading, ordinal) => {
    if (reading.n !== n) throw refused('WRONG_BATCH', `A reading of batch ${reading.n} stands among those of batch ${n}.`);
    if (reading.seq !== tag.firstSeq + ordinal)
      throw refused('RAW_GAP', `The sequence numbers of tag "${tag.name}" are not gap-free at reading ${ordinal} of the batch.`);
  });
}
