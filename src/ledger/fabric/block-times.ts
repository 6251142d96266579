import { type FabricBlock, ownTimeMs } from '../../fabric-blocks/index.ts';
import type { BlockInfo } from '../port.ts';

/** How many blocks before it lend a block their time. */
export const BLOCKS_BEFORE = 16;

/** Blocks whose hash and own time are remembered. */
const MOST_KEPT = 4096;

interface OwnFacts {
  readonly hash: string;
  /** ms since 1970 UTC, 0 for none */
  readonly ownMs: number;
}

/**
 * Times of blocks. A block of Fabric's has no clock: its time is the greatest own one (see `ownTimeMs`) of its and of the
 * blocks shortly before it. What was found once is remembered, for a block never changes.
 */
export class BlockTimes {
  readonly #evidence: string;
  readonly #kept = new Map<number, OwnFacts>();
  #newest = -1;

  /** @param evidence name of the evidence chaincode */
  constructor(evidence: string) {
    this.#evidence = evidence;
  }

  /** The highest number that was added or seen, -1 for none. */
  get newest(): number {
    return this.#newest;
  }

  /** A block of this number was there once, as the caller remembers. */
  seen(number: number): void {
    this.#newest = Math.max(this.#newest, number);
  }

  add(block: FabricBlock): void {
    this.#newest = Math.max(this.#newest, block.number);
    this.#kept.set(block.number, { hash: block.hash, ownMs: ownTimeMs(block, this.#evidence) });
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value as number);
  }

  /** Numbers of the blocks that have to be added before `info` can tell. */
  missing(number: number): number[] {
    return numbersFor(number).filter((each) => !this.#kept.has(each));
  }

  /** `undefined` where blocks are missing. */
  info(number: number): BlockInfo | undefined {
    const facts = numbersFor(number).map((each) => this.#kept.get(each));
    const own = facts.at(-1);
    if (own === undefined || facts.includes(undefined)) return undefined;
    const timeMs = number === 0 ? 0 : Math.max(...facts.map((each) => each?.ownMs ?? 0));
    return { number, hash: own.hash, timeMs };
  }
}

function numbersFor(number: number): number[] {
  const first = Math.max(0, number - BLOCKS_BEFORE);
  return Array.from({ length: number - first + 1 }, (_, i) => first + i);
}
