import { NumericRange } from 'node-opcua';

/**
 * True where no part of a value is named: the whole is meant by null and by the empty string (OPC UA Part 4, clause 7.27),
 * which node-opcua takes for a single index that is no number.
 */
export function isWhole(range: string | NumericRange | null): boolean {
  if (range === null) return true;
  const named = NumericRange.coerce(range);
  return named.isEmpty() || Number.isNaN(named.value);
}
