import type { UaType } from '../core/index.ts';

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

/** What a tag is of an array tag: `Zones[2]` is element 2 of `Zones`. */
export interface ArrayElement {
  /** Of the array tag. */
  readonly name: string;
  /** From 0. */
  readonly index: number;
  /** Elements that the array has. */
  readonly length: number;
}

/** A raw tag: one value. An array tag stands here as one tag for each of its elements. */
export interface PolicyTag {
  readonly name: string;
  /** Absent where the tag is no element of an array. */
  readonly array?: ArrayElement;
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
