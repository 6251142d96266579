import { integerRange, type UaType } from '../core/index.ts';

/** Type and bounds of a tag. */
export interface TagRange {
  readonly type: UaType;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface RangeFault {
  readonly key: 'minimum' | 'maximum';
  readonly what: string;
  readonly remedy: string;
}

/** What is wrong with the bounds of a tag. */
export function rangeFault(range: TagRange): RangeFault | undefined {
  const { type, minimum, maximum } = range;
  for (const key of ['minimum', 'maximum'] as const) {
    const fault = range[key] === undefined ? undefined : boundFault(type, range[key]);
    if (fault !== undefined) return { key, ...fault };
  }
  if (minimum === undefined || maximum === undefined || minimum <= maximum) return undefined;
  return { key: 'minimum', what: `${minimum} is above "maximum", ${maximum}`, remedy: 'Exchange the two.' };
}

function boundFault(type: UaType, bound: number): Omit<RangeFault, 'key'> | undefined {
  const integer = integerRange(type);
  if (integer === undefined) {
    return type === 'Float' || type === 'Double' ? undefined : { what: `a tag of type ${type} has no range`, remedy: 'Remove it.' };
  }
  if (!Number.isSafeInteger(bound)) {
    return { what: `a tag of type ${type} has integer bounds, at most 2^53 - 1 in size`, remedy: 'Write an integer.' };
  }
  if (BigInt(bound) >= integer[0] && BigInt(bound) <= integer[1]) return undefined;
  return { what: `${type} ends at ${integer[0]} and ${integer[1]}`, remedy: 'Write a bound that the type can hold.' };
}
