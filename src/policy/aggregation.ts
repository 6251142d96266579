import type { Aggregate } from './domain.ts';
import type { Sample } from './mapping.ts';
import { addTo, type CompensatedSum, emptySum, totalOf } from './compensated-sum.ts';
import type { Numeric } from './number-line.ts';

/*
 * Aggregations of an interval's samples: each sample is taken once, in order of acceptance, and memory does not grow
 * with their number. Integers (bigint) are exact; doubles are summed with compensation. No result is lost to overflow:
 * what leaves the range of doubles is brought back to its end by the caller.
 */

/** What an aggregation remembers, as values that can be stored. Every aggregation uses the fields that it needs. */
export interface AggregationState {
  /** Samples of the interval. */
  count: number;
  /** Last, largest or smallest sample; for delta the last one, which outlives the interval. */
  kept: Sample | undefined;
  /** Where delta counts from: the interval's start, or the last restart. */
  base: Numeric | undefined;
  /** Exact total of integers; for delta what came before the last restart. */
  exact: bigint;
  /** Total of doubles; for delta what came before the last restart. */
  total: CompensatedSum;
}

export interface AggregationRule {
  readonly aggregate: Aggregate;
  readonly decrease: 'restart' | 'signed';
}

export function emptyAggregation(): AggregationState {
  return { count: 0, kept: undefined, base: undefined, exact: 0n, total: emptySum() };
}

/** Takes one sample. Numbers of a stream are all bigint or all finite doubles. */
export function take({ aggregate, decrease }: AggregationRule, state: AggregationState, sample: Sample): void {
  state.count++;
  if (aggregate === 'sum' || aggregate === 'mean') addNumber(state, sample as Numeric);
  else if (aggregate === 'delta') takeForDelta(state, decrease, sample as Numeric);
  else if (aggregate !== 'count') state.kept = preferred(aggregate, state.kept, sample);
}

/** The aggregate of what was taken in this interval; undefined for no sample. */
export function resultOf({ aggregate }: AggregationRule, state: AggregationState): Sample | undefined {
  if (state.count === 0) return undefined;
  switch (aggregate) {
    case 'count':
      return BigInt(state.count);
    case 'sum':
      return totalNumber(state);
    case 'mean':
      return meanOf(state);
    case 'delta':
      return deltaOf(state);
    default:
      return state.kept;
  }
}

/** Forgets the interval's samples; delta goes on from its last one. */
export function startInterval({ aggregate }: AggregationRule, state: AggregationState): void {
  state.count = 0;
  state.exact = 0n;
  state.total = emptySum();
  if (aggregate === 'delta') state.base = state.kept as Numeric | undefined;
  else state.kept = undefined;
}

function preferred(aggregate: 'last' | 'max' | 'min', kept: Sample | undefined, sample: Sample): Sample {
  if (kept === undefined || aggregate === 'last') return sample;
  return (aggregate === 'max') === sample > kept ? sample : kept;
}

function addNumber(state: AggregationState, value: Numeric): void {
  if (typeof value === 'bigint') state.exact += value;
  else addTo(state.total, value);
  state.kept = value;
}

function totalNumber(state: AggregationState): Numeric {
  return typeof state.kept === 'bigint' ? state.exact : totalOf(state.total);
}

/** The quotient's integer part is exact, so that sums beyond 2^53 lose nothing before the division. */
function meanOf(state: AggregationState): number {
  if (typeof state.kept !== 'bigint') return totalOf(state.total) / state.count;
  const count = BigInt(state.count);
  return Number(state.exact / count) + Number(state.exact % count) / state.count;
}

/**
 * Without a restart the result is exactly the last sample minus the base. A restart closes what was counted so far and
 * goes on from 0, so the samples lost between the last one before it and the restart are not made up for.
 */
function takeForDelta(state: AggregationState, decrease: 'restart' | 'signed', sample: Numeric): void {
  state.base ??= sample;
  const last = state.kept as Numeric | undefined;
  if (decrease === 'restart' && last !== undefined && sample < last) {
    addCounted(state, last);
    state.base = typeof sample === 'bigint' ? 0n : 0;
  }
  state.kept = sample;
}

function addCounted(state: AggregationState, last: Numeric): void {
  if (typeof last === 'bigint') state.exact += last - (state.base as bigint);
  else addTo(state.total, last - (state.base as number));
}

function deltaOf(state: AggregationState): Numeric {
  const { kept, base } = state;
  if (typeof kept === 'bigint') return state.exact + (kept - (base as bigint));
  return totalOf(state.total) + ((kept as number) - (base as number));
}
