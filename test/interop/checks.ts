import { ALARM_CHECKS } from './checks-alarm.ts';
import { CLEARED_CHECKS } from './checks-cleared.ts';
import { CONNECTING_CHECKS } from './checks-connecting.ts';
import { INGEST_CHECKS } from './checks-ingest.ts';
import type { Capability } from './stacks.ts';
import type { Talk } from './talk.ts';

/** Something that every stack is asked in the same way. */
export interface Check {
  readonly title: string;
  readonly needs?: Capability;
  /** @throws Error where it does not hold */
  run(talk: Talk): Promise<void>;
}

export const CHECKS: readonly Check[] = [...CONNECTING_CHECKS, ...INGEST_CHECKS, ...CLEARED_CHECKS, ...ALARM_CHECKS];
