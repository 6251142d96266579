import * as v from 'valibot';
import { RejectedError } from './errors.ts';
import { integer, parseShape } from './shape.ts';

/**
 * The public numbers of a channel. They stand in its `open` transaction, so every ledger participant learns them: the
 * cadence and the outer form of the evidence, nothing of what it is about.
 */
export const ChannelParamsShape = v.strictObject({
  /** Cleared variables, 1 to 64. */
  streams: integer(1, 64),
  /** Token leaves a slot: a power of two, 4 to 256. Holds all condition codes of any stream, reserved ones included. */
  codesPerSlot: integer(4, 256),
  /** Intervals an epoch: a power of two, 2 to 4096. */
  epochIntervals: integer(2, 4096),
  /** Length of an interval in ms. */
  intervalMs: integer(100, 86_400_000),
  /** Start of interval 0, ms since 1970 UTC; a multiple of `intervalMs`. */
  originMs: integer(0),
  /** Publications an interval, 1 to 60, evenly spaced; the last falls on the grid point. */
  publications: integer(1, 60),
  /** Most batches called for by `Anchor()` in one interval (M), 0 to 16. */
  callsPerInterval: integer(0, 16),
  /** Grid of calls in ms; divides `intervalMs`. Equal to `intervalMs` where there are no calls. */
  callGridMs: integer(100),
  /** From the grid point to the cleared value's publication, ms: longer than the work at full capacity. */
  publishDelayMs: integer(1),
  /** From the grid point to the anchor's commit, ms. After it the batch is LATE. */
  anchorWithinMs: integer(1),
  /** From the anchor to the receipt, ms. */
  receiptWithinMs: integer(1),
  /** Intervals after the anchor without a receipt, after which the sender may deposit (D). */
  depositAfter: integer(1, 100_000),
  /** Unreceipted batches after which the sender stops clearing. */
  unreceiptedLimit: integer(1, 1_000_000),
  /** Depth of the condition subtree: 2^depth places. */
  conditionDepth: integer(1, 12),
  /** Depth of the top tree: 2^depth subtrees, the condition subtree being number 0. */
  topDepth: integer(0, 12),
  /** Number in ARGON2_PROFILES. */
  argon2Profile: integer(0, 1),
});
export type ChannelParams = Readonly<v.InferOutput<typeof ChannelParamsShape>>;

/** Condition codes that a mapping policy cannot give itself. Every slot has tokens for all of them. */
export const RESERVED_CODES = {
  /** Nothing can be said of the interval: the quality rule excluded its readings, or there were none. */
  NONE: -1,
  /** The limit of unreceipted batches was reached; clearing is suspended. */
  SUSPENDED: -2,
  /** The module was down. */
  MISSED: -3,
} as const;

/** What people read for the reserved codes; of the least importance, for they say nothing of the machine. */
export const RESERVED_CONDITIONS = [
  { code: RESERVED_CODES.NONE, text: { en: 'No statement', de: 'Keine Aussage' }, importance: 1 },
  {
    code: RESERVED_CODES.SUSPENDED,
    text: { en: 'Clearing suspended: receipts are missing', de: 'Freigabe ausgesetzt: Quittungen fehlen' },
    importance: 1,
  },
  { code: RESERVED_CODES.MISSED, text: { en: 'Module was down', de: 'Modul war außer Betrieb' }, importance: 1 },
] as const;

/** Places in the condition subtree besides the condition records: batch key, gap, validation. */
export const EXTRA_CONDITION_PLACES = 3;

/** @throws RejectedError `BAD_SHAPE` or `BAD_CHANNEL_PARAMS` */
export function parseChannelParams(value: unknown): ChannelParams {
  const params = parseShape(ChannelParamsShape, value, 'channel parameters');
  const refuse = (why: string): never => {
    throw new RejectedError('BAD_CHANNEL_PARAMS', `The channel parameters do not fit together: ${why}.`);
  };
  if (!isPowerOfTwo(params.codesPerSlot)) refuse('codesPerSlot is not a power of two');
  if (!isPowerOfTwo(params.epochIntervals)) refuse('epochIntervals is not a power of two');
  if (params.originMs % params.intervalMs !== 0) refuse('originMs is not a multiple of intervalMs');
  if (params.intervalMs % params.publications !== 0) refuse('publications does not divide intervalMs');
  if (params.intervalMs % params.callGridMs !== 0) refuse('callGridMs does not divide intervalMs');
  if (params.callsPerInterval > 0 && params.intervalMs / params.callGridMs <= params.callsPerInterval) {
    refuse('the call grid has too few points for callsPerInterval');
  }
  if (params.callsPerInterval + 1 > params.codesPerSlot) refuse('codesPerSlot is below callsPerInterval + 1');
  if (2 ** params.conditionDepth < params.streams * params.publications + EXTRA_CONDITION_PLACES) {
    refuse('conditionDepth is too small for streams, publications and the three fixed places');
  }
  return params;
}

/** Interval that contains the instant; the instant of a grid point belongs to the interval that begins there. */
export function intervalAt(params: ChannelParams, timeMs: number): number {
  return Math.floor((timeMs - params.originMs) / params.intervalMs);
}

/** First instant of an interval, ms since 1970 UTC. */
export function intervalStart(params: ChannelParams, interval: number): number {
  return params.originMs + interval * params.intervalMs;
}

/** The grid point that ends an interval: first instant of the next. */
export function intervalEnd(params: ChannelParams, interval: number): number {
  return intervalStart(params, interval + 1);
}

export function epochOf(params: ChannelParams, interval: number): number {
  return Math.floor(interval / params.epochIntervals);
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
