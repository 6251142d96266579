import type { ComputeModule } from './compute-module.ts';
import type { Aggregate } from './domain.ts';
import type { Mapping } from './mapping.ts';
import type { PolicyTag } from './tag.ts';

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
