import { integerRange } from '../core/index.ts';
import { type IntegerLine, integers, type RealLine, reals, UNREACHED } from './number-line.ts';
import type { PolicyTag } from './tag.ts';

/** How the samples of an interval become one value. */
export type Aggregate = 'last' | 'max' | 'min' | 'mean' | 'sum' | 'count' | 'delta';

/** All the values that a stream's samples, or its interval as a whole, can have. */
export type Domain =
  | IntegerLine
  | RealLine
  | { readonly kind: 'booleans' }
  | { readonly kind: 'enumeration'; readonly names: ReadonlyMap<number, string> }
  | { readonly kind: 'texts' }
  | { readonly kind: 'statuses' }
  /** Values that nothing but their number is known of. */
  | { readonly kind: 'opaque' };

/** The values of a tag. DateTime counts as an integer, ms since 1970. */
export function domainOfTag(tag: PolicyTag): Domain {
  if (tag.enumeration !== undefined) return { kind: 'enumeration', names: tag.enumeration };
  const range = integerRange(tag.type);
  if (range !== undefined) return integers(toBigInt(tag.minimum) ?? range[0], toBigInt(tag.maximum) ?? range[1]);
  switch (tag.type) {
    case 'Float':
    case 'Double':
      return reals(tag.minimum, tag.maximum);
    case 'Boolean':
      return { kind: 'booleans' };
    case 'String':
      return { kind: 'texts' };
    default:
      return { kind: 'opaque' };
  }
}

/** Aggregations that make sense of samples of a domain. */
export function aggregatesOf(domain: Domain): readonly Aggregate[] {
  switch (domain.kind) {
    case 'integers':
    case 'reals':
      return ['last', 'max', 'min', 'mean', 'sum', 'count', 'delta'];
    case 'booleans':
      return ['last', 'max', 'min', 'count'];
    case 'opaque':
      return ['count'];
    default:
      return ['last', 'count'];
  }
}

/** How the samples of an interval become one value, as far as it bears on which values that can be. */
export interface Aggregation {
  readonly aggregate: Aggregate;
  readonly decrease: 'restart' | 'signed';
  /** Whether an interval without samples counts as 0. */
  readonly zeroWhenMissing: boolean;
}

/** The values that an interval's aggregate can have, over samples of a domain. */
export function domainOfAggregate(samples: Domain, aggregation: Aggregation): Domain {
  if (aggregation.aggregate === 'count') return integers(aggregation.zeroWhenMissing ? 0n : 1n, UNREACHED);
  if (samples.kind === 'integers') return integerAggregate(samples, aggregation);
  if (samples.kind === 'reals') return realAggregate(samples, aggregation);
  return samples;
}

function integerAggregate({ lowest, highest }: IntegerLine, { aggregate, decrease, zeroWhenMissing }: Aggregation): Domain {
  if (aggregate === 'mean') return reals(Number(lowest), Number(highest));
  if (aggregate === 'delta') return decrease === 'signed' ? integers(lowest - highest, highest - lowest) : integers(0n, UNREACHED);
  if (aggregate !== 'sum') return integers(lowest, highest);
  const least = lowest >= 0n ? lowest : -UNREACHED;
  const most = highest <= 0n ? highest : UNREACHED;
  return zeroWhenMissing ? integers(least > 0n ? 0n : least, most < 0n ? 0n : most) : integers(least, most);
}

function realAggregate({ lowest, highest }: RealLine, { aggregate, decrease, zeroWhenMissing }: Aggregation): Domain {
  if (aggregate === 'delta') return decrease === 'signed' ? reals(lowest - highest, highest - lowest) : reals(0, undefined);
  if (aggregate !== 'sum') return reals(lowest, highest);
  const least = lowest >= 0 ? lowest : undefined;
  const most = highest <= 0 ? highest : undefined;
  if (!zeroWhenMissing) return reals(least, most);
  return reals(least === undefined ? least : Math.min(least, 0), most === undefined ? most : Math.max(most, 0));
}

function toBigInt(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
