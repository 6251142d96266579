import { coerceStatusCode, DataValue, NumericRange, StatusCodes, type Variant } from 'node-opcua';
import { RejectedError, type UaValue } from '../../core/index.ts';
import { fromVariant, toArrayVariant, valuesOf } from '../../nodeset/index.ts';
import { isWhole } from '../index-range.ts';
import type { ArrayGate } from './array-gate.ts';

/** Which elements of an array a write is for. */
interface Part {
  readonly first: number;
  readonly count: number;
}

/**
 * Takes a write of an array, or of the part that an index range names (OPC UA Part 4, clauses 5.11.4 and 7.27): whole or not
 * at all. @returns StatusCode, at once or when the module has taken the values for good
 */
export function offerArrayWrite(gate: ArrayGate, dataValue: DataValue, range: string | NumericRange | null): number | Promise<number> {
  const part = partOf(range, gate.tag.length);
  if (typeof part === 'number') return gate.refuse(part);
  const into = gate.elements.slice(part.first, part.first + part.count);
  let values: readonly UaValue[] | undefined;
  try {
    values = valuesWritten(dataValue.value, gate, !isWhole(range) && part.count === 1);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return gate.refuse(StatusCodes.BadTypeMismatch.value, into);
  }
  if (values !== undefined && values.length !== part.count) {
    return gate.refuse((isWhole(range) ? StatusCodes.BadTypeMismatch : StatusCodes.BadIndexRangeDataMismatch).value, into);
  }
  const status = dataValue.statusCode.value >>> 0;
  return gate.offer({ values, status, sourceMs: dataValue.sourceTimestamp?.getTime() }, part.first, part.count);
}

/** Some clients write a single element as a scalar. */
function valuesWritten(variant: Variant, gate: ArrayGate, mayBeScalar: boolean): readonly UaValue[] | undefined {
  try {
    return valuesOf(variant, gate.tag.type);
  } catch (error) {
    if (!mayBeScalar) throw error;
    const value = fromVariant(variant);
    return value === undefined ? undefined : [value];
  }
}

/** The elements that a range names, or why it names none: no range, not one of this array. */
function partOf(range: string | NumericRange | null, length: number): Part | number {
  if (range === null || isWhole(range)) return { first: 0, count: length };
  const named = NumericRange.coerce(range);
  if (!named.isValid()) return StatusCodes.BadIndexRangeInvalid.value;
  const [first, last] = Array.isArray(named.value) ? named.value : [named.value, named.value];
  if (typeof first !== 'number' || typeof last !== 'number') return StatusCodes.BadIndexRangeNoData.value;
  // node-opcua makes NaN of an index that is left out.
  if (Number.isNaN(first) || Number.isNaN(last)) return StatusCodes.BadIndexRangeInvalid.value;
  if (last >= length) return StatusCodes.BadIndexRangeNoData.value;
  return { first, count: last - first + 1 };
}

/** The last accepted values of this interval, all elements together, with the worst of their statuses. */
export function lastReadings(gate: ArrayGate): DataValue {
  const { held } = gate;
  const values = held?.map(({ value }) => value).filter((value) => value !== undefined);
  if (held === undefined || values?.length !== held.length) return new DataValue({ statusCode: StatusCodes.BadWaitingForInitialData });
  const worst = Math.max(...held.map(({ status }) => status));
  return new DataValue({
    value: toArrayVariant(gate.tag.type, values),
    statusCode: coerceStatusCode(worst),
    sourceTimestamp: new Date(Math.max(...held.map(({ sourceMs }) => sourceMs))),
    serverTimestamp: new Date(Math.max(...held.map(({ acceptedMs }) => acceptedMs))),
  });
}
