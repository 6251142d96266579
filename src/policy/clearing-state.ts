import * as v from 'valibot';
import { integer, Int32, type Json, labelledHash, parseShape, RejectedError, toBase64Url, utf8 } from '../core/index.ts';
import type { AggregationState } from './aggregation.ts';
import type { PolicyErrorCode } from './errors.ts';
import type { Sample } from './mapping.ts';
import type { Numeric } from './number-line.ts';
import type { MappingPolicy } from './policy-types.ts';
import { decodeSample, encodeSample } from './sample-text.ts';
import type { Quality } from './status-codes.ts';

/** The newest reading of a tag. */
export interface TagState {
  /** `missing` before the first reading. */
  readonly quality: Quality | 'missing';
  readonly sample: Sample | undefined;
  /** Its time by the tag's timestamp policy, ms since 1970 UTC. */
  readonly atMs: number;
}

/** What a stream remembers of the interval, and the condition with which the one before ended. */
export interface StreamState {
  readonly aggregation: AggregationState;
  bad: boolean;
  uncertain: boolean;
  stale: boolean;
  readonly held: number;
}

export interface ClearingState {
  readonly tags: TagState[];
  readonly streams: StreamState[];
}

/** Text of a sample, or of no sample, of one of these types. */
function sampleText(...types: readonly string[]) {
  return v.pipe(
    v.string(),
    v.check(
      (text) => {
        const sample = decodeSample(text);
        return sample !== undefined && types.includes(typeof sample.value);
      },
      `the text of a sample: ${types.join(' or ')}`,
    ),
  );
}

const SampleText = sampleText('undefined', 'number', 'bigint', 'boolean', 'string');
const DoubleText = sampleText('number');

const SnapshotShape = v.strictObject({
  v: v.literal(0),
  policy: v.string(),
  version: integer(1),
  form: v.string(),
  tags: v.array(
    v.strictObject({
      quality: v.picklist(['missing', 'good', 'uncertain', 'bad']),
      sample: SampleText,
      atMs: integer(Number.MIN_SAFE_INTEGER),
    }),
  ),
  streams: v.array(
    v.strictObject({
      count: integer(0),
      kept: SampleText,
      base: sampleText('undefined', 'number', 'bigint'),
      exact: v.pipe(v.string(), v.regex(/^(0|-?[1-9]\d*)$/)),
      sum: DoubleText,
      lost: DoubleText,
      bad: v.boolean(),
      uncertain: v.boolean(),
      stale: v.boolean(),
      held: Int32,
    }),
  ),
});

/** The state in restricted JSON; doubles by their bits, so that nothing is rounded. */
export function encodeSnapshot(policy: MappingPolicy, state: ClearingState): Json {
  return {
    v: 0,
    policy: policy.id,
    version: policy.version,
    form: formOf(policy),
    tags: state.tags.map(({ quality, sample, atMs }) => ({ quality, sample: encodeSample(sample), atMs })),
    streams: state.streams.map(({ aggregation, bad, uncertain, stale, held }) => ({
      count: aggregation.count,
      kept: encodeSample(aggregation.kept),
      base: encodeSample(aggregation.base),
      exact: String(aggregation.exact),
      sum: encodeSample(aggregation.total.sum),
      lost: encodeSample(aggregation.total.lost),
      bad,
      uncertain,
      stale,
      held,
    })),
  };
}

/** @throws RejectedError `BAD_SNAPSHOT` */
export function decodeSnapshot(policy: MappingPolicy, value: unknown): ClearingState {
  const snapshot = parseSnapshot(value);
  if (snapshot.policy !== policy.id || snapshot.version !== policy.version || snapshot.form !== formOf(policy)) {
    throw new RejectedError<PolicyErrorCode>('BAD_SNAPSHOT', 'The snapshot of the clearing belongs to another mapping policy or version.');
  }
  if (snapshot.tags.length !== policy.tags.length || snapshot.streams.length !== policy.streams.length) throw damaged();
  return {
    tags: snapshot.tags.map(({ quality, sample, atMs }) => ({ quality, sample: decoded(sample), atMs })),
    streams: snapshot.streams.map(({ count, kept, base, exact, sum, lost, ...flags }) => ({
      aggregation: {
        count,
        kept: decoded(kept),
        base: decoded(base) as Numeric | undefined,
        exact: BigInt(exact),
        total: { sum: decoded(sum) as number, lost: decoded(lost) as number },
      },
      ...flags,
    })),
  };
}

function parseSnapshot(value: unknown): v.InferOutput<typeof SnapshotShape> {
  try {
    return parseShape(SnapshotShape, value, 'clearing snapshot');
  } catch (cause) {
    throw damaged(cause);
  }
}

function damaged(cause?: unknown): RejectedError<PolicyErrorCode> {
  return new RejectedError('BAD_SNAPSHOT', 'The snapshot of the clearing is damaged.', { cause });
}

function decoded(text: string): Sample | undefined {
  return decodeSample(text)?.value;
}

/** Digest of what gives the state its meaning: tags and aggregations, in their order. */
function formOf(policy: MappingPolicy): string {
  const tags = policy.tags.map(({ name, type }) => [name, type]);
  const streams = policy.streams.map(({ name, tags: sources, input, aggregate, decrease }) => [name, sources, input, aggregate, decrease]);
  return toBase64Url(labelledHash('DCMB/0/clearing-form', utf8(JSON.stringify([tags, streams]))));
}
