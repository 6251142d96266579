import type { Check } from './check.ts';
import { ALARM_CHECKS } from './checks-alarm.ts';
import { CLEARED_CHECKS } from './checks-cleared.ts';
import { CONNECTING_CHECKS } from './checks-connecting.ts';
import { INGEST_CHECKS } from './checks-ingest.ts';

export const CHECKS: readonly Check[] = [...CONNECTING_CHECKS, ...INGEST_CHECKS, ...CLEARED_CHECKS, ...ALARM_CHECKS];
