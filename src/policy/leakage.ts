import { type ChannelParams, RejectedError, RESERVED_CODES } from '../core/index.ts';
import type { PolicyErrorCode } from './errors.ts';
import type { MappingPolicy, StreamPolicy } from './policy-types.ts';

/** The most that one stream can tell the manufacturer. */
export interface StreamLeakage {
  readonly stream: string;
  /** Distinct codes that can be seen: the conditions and the reserved codes. */
  readonly codes: number;
  /** Publications an interval. */
  readonly publications: number;
  /** log2(codes) for each publication: reached only if every code were equally likely and independent of the others. */
  readonly bitsPerInterval: number;
  /** Source tags whose readings bear on the stream. They are for the owner's eyes. */
  readonly tags: readonly string[];
}

/** The most that a channel can tell the manufacturer by what it is meant to tell. */
export interface LeakageReport {
  readonly policy: string;
  readonly version: number;
  readonly intervalMs: number;
  readonly streams: readonly StreamLeakage[];
  /** What the calls of `Anchor()` tell: at which points of the call grid there was one. Visible on the ledger as well. */
  readonly callBitsPerInterval: number;
  readonly bitsPerInterval: number;
  readonly bitsPerDay: number;
}

const DAY_MS = 86_400_000;

/**
 * An upper bound of the information that the conditions of a mapping policy give at the agreed cadence. Raw tags that
 * the agreement releases come on top, and so does what no policy governs: outages of the module, and when it submits to
 * the ledger.
 * @throws RejectedError `POLICY_INCONSISTENT` where policy and parameters have different numbers of streams
 */
export function leakageReport(policy: MappingPolicy, params: ChannelParams): LeakageReport {
  if (policy.streams.length !== params.streams) {
    throw new RejectedError<PolicyErrorCode>(
      'POLICY_INCONSISTENT',
      `The mapping policy has ${policy.streams.length} streams, the channel ${params.streams}.`,
    );
  }
  const streams = policy.streams.map((stream) => streamLeakage(stream, policy, params));
  const callBitsPerInterval = callBits(params);
  const bitsPerInterval = streams.reduce((bits, stream) => bits + stream.bitsPerInterval, callBitsPerInterval);
  return {
    policy: policy.id,
    version: policy.version,
    intervalMs: params.intervalMs,
    streams,
    callBitsPerInterval,
    bitsPerInterval,
    bitsPerDay: (bitsPerInterval * DAY_MS) / params.intervalMs,
  };
}

function streamLeakage(stream: StreamPolicy, policy: MappingPolicy, { publications }: ChannelParams): StreamLeakage {
  const codes = stream.conditions.length + Object.keys(RESERVED_CODES).length;
  return {
    stream: stream.name,
    codes,
    publications,
    bitsPerInterval: Math.log2(codes) * publications,
    tags: stream.tags.map((tag) => policy.tags[tag]!.name),
  };
}

/** log2 of the ways to choose at most M of the call grid's points, the grid point of the interval excluded. */
function callBits({ intervalMs, callGridMs, callsPerInterval }: ChannelParams): number {
  const points = intervalMs / callGridMs - 1;
  let ways = 1;
  let total = 1;
  for (let calls = 1; calls <= Math.min(callsPerInterval, points); calls++) {
    ways = (ways * (points - calls + 1)) / calls;
    total += ways;
  }
  return Math.log2(total);
}
