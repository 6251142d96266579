import type { Ledger } from '../../src/ledger/index.ts';
import type { AnchoredBatch } from './anchored-channel.ts';

/** ms: the middle and the 95th of a hundred. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

export interface LevelFigures {
  readonly inFlight: number;
  readonly transactionsPerSecond: number;
  /** From the body to its commit. */
  readonly wholeMs: Spread;
  /** Proposed, and endorsed by two organisations. */
  readonly endorseMs: Spread;
  /** Ordered, in a block, and checked by the own organisation's peer. */
  readonly commitMs: Spread;
}

interface Times {
  readonly endorseMs: number;
  readonly commitMs: number;
}

/** Anchors all batches, so many at a time, each by its own transaction. */
export async function anchorAll(ledger: Ledger, batches: readonly AnchoredBatch[], inFlight: number): Promise<LevelFigures> {
  const left = [...batches];
  const times: Times[] = [];
  const worker = async (): Promise<void> => {
    for (let batch = left.pop(); batch !== undefined; batch = left.pop()) times.push(await anchorOne(ledger, batch));
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begin) / 1000;
  return {
    inFlight,
    transactionsPerSecond: Number((batches.length / seconds).toFixed(1)),
    wholeMs: spreadOf(times.map(({ endorseMs, commitMs }) => endorseMs + commitMs)),
    endorseMs: spreadOf(times.map(({ endorseMs }) => endorseMs)),
    commitMs: spreadOf(times.map(({ commitMs }) => commitMs)),
  };
}

async function anchorOne(ledger: Ledger, { body }: AnchoredBatch): Promise<Times> {
  const begin = performance.now();
  const prepared = await ledger.prepare('anchor', body);
  const endorsed = performance.now();
  await ledger.submit(prepared);
  return { endorseMs: endorsed - begin, commitMs: performance.now() - endorsed };
}

/** @param values one at least */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50: at(0.5), p95: at(0.95) };
}
