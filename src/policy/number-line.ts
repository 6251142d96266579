/*
 * Numbers as an ordered line of distinct values, so that "no hole" and "no overlap" are exact: between two neighbouring
 * integers, and between two neighbouring doubles, there is nothing. Bounds that do not belong to a range are replaced
 * by the neighbour that does, and then every range has both its bounds.
 */

export type Numeric = number | bigint;

export interface IntegerLine {
  readonly kind: 'integers';
  readonly lowest: bigint;
  readonly highest: bigint;
}

export interface RealLine {
  readonly kind: 'reals';
  readonly lowest: number;
  readonly highest: number;
}

export type NumberLine = IntegerLine | RealLine;

/** Stands for "without bound" among integers: 2^53 readings of the largest 64-bit integers do not add up to it. */
export const UNREACHED = 2n ** 128n;

export function integers(lowest: bigint, highest: bigint): IntegerLine {
  return { kind: 'integers', lowest, highest };
}

/** The doubles from `lowest` to `highest`, or to the largest finite ones. */
export function reals(lowest: number | undefined, highest: number | undefined): RealLine {
  const bound = (value: number) => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
  return { kind: 'reals', lowest: bound(lowest ?? -Infinity), highest: bound(highest ?? Infinity) };
}

/** A range as it stands in a policy: half-open by default, unbounded where a bound is absent. */
export interface RangeTerm {
  readonly from?: number;
  readonly to?: number;
  readonly fromIncluded?: boolean;
  readonly toIncluded?: boolean;
}

/** A range of a line, both bounds included. Integers are bigints, reals are numbers; never mixed. */
export interface ClosedRange {
  readonly lowest: Numeric;
  readonly highest: Numeric;
}

/** The part of a range that lies on the line; undefined where there is none. */
export function clip(line: NumberLine, { from, to, fromIncluded = true, toIncluded = false }: RangeTerm): ClosedRange | undefined {
  const first = from === undefined ? line.lowest : larger(line.lowest, firstFrom(line, from, fromIncluded));
  const last = to === undefined ? line.highest : smaller(line.highest, lastTo(line, to, toIncluded));
  return first <= last ? { lowest: first, highest: last } : undefined;
}

/** The neighbour above. */
export function after(value: Numeric): Numeric {
  return typeof value === 'bigint' ? value + 1n : nextUp(value);
}

/** The neighbour below. */
export function before(value: Numeric): Numeric {
  return typeof value === 'bigint' ? value - 1n : -nextUp(-value);
}

/** The least double above a finite one; Infinity above the largest. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  const next = view.getFloat64(0);
  return next === 0 ? 0 : next;
}

/** A range in words, its bounds included; what stands for "without bound" is not named. */
export function inWords(line: NumberLine, { lowest, highest }: ClosedRange): string {
  const unbounded = line.kind === 'integers' ? UNREACHED : Number.MAX_VALUE;
  if (lowest === highest) return `${lowest}`;
  if (lowest <= -unbounded) return highest >= unbounded ? 'all numbers' : `all numbers up to and including ${highest}`;
  return highest >= unbounded ? `${lowest} and above` : `${lowest} to ${highest}, both included`;
}

function firstFrom(line: NumberLine, bound: number, included: boolean): Numeric {
  if (line.kind === 'reals') return included ? bound : nextUp(bound);
  return !included && Number.isInteger(bound) ? BigInt(bound) + 1n : BigInt(Math.ceil(bound));
}

function lastTo(line: NumberLine, bound: number, included: boolean): Numeric {
  if (line.kind === 'reals') return included ? bound : -nextUp(-bound);
  return !included && Number.isInteger(bound) ? BigInt(bound) - 1n : BigInt(Math.floor(bound));
}

function larger(a: Numeric, b: Numeric): Numeric {
  return a >= b ? a : b;
}

function smaller(a: Numeric, b: Numeric): Numeric {
  return a <= b ? a : b;
}
