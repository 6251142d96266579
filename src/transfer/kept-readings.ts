import * as v from 'valibot';
import { decodeUaValue, encodeUaValue, integer, parseShape } from '../core/index.ts';
import type { KeptReading } from './open-batch.ts';

/** One reading as it is stored: index of its tag, tagged value (empty for none), status, source and acceptance time. */
const KeptShape = v.strictTuple([integer(0), v.string(), integer(0, 0xffffffff), integer(0), integer(0)]);
const KeptListShape = v.strictObject({ n: integer(0), readings: v.array(KeptShape) });

/** Readings of batch `n` as text, in order of acceptance. */
export function encodeKeptReadings(n: number, readings: readonly KeptReading[]): string {
  return JSON.stringify({
    n,
    readings: readings.map(({ tag, reading: { value, status, sourceMs, acceptedMs } }) => [
      tag,
      value === undefined ? '' : encodeUaValue(value),
      status,
      sourceMs,
      acceptedMs,
    ]),
  });
}

/** Reads what {@link encodeKeptReadings} wrote. @throws RejectedError `BAD_SHAPE`, `BAD_UA_VALUE` */
export function decodeKeptReadings(text: string): { readonly n: number; readonly readings: readonly KeptReading[] } {
  const { n, readings } = parseShape(KeptListShape, JSON.parse(text), 'list of kept readings');
  return {
    n,
    readings: readings.map(([tag, value, status, sourceMs, acceptedMs]) => ({
      tag,
      reading: { value: value === '' ? undefined : decodeUaValue(value), status, sourceMs, acceptedMs },
    })),
  };
}
