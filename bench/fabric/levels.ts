import type { AnchoredChannel } from './anchored-channel.ts';
import { anchorAll, type LevelFigures, type Spread } from './throughput.ts';

/** How many transactions are under way together, and how many are sent of them in a round. */
const LEVELS = [
  { inFlight: 1, count: 20 },
  { inFlight: 8, count: 96 },
  { inFlight: 32, count: 320 },
] as const;
export const IN_FLIGHT: readonly number[] = LEVELS.map(({ inFlight }) => inFlight);

/** At 32 in flight so many times the rate at 1. */
export const BAR_MULTIPLE = 3;
const WARM_UP = 64;

export interface Throughput {
  readonly levels: readonly LevelFigures[];
  /** Rate at 32 in flight in rates at 1: the middle one of the rounds, in each of which one follows the other. */
  readonly multiple: number;
}

/** Rounds of all levels, one after the other, so that what disturbs the machine disturbs all; medians of each figure. */
export async function measureThroughput(channel: AnchoredChannel, rounds: number): Promise<Throughput> {
  await anchorAll(channel.owner, await channel.batches(WARM_UP), LEVELS[1].inFlight);
  const measured: LevelFigures[][] = [];
  for (let round = 0; round < rounds; round++) {
    const levels: LevelFigures[] = [];
    for (const { inFlight, count } of LEVELS) levels.push(await anchorAll(channel.owner, await channel.batches(count), inFlight));
    measured.push(levels);
  }
  return {
    levels: LEVELS.map((_, index) => medianLevel(measured.flatMap((levels) => levels[index] ?? []))),
    multiple: median(measured.map((levels) => (levels.at(-1)?.transactionsPerSecond ?? 0) / (levels[0]?.transactionsPerSecond ?? 1))),
  };
}

function medianLevel(rounds: readonly LevelFigures[]): LevelFigures {
  const spread = (of: (figures: LevelFigures) => Spread): Spread => ({
    p50: median(rounds.map((figures) => of(figures).p50)),
    p95: median(rounds.map((figures) => of(figures).p95)),
  });
  return {
    inFlight: rounds[0]?.inFlight ?? 0,
    transactionsPerSecond: median(rounds.map(({ transactionsPerSecond }) => transactionsPerSecond)),
    wholeMs: spread(({ wholeMs }) => wholeMs),
    endorseMs: spread(({ endorseMs }) => endorseMs),
    commitMs: spread(({ commitMs }) => commitMs),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number((sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(1));
}
