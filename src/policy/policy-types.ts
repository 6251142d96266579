import type { UaType } from '../core/index.ts';
import type { ComputeModule } from './compute.ts';
import type { Mapping } from './mapping.ts';

/** A text for people, in both languages that every cleared variable speaks. */
export interface LocalizedText {
  readonly en: string;
  readonly de: string;
}

/** A condition as the manufacturer may know it: nothing here says which raw values give it. */
export interface ConditionTerm {
  /** Int32, 0 or more; unique in its stream. */
  readonly code: number;
  readonly text: LocalizedText;
  /** 1 to 1000; the severity of the OPC UA alarm (OPC UA Part 5, clause 6.4.2). */
  readonly importance: number;
}

/** Whose time counts for a tag, and how far a time stamp may be off. */
export type TimestampPolicy =
  | { readonly use: 'server' }
  | {
      readonly use: 'source';
      /** Oldest source time stamp on arrival, ms before the module's clock. */
      readonly maxAgeMs: number;
      /** Latest source time stamp on arrival, ms after the module's clock. */
      readonly maxFutureMs: number;
    };

/** A raw tag. */
export interface PolicyTag {
  readonly name: string;
  readonly description: string;
  readonly type: UaType;
  /** Engineering range, both bounds included; absent where the type alone bounds it. Readings beyond it are refused. */
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  /** All values of an enumeration with their names; absent for every other tag. */
  readonly enumeration: ReadonlyMap<number, string> | undefined;
  readonly timestamps: TimestampPolicy;
  /** Age in ms beyond which the newest reading is stale; absent: never. */
  readonly staleAfterMs: number | undefined;
}

export type Aggregate = 'last' | 'max' | 'min' | 'mean' | 'sum' | 'count' | 'delta';

/** Intercept plus the sum of weight times value over the source tags. */
export interface LinearModel {
  readonly kind: 'linear';
  readonly intercept: number;
  /** In the order of the stream's tags. */
  readonly weights: readonly number[];
}

/** An ES module named by its digest. */
export interface ModuleCompute {
  readonly kind: 'module';
  readonly file: string;
  /** SHA-256 of the file, lower-case hexadecimal. */
  readonly sha256: string;
  readonly module: ComputeModule;
}

/**
 * What a reading does that cannot count as it is. A number is the code that the interval gets. `ignore` leaves the
 * reading (or the sample over a stale value) out, `use` takes it as if it were good, `none` makes the interval NONE,
 * `hold` repeats the condition with which the interval before ended, `zero` takes 0 as the interval's value.
 */
export interface QualityRule {
  readonly bad: 'ignore' | 'none' | number;
  readonly uncertain: 'use' | 'ignore' | 'none' | number;
  readonly stale: 'use' | 'ignore' | 'none' | number;
  readonly missing: 'none' | 'hold' | 'zero' | number;
}

/** A cleared variable and how it comes from its tags. */
export interface StreamPolicy {
  readonly name: string;
  readonly title: LocalizedText;
  /** Indices of the source tags in `MappingPolicy.tags`. */
  readonly tags: readonly number[];
  readonly input: 'value' | 'status';
  readonly compute: LinearModel | ModuleCompute | undefined;
  /** Index in `MappingPolicy.tags` of the tag each of whose readings gives one sample. */
  readonly trigger: number;
  readonly aggregate: Aggregate;
  /** What a decrease means to `delta`; of no effect on other aggregations. */
  readonly decrease: 'restart' | 'signed';
  readonly conditions: readonly ConditionTerm[];
  readonly mapping: Mapping;
  readonly quality: QualityRule;
}

/** A mapping policy that is known to give exactly one condition for every value that each stream can have. */
export interface MappingPolicy {
  readonly id: string;
  readonly version: number;
  readonly tags: readonly PolicyTag[];
  readonly streams: readonly StreamPolicy[];
}
