import { type Bytes, type ChannelParams, toBase64Url } from '../core/index.ts';
import { BatchSecrets, BLINDER, TOP_TREE } from './blinding.ts';
import { type BatchStatement, ConditionTree } from './condition-tree.ts';
import type { ConditionOpening, GapRecord, ManifestRecord, ValidationRecord } from './documents.ts';
import { refused } from './errors.ts';
import { siblings, treeLevels } from './merkle.ts';
import { type AcceptedReading, ReadingWriter } from './reading-writer.ts';
import { type TagSpec, TagSubtree } from './tag-subtree.ts';

export interface BatchBuilderOptions {
  readonly params: ChannelParams;
  /** 32 bytes from the ratchet; serves this batch only. */
  readonly seed: Bytes;
  /** Batch number. */
  readonly n: number;
  /** At most 2^topDepth - 1 tags, in the order that the channel keeps for ever. */
  readonly tags: readonly TagSpec[];
}

/** What the batch is closed with. */
export interface Closing {
  /** Codes by stream, then by publication. */
  readonly conditions: readonly (readonly number[])[];
  /** One a stream, see `EpochKeys.slotKeys`. */
  readonly slotKeys: readonly Bytes[];
  readonly batchKey: Bytes;
  readonly gap?: Omit<GapRecord, 'kind' | 'n'>;
  readonly validation?: Omit<ValidationRecord, 'kind' | 'n'>;
  /** Writes refused since the previous batch, by tag. */
  readonly refused: readonly number[];
}

export interface ClosedBatch {
  readonly root: Bytes;
  readonly conditions: ConditionOpening;
  /** The manifests that count, by tag. */
  readonly manifests: readonly ManifestRecord[];
  /** Readings by tag. */
  readonly counts: readonly number[];
}

/**
 * Makes one batch's tree while its readings arrive, so that closing costs the same for no reading and for a hundred
 * thousand. Holds hashes only: the readings themselves are for the caller to store, under the same batch number.
 */
export class BatchBuilder {
  readonly #params: ChannelParams;
  readonly #n: number;
  readonly #secrets: BatchSecrets;
  readonly #writer: ReadingWriter;
  readonly #tags: readonly TagSubtree[];
  #open = true;

  constructor({ params, seed, n, tags }: BatchBuilderOptions) {
    if (seed.length !== 32) throw refused('BAD_INPUT', 'A batch seed has 32 bytes.');
    if (tags.length >= 2 ** params.topDepth) throw refused('BAD_INPUT', `The channel's top tree has no place for ${tags.length} tags.`);
    this.#params = params;
    this.#n = n;
    this.#secrets = new BatchSecrets(seed);
    this.#writer = new ReadingWriter(n, 1 + BLINDER);
    this.#tags = tags.map((tag, index) => new TagSubtree(this.#secrets, index + 1, n, tag, this.#writer));
  }

  /**
   * Takes one reading of a tag; its sequence number is the next one.
   * @returns the sequence number
   * @throws RejectedError `BAD_INPUT`, `BAD_UA_VALUE` for what a record cannot hold; `RECORD_TOO_LONG` above a raw tag's agreed length
   */
  accept(tagIndex: number, reading: AcceptedReading): number {
    const tag = this.#tags[tagIndex];
    if (tag === undefined || !this.#open) throw refused('BAD_INPUT', 'The batch is closed, or has no such tag.');
    return tag.accept(reading);
  }

  /** Readings taken so far, by tag. */
  get counts(): readonly number[] {
    return this.#tags.map((tag) => tag.count);
  }

  /** Ends the batch. @throws RejectedError `BAD_INPUT`, `WRONG_PLACE` when what it is closed with does not fit the channel */
  close(closing: Closing): ClosedBatch {
    if (!this.#open || closing.refused.length !== this.#tags.length)
      throw refused('BAD_INPUT', 'The batch is closed, or counts of refused writes are missing.');
    const conditions = new ConditionTree(this.#params, this.#secrets, statementFor(this.#params, this.#n, closing));
    this.#open = false;
    const counts = this.counts;
    const ended = this.#tags.map((tag, index) => tag.close(closing.refused[index]!));
    const top = topLevels(this.#params, this.#secrets, [conditions.root, ...ended.map((tag) => tag.root)]);
    return {
      root: top[this.#params.topDepth]![0]!,
      conditions: conditions.opening(siblings(top, 0)),
      manifests: ended.map((tag) => tag.manifest),
      counts,
    };
  }
}

/** The tree over the subtrees' roots. */
export function topLevels(params: ChannelParams, secrets: BatchSecrets, roots: readonly Bytes[]): Bytes[][] {
  return treeLevels(roots, params.topDepth, secrets.filler(TOP_TREE, 0));
}

/** The records of the condition subtree. @throws RejectedError `BAD_INPUT` when a stream, publication or key is missing */
export function statementFor(params: ChannelParams, n: number, closing: Omit<Closing, 'refused'>): BatchStatement {
  const { conditions, slotKeys, batchKey, gap, validation } = closing;
  const complete = conditions.length === params.streams && conditions.every((codes) => codes.length === params.publications);
  if (!complete || slotKeys.length !== params.streams) {
    throw refused(
      'BAD_INPUT',
      `A batch of this channel has ${params.publications} condition(s) for each of ${params.streams} stream(s), and a slot key each.`,
    );
  }
  return {
    conditions: conditions.flatMap((codes, stream) =>
      codes.map((code, publication) => ({
        kind: 'condition' as const,
        n,
        stream,
        publication,
        code,
        slotKey: toBase64Url(slotKeys[stream]!),
      })),
    ),
    batchKey: { kind: 'batchkey', n, key: toBase64Url(batchKey) },
    gap: { kind: 'gap', n, ...(gap ?? { reason: 'none', fromBatch: 0, toBatch: 0 }) },
    validation: { kind: 'validation', n, ...(validation ?? { log: toBase64Url(new Uint8Array(32)) }) },
  };
}
