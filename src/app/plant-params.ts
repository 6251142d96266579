import { type ChannelParams, EXTRA_CONDITION_PLACES, parseChannelParams, RESERVED_CODES } from '../core/index.ts';
import type { MappingPolicy } from '../policy/index.ts';

export interface Cadence {
  /** Length of an interval, ms. */
  readonly intervalMs: number;
  /** Intervals an epoch, a power of two. */
  readonly epochIntervals: number;
}

/** Fewest token leaves a slot: with fewer, the number of leaves tells much of the number of conditions. */
const LEAST_CODES = 8;
/** Below this interval the 19 MiB of Argon2 profile 1 take a noticeable share of a core. */
const LEAST_MS_FOR_PROFILE_1 = 10_000;

/** Channel parameters that fit a mapping policy; interval 0 begins at the last grid point before `nowMs`. */
export function paramsFor(policy: MappingPolicy, cadence: Cadence, nowMs: number): ChannelParams {
  const { intervalMs, epochIntervals } = cadence;
  const streams = policy.streams.length;
  const mostCodes = Math.max(...policy.streams.map((stream) => stream.conditions.length)) + Object.keys(RESERVED_CODES).length;
  const callGridMs = intervalMs % 4 === 0 && intervalMs >= 400 ? intervalMs / 4 : intervalMs;
  return parseChannelParams({
    streams,
    codesPerSlot: Math.max(LEAST_CODES, powerOfTwo(mostCodes)),
    epochIntervals,
    intervalMs,
    originMs: Math.floor(nowMs / intervalMs) * intervalMs,
    publications: 1,
    callsPerInterval: callGridMs < intervalMs ? 2 : 0,
    callGridMs,
    publishDelayMs: Math.min(1000, Math.floor(intervalMs / 2)),
    anchorWithinMs: Math.max(10_000, 2 * intervalMs),
    receiptWithinMs: Math.max(30_000, 2 * intervalMs),
    depositAfter: Math.max(2, Math.ceil(60_000 / intervalMs)),
    unreceiptedLimit: 10_000,
    conditionDepth: depthFor(streams + EXTRA_CONDITION_PLACES),
    topDepth: depthFor(policy.tags.length + 1),
    argon2Profile: intervalMs < LEAST_MS_FOR_PROFILE_1 ? 0 : 1,
  });
}

function powerOfTwo(atLeast: number): number {
  return 2 ** depthFor(atLeast);
}

function depthFor(places: number): number {
  return Math.max(1, Math.ceil(Math.log2(places)));
}
