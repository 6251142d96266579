import type { Domain } from './domain.ts';
import type { ClosedRange, Numeric } from './number-line.ts';

/** An interval's aggregate. Integers are bigints, reals are numbers, status codes are numbers without flags. */
export type Sample = Numeric | boolean | string;

/** Condition codes of ranges that meet without hole or overlap, in ascending order. */
export interface RangeMapping {
  readonly kind: 'ranges';
  readonly domain: Domain;
  readonly pieces: readonly (ClosedRange & { readonly code: number })[];
}

/** Condition codes of listed values; enumerations by their integer. `otherwise` is absent where the list is complete. */
export interface ListMapping {
  readonly kind: 'list';
  readonly domain: Domain;
  readonly codes: ReadonlyMap<Sample, number>;
  readonly otherwise: number | undefined;
}

export type Mapping = RangeMapping | ListMapping;

/** The one condition code of a value of the mapping's domain; undefined for anything else. */
export function codeFor(mapping: Mapping, value: Sample): number | undefined {
  return mapping.kind === 'list' ? (mapping.codes.get(value) ?? mapping.otherwise) : codeInRanges(mapping, value);
}

function codeInRanges({ pieces }: RangeMapping, value: Sample): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const piece = pieces[middle]!;
    if (value < piece.lowest) high = middle;
    else if (value > piece.highest) low = middle + 1;
    else return piece.code;
  }
  return undefined;
}
