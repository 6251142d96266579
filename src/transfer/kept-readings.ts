import * as v from 'valibot';
import { decodeUaValue, encodeUaValue, Int32, integer, parseShape } from '../core/index.ts';
import type { KeptReading } from './open-batch.ts';

/** One reading as it is stored: index of its tag, tagged value (empty for none), status, source and acceptance time. */
const KeptShape = v.strictTuple([integer(0), v.string(), integer(0, 0xffffffff), integer(0), integer(0)]);
const KeptListShape = v.strictObject({ n: integer(0), readings: v.array(KeptShape) });
const KeptBatchShape = v.strictObject({
  n: integer(0),
  readings: v.array(KeptShape),
  refused: v.array(integer(0)),
  published: v.array(v.strictTuple([integer(0, 59), v.array(Int32)])),
});

/** What a stop keeps of the open batch, for the next start. */
export interface KeptBatch {
  readonly n: number;
  /** In order of acceptance. */
  readonly readings: readonly KeptReading[];
  /** Refused writes by tag. */
  readonly refused: readonly number[];
  /** What was shown of the interval: number of the publication, code of each stream. */
  readonly published: readonly (readonly [number, readonly number[]])[];
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

export function encodeKeptBatch({ n, readings, refused, published }: KeptBatch): string {
  return JSON.stringify({ n, readings: readings.map(encodeReading), refused, published });
}

/** Reads what {@link encodeKeptBatch} wrote. @throws RejectedError `BAD_SHAPE`, `BAD_UA_VALUE` */
export function decodeKeptBatch(text: string): KeptBatch {
  const { readings, ...kept } = parseShape(KeptBatchShape, JSON.parse(text), 'kept open batch');
  return { ...kept, readings: readings.map(decodeReading) };
}

function encodeReading({ tag, reading: { value, status, sourceMs, acceptedMs } }: KeptReading): v.InferOutput<typeof KeptShape> {
  return [tag, value === undefined ? '' : encodeUaValue(value), status, sourceMs, acceptedMs];
}

function decodeReading([tag, value, status, sourceMs, acceptedMs]: v.InferOutput<typeof KeptShape>): KeptReading {
  return { tag, reading: { value: value === '' ? undefined : decodeUaValue(value), status, sourceMs, acceptedMs } };
}
