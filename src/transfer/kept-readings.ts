import * as v from 'valibot';
import { decodeUaValue, encodeUaValue, Int32, integer, parseShape } from '../core/index.ts';
import type { GapReason } from './gap-note.ts';
import type { KeptReading } from './open-batch.ts';
import type { Published } from './published-codes.ts';

/** One reading as it is stored: index of its tag, tagged value (empty for none), status, source and acceptance time. */
export const KeptShape = v.strictTuple([integer(0), v.string(), integer(0, 0xffffffff), integer(0), integer(0)]);
/** Codes shown within an interval: number of the publication, code of each stream. */
export const PublishedShape = v.strictTuple([integer(0, 59), v.array(Int32)]);
const KeptListShape = v.strictObject({ n: integer(0), readings: v.array(KeptShape) });
const KeptBatchShape = v.strictObject({
  n: integer(0),
  readings: v.array(KeptShape),
  refused: v.array(integer(0)),
  published: v.array(PublishedShape),
  isCallPending: v.boolean(),
  gap: v.picklist(['none', 'connection', 'missed', 'storage']),
});

/** What a stop keeps of the open batch, for the next start. */
export interface KeptBatch {
  readonly n: number;
  /** In order of acceptance. */
  readonly readings: readonly KeptReading[];
  /** Refused writes by tag. */
  readonly refused: readonly number[];
  readonly published: readonly Published[];
  /** A call waits for the next point of its grid. */
  readonly isCallPending: boolean;
  /** What its gap record will say, so far. */
  readonly gap: GapReason | 'none';
}

/** Readings of batch `n` as text, in order of acceptance. */
export function encodeKeptReadings(n: number, readings: readonly KeptReading[]): string {
  return JSON.stringify({ n, readings: readings.map(encodeReading) });
}

/** Reads what {@link encodeKeptReadings} wrote. @throws RejectedError `BAD_SHAPE`, `BAD_UA_VALUE` */
export function decodeKeptReadings(text: string): Pick<KeptBatch, 'n' | 'readings'> {
  const { n, readings } = parseShape(KeptListShape, JSON.parse(text), 'list of kept readings');
  return { n, readings: readings.map(decodeReading) };
}

export function encodeKeptBatch({ readings, ...kept }: KeptBatch): string {
  return JSON.stringify({ ...kept, readings: readings.map(encodeReading) });
}

/** Reads what {@link encodeKeptBatch} wrote. @throws RejectedError `BAD_SHAPE`, `BAD_UA_VALUE` */
export function decodeKeptBatch(text: string): KeptBatch {
  const { readings, ...kept } = parseShape(KeptBatchShape, JSON.parse(text), 'kept open batch');
  return { ...kept, readings: readings.map(decodeReading) };
}

/** One reading in the form of {@link KeptShape}. */
export function encodeReading({ tag, reading: { value, status, sourceMs, acceptedMs } }: KeptReading): v.InferOutput<typeof KeptShape> {
  return [tag, value === undefined ? '' : encodeUaValue(value), status, sourceMs, acceptedMs];
}

export function decodeReading([tag, value, status, sourceMs, acceptedMs]: v.InferOutput<typeof KeptShape>): KeptReading {
  return { tag, reading: { value: value === '' ? undefined : decodeUaValue(value), status, sourceMs, acceptedMs } };
}
