import { UnavailableError } from '../core/index.ts';
import type { TagReading } from '../transfer/index.ts';

/** Longest time in which a channel has to store a reading. */
const STALLED_AFTER_MS = 5000;

/** A channel while it collects. */
export interface CollectingTarget {
  /** @throws UnavailableError, RejectedError; the promise rejects likewise */
  accept(reading: TagReading): Promise<void> | undefined;
  refuse(tag: string): void;
  /** Readings may be missing. */
  noteGap(): void;
}

export interface FanoutTarget {
  /** Names of the tags that its mapping policy has. */
  readonly tags: readonly string[];
  /** Undefined while it can't take values: before its start, after a fault, once its agreement is over. */
  readonly collecting: CollectingTarget | undefined;
  /** What collects has not stored a reading in time: it must not be waited for again. Told once or several times. */
  stalled(collecting: CollectingTarget): void;
}

export interface FanoutOptions {
  /** The module has one channel: nobody else has to be protected from it. */
  readonly isAlone?: boolean;
  /** Tags that come from followed PLCs, which tell a value only when it is another than before. */
  readonly followed?: readonly string[];
  /** Longest time in which a channel has to store a reading, ms. */
  readonly stalledAfterMs?: number;
}

/** What collects now, and whose it is. */
interface Taker {
  readonly target: FanoutTarget;
  readonly collecting: CollectingTarget;
}

/**
 * Hands each reading to every channel whose mapping policy has its tag. A channel that can't take it, or does not store it in
 * time, does not keep it from the others, or one manufacturer could tell by its own channel how another's is doing; it counts
 * the reading as refused.
 */
export class ReadingFanout {
  readonly #all: FanoutTarget[] = [];
  readonly #byTag = new Map<string, FanoutTarget[]>();
  readonly #isAlone: boolean;
  readonly #stalledAfterMs: number;
  readonly #followed: ReadonlySet<string>;
  /** Newest reading of each followed tag. */
  readonly #newest = new Map<string, TagReading>();

  constructor(targets: readonly FanoutTarget[], { isAlone = false, followed = [], stalledAfterMs = STALLED_AFTER_MS }: FanoutOptions = {}) {
    this.#isAlone = isAlone;
    this.#stalledAfterMs = stalledAfterMs;
    this.#followed = new Set(isAlone ? [] : followed);
    for (const target of targets) this.add(target);
  }

  /** From now on it gets readings, too. */
  add(target: FanoutTarget): void {
    this.#all.push(target);
    for (const tag of target.tags) this.#byTag.set(tag, [...(this.#byTag.get(tag) ?? []), target]);
  }

  /**
   * @returns resolves once every channel that took the reading has it for good; nothing where that needs no wait
   * @throws what the first channel said, where none takes it; the promise rejects likewise
   */
  accept(reading: TagReading): Promise<void> | undefined {
    if (this.#followed.has(reading.tag)) this.#newest.set(reading.tag, reading);
    const takers = this.#takers(reading.tag);
    const [only] = takers;
    if (only === undefined)
      throw new UnavailableError('NOT_RUNNING', 'The module does not collect values now. Try again in a few seconds.');
    return this.#isAlone ? only.collecting.accept(reading) : handOut(takers, reading, this.#stalledAfterMs);
  }

  /** Gives a channel that has begun the values that followed PLCs told before: they do not tell them again. */
  begun(target: FanoutTarget, nowMs: number): void {
    const { collecting } = target;
    if (collecting === undefined) return;
    for (const tag of target.tags) {
      const newest = this.#newest.get(tag);
      if (newest !== undefined) handOutLate({ target, collecting }, acceptedAt(newest, nowMs), this.#stalledAfterMs);
    }
  }

  /** Counts a refused value. */
  refuse(tag: string): void {
    for (const { collecting } of this.#takers(tag)) collecting.refuse(tag);
  }

  /** Readings of a PLC may be missing, of any tag. */
  noteGap(): void {
    for (const { collecting } of this.#all) collecting?.noteGap();
  }

  #takers(tag: string): Taker[] {
    return (this.#byTag.get(tag) ?? []).flatMap((target) => {
      const { collecting } = target;
      return collecting === undefined ? [] : [{ target, collecting }];
    });
  }
}

function handOut(takers: readonly Taker[], reading: TagReading, withinMs: number): Promise<void> | undefined {
  const waiting: { readonly taker: Taker; readonly stored: Promise<void> }[] = [];
  const missed: Taker[] = [];
  const faults: unknown[] = [];
  for (const taker of takers) {
    try {
      const stored = taker.collecting.accept(reading);
      if (stored !== undefined) waiting.push({ taker, stored: inTime(taker, stored, withinMs) });
    } catch (error) {
      faults.push(error);
      missed.push(taker);
    }
  }
  if (faults.length === takers.length) throw faults[0];
  const countMissed = (late: readonly Taker[]): void => {
    for (const { collecting } of [...missed, ...late]) collecting.refuse(reading.tag);
  };
  if (waiting.length > 0) return oneHasIt(waiting, waiting.length + missed.length < takers.length).then(countMissed);
  countMissed([]);
  return undefined;
}

/**
 * Waits for all of them: who is told Good must find the reading wherever it was taken.
 * @param isTaken by one that needs no wait
 * @returns those that lost it
 */
async function oneHasIt(
  waiting: readonly { readonly taker: Taker; readonly stored: Promise<void> }[],
  isTaken: boolean,
): Promise<readonly Taker[]> {
  const results = await Promise.allSettled(waiting.map(({ stored }) => stored));
  const faults = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (!isTaken && faults.length === results.length) throw faults[0];
  return waiting.flatMap(({ taker }, index) => (results[index]?.status === 'rejected' ? [taker] : []));
}

/** The same promise, but it rejects where a disk gives no answer, which is told. */
function inTime({ target, collecting }: Taker, stored: Promise<void>, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      target.stalled(collecting);
      reject(new UnavailableError('STORE_STALLED', 'The store of the channel does not answer. See its disk.'));
    }, withinMs);
    stored.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Nobody waits for it. */
function handOutLate(taker: Taker, reading: TagReading, withinMs: number): void {
  const count = (): void => taker.collecting.refuse(reading.tag);
  try {
    handOut([taker], reading, withinMs)?.catch(count);
  } catch {
    count();
  }
}

/** Where the module's time counted it counts again. */
function acceptedAt(reading: TagReading, nowMs: number): TagReading {
  const isOwnTime = reading.sourceMs === reading.acceptedMs;
  return { ...reading, acceptedMs: nowMs, sourceMs: isOwnTime ? nowMs : reading.sourceMs };
}
