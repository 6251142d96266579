import {
  type Bytes,
  type ChannelParams,
  equalBytes,
  fromBase64Url,
  labelledHash,
  labelledMac,
  toBase64Url,
  u32,
  u64,
} from '../core/index.ts';
import { refused } from './errors.ts';
import { depthFor, EMPTY, foldPath, siblings, treeLevels } from './merkle.ts';

/**
 * Gives the batch seeds of one interval after the other. A step forgets the state before it: whoever takes the state now
 * cannot open a batch of an earlier interval.
 */
export class SeedRatchet {
  #state: Bytes;
  #interval: number;

  /**
   * @param state 32 secret bytes that belong to `interval`
   * @param interval 0 or more
   */
  constructor(state: Bytes, interval: number) {
    if (state.length !== 32) throw refused('BAD_INPUT', 'A ratchet state has 32 bytes.');
    this.#state = state.slice();
    this.#interval = interval;
  }

  get interval(): number {
    return this.#interval;
  }

  /** To be sealed; opens this interval and all later ones. */
  get state(): Bytes {
    return this.#state.slice();
  }

  /** The interval's seeds by ordinal of the batch in it: one for each possible call, and one more. */
  seeds(callsPerInterval: number): Bytes[] {
    return Array.from({ length: callsPerInterval + 1 }, (_, ordinal) =>
      labelledMac(this.#state, 'DCMB/0/seed', u64(this.#interval), u32(ordinal)),
    );
  }

  /** Goes on to the next interval; the old state is overwritten. */
  advance(): void {
    const next = labelledMac(this.#state, 'DCMB/0/ratchet', u64(this.#interval));
    this.#state.fill(0);
    this.#state = next;
    this.#interval++;
  }

  /** @throws RejectedError `OUTSIDE_EPOCH` for an earlier interval: there is no way back */
  skipTo(interval: number): void {
    if (interval < this.#interval)
      throw refused('OUTSIDE_EPOCH', `The seeds of interval ${interval} are gone; the ratchet stands at ${this.#interval}.`);
    while (this.#interval < interval) this.advance();
  }
}

/** Commitment to one epoch's seeds, with what is needed to prove one of them after the ratchet has gone on. */
export class SeedTree {
  readonly root: Bytes;
  readonly #params: ChannelParams;
  /** The tree of each interval's seeds, and the tree over their roots. */
  readonly #rows: Bytes[][][] = [];
  readonly #levels: Bytes[][];

  /**
   * @param params of the channel
   * @param hashes `seedHash` of every seed of the epoch, interval-major, M + 1 an interval
   */
  constructor(params: ChannelParams, hashes: readonly Bytes[]) {
    const perInterval = params.callsPerInterval + 1;
    if (hashes.length !== params.epochIntervals * perInterval)
      throw refused('BAD_INPUT', `An epoch has ${params.epochIntervals * perInterval} seeds.`);
    for (let at = 0; at < hashes.length; at += perInterval) {
      this.#rows.push(treeLevels(hashes.slice(at, at + perInterval), depthFor(perInterval), () => EMPTY));
    }
    this.#params = params;
    this.#levels = treeLevels(
      this.#rows.map((row) => row.at(-1)![0]!),
      depthFor(params.epochIntervals),
      () => EMPTY,
    );
    this.root = this.#levels.at(-1)![0]!;
  }

  /** @param state the ratchet's state at `firstInterval`, which begins an epoch */
  static of(state: Bytes, firstInterval: number, params: ChannelParams): SeedTree {
    if (firstInterval % params.epochIntervals !== 0) throw refused('OUTSIDE_EPOCH', `Interval ${firstInterval} does not begin an epoch.`);
    const ratchet = new SeedRatchet(state, firstInterval);
    const hashes: Bytes[] = [];
    for (let i = 0; i < params.epochIntervals; i++, ratchet.advance()) hashes.push(...ratchet.seeds(params.callsPerInterval).map(seedHash));
    return new SeedTree(params, hashes);
  }

  /** Proof that a seed is the one committed to for (interval, ordinal). It tells no other seed. */
  prove(interval: number, ordinal: number): string[] {
    requireSeedIndex(this.#params, interval, ordinal);
    const at = interval % this.#params.epochIntervals;
    return [...siblings(this.#rows[at]!, ordinal), ...siblings(this.#levels, at)].map(toBase64Url);
  }
}

/** What stands for a seed in the commitment. */
export function seedHash(seed: Bytes): Bytes {
  return labelledHash('DCMB/0/seed-leaf', seed);
}

/** Root over the seeds of the epoch that begins with `firstInterval`. */
export function seedCommitment(state: Bytes, firstInterval: number, params: ChannelParams): Bytes {
  return SeedTree.of(state, firstInterval, params).root;
}

/** A batch seed with the proof that it is the one committed to. */
export interface DisclosedSeed {
  readonly interval: number;
  /** Position of the batch among those of its interval, from 0. */
  readonly ordinal: number;
  readonly seed: Bytes;
  /** As `SeedTree.prove` gives it. */
  readonly proof: readonly string[];
}

/**
 * Checks that a disclosed seed is the one that was committed to before the epoch began.
 * @param root of the epoch's seed commitment
 * @throws RejectedError `WRONG_SEED`, `OUTSIDE_EPOCH`
 */
export function verifyDisclosedSeed(params: ChannelParams, root: Bytes, { interval, ordinal, seed, proof }: DisclosedSeed): void {
  requireSeedIndex(params, interval, ordinal);
  const leaf = (interval % params.epochIntervals) * 2 ** depthFor(params.callsPerInterval + 1) + ordinal;
  const fits = seed.length === 32 && proof.length === seedTreeDepth(params);
  if (!fits || !equalBytes(foldPath(seedHash(seed), leaf, proof.map(fromBase64Url)), root)) {
    throw refused('WRONG_SEED', `The seed is not the one committed to for interval ${interval}, ordinal ${ordinal}.`);
  }
}

function requireSeedIndex(params: ChannelParams, interval: number, ordinal: number): void {
  if (!Number.isSafeInteger(interval) || interval < 0 || !Number.isInteger(ordinal) || ordinal < 0 || ordinal > params.callsPerInterval) {
    throw refused('OUTSIDE_EPOCH', 'There is no seed of that interval and ordinal.');
  }
}

function seedTreeDepth(params: ChannelParams): number {
  return depthFor(params.epochIntervals) + depthFor(params.callsPerInterval + 1);
}
