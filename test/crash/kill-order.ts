import type { Part } from './operations.ts';

/**
 * A place in a module's work: an operation of a part, a step that it logs, or a stage that a transaction passes on Fabric
 * (`endorse`, `submit`, `commitStatus`).
 */
export interface KillPoint {
  readonly part: Part | 'trace' | 'fabric';
  readonly name: string;
  readonly when: 'before' | 'after';
}

/** How a module's next life ends. */
export type KillOrder =
  /** At this place, the `occurrence`th time in this life that it is passed, by its own hand. */
  | { readonly kind: 'step'; readonly point: KillPoint; readonly occurrence: number }
  /** So long after its start, from outside. */
  | { readonly kind: 'moment'; readonly afterMs: number }
  /** First its cleared server, so long after the module runs; the module itself a while later. */
  | { readonly kind: 'cleared'; readonly afterMs: number; readonly thenMs: number };

export function pointName({ part, name, when }: KillPoint): string {
  return `${when} ${part}.${name}`;
}
