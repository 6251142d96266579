import { RESERVED_CONDITIONS } from '../../core/index.ts';
import type { ClearedStream } from './contract.ts';

export type Condition = ClearedStream['conditions'][number];

/** All conditions that a stream can show, by code, reserved ones first. */
export function conditionsOf(stream: ClearedStream): ReadonlyMap<number, Condition> {
  return new Map([...RESERVED_CONDITIONS, ...stream.conditions].map((condition) => [condition.code, condition]));
}
