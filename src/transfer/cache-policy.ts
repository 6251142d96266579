import type { CacheFill, DroppedPart } from '../store/index.ts';

/** What happens at a limit: no more values are taken, or the oldest or the newest readings are given up. */
export type AtLimit = 'stop' | 'dropOldest' | 'dropNewest';

export type CacheLimit = 'bytes' | 'batches' | 'age';

/** How much a channel may keep for a manufacturer who can't be reached. */
export interface CachePolicy {
  /** Most bytes of readings, seeds and deliveries together. */
  readonly maxBytes: number;
  /** Most batches whose readings are kept; infinite for no limit. */
  readonly maxBatches: number;
  /** Longest time for which readings are kept, ms; infinite for no limit. */
  readonly maxAgeMs: number;
  readonly atLimit: AtLimit;
}

/** As a person writes it down; what is absent has its default. */
export type CacheTerms = Partial<CachePolicy>;

/**
 * Nothing that was answered Good is given up unless the owner says so. With ten values a second 1 GiB is an outage of some
 * two days at intervals of a second, of some three weeks at intervals of a minute: docs/caching.md.
 */
export const DEFAULT_CACHE_POLICY: CachePolicy = { maxBytes: 2 ** 30, maxBatches: Infinity, maxAgeMs: Infinity, atLimit: 'stop' };

export function cachePolicy({ maxBytes, maxBatches, maxAgeMs, atLimit }: CacheTerms = {}): CachePolicy {
  return {
    maxBytes: maxBytes ?? DEFAULT_CACHE_POLICY.maxBytes,
    maxBatches: maxBatches ?? DEFAULT_CACHE_POLICY.maxBatches,
    maxAgeMs: maxAgeMs ?? DEFAULT_CACHE_POLICY.maxAgeMs,
    atLimit: atLimit ?? DEFAULT_CACHE_POLICY.atLimit,
  };
}

/** A full cache is free again below this part of the limit, so that it does not come and go with every batch. */
const FREE_BELOW = 0.9;

/** The limit that the cache has reached. Under `stop` no value is taken then. */
export function limitReached(policy: CachePolicy, fill: CacheFill, nowMs: number): CacheLimit | undefined {
  return LIMITS.find((limit) => usedPart(policy, fill, nowMs, limit) >= 1);
}

/** True where a cache that was full has room again. */
export function hasRoomAgain(policy: CachePolicy, fill: CacheFill, nowMs: number): boolean {
  return LIMITS.every((limit) => usedPart(policy, fill, nowMs, limit) <= FREE_BELOW);
}

/** How full the cache is: the greatest part of any limit, 0 for empty, 1 and more for full. */
export function usedPartOf(policy: CachePolicy, fill: CacheFill, nowMs: number): number {
  return Math.max(...LIMITS.map((limit) => usedPart(policy, fill, nowMs, limit)));
}

/** One step of making room. */
export interface DropStep {
  readonly what: DroppedPart;
  readonly end: 'oldest' | 'newest';
  readonly because: CacheLimit;
}

/**
 * What is to be dropped next so that the cache keeps its limits; undefined where it does, or nothing may be dropped. Readings
 * go before any delivery: a delivery is small, and is all that the manufacturer has been promised. Only bytes can cost one.
 */
export function nextDrop(policy: CachePolicy, fill: CacheFill, nowMs: number): DropStep | undefined {
  if (policy.atLimit === 'stop') return undefined;
  const end = policy.atLimit === 'dropOldest' ? 'oldest' : 'newest';
  if (fill.openable > 0) {
    const because = LIMITS.find((limit) => isExceeded(policy, fill, nowMs, limit));
    return because === undefined ? undefined : { what: 'readings', end, because };
  }
  return fill.batches > 0 && isExceeded(policy, fill, nowMs, 'bytes') ? { what: 'delivery', end, because: 'bytes' } : undefined;
}

const LIMITS: readonly CacheLimit[] = ['bytes', 'batches', 'age'];

function usedPart(policy: CachePolicy, fill: CacheFill, nowMs: number, limit: CacheLimit): number {
  if (limit === 'bytes') return fill.bytes / policy.maxBytes;
  if (limit === 'batches') return fill.openable / policy.maxBatches;
  const since = policy.atLimit === 'dropOldest' ? fill.oldestOpenableMs : fill.oldestMs;
  return since === undefined ? 0 : Math.max(0, nowMs - since) / policy.maxAgeMs;
}

/** `dropOldest` keeps the last stretch of time, `dropNewest` the first one: what came later than that goes. */
function isExceeded(policy: CachePolicy, fill: CacheFill, nowMs: number, limit: CacheLimit): boolean {
  if (limit !== 'age' || policy.atLimit !== 'dropNewest') return usedPart(policy, fill, nowMs, limit) > 1;
  const { oldestMs, newestOpenableMs } = fill;
  return oldestMs !== undefined && newestOpenableMs !== undefined && newestOpenableMs - oldestMs > policy.maxAgeMs;
}
