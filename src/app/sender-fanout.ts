import { UnavailableError } from '../core/index.ts';
import type { TagReading } from '../transfer/index.ts';

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
}

/**
 * Hands each reading to every channel whose mapping policy has its tag. A channel that can't take it does not keep it from the
 * others, or one manufacturer could tell by its own channel how another's is doing; it counts the reading as refused.
 */
export class ReadingFanout {
  readonly #all: readonly FanoutTarget[];
  readonly #byTag = new Map<string, FanoutTarget[]>();

  constructor(targets: readonly FanoutTarget[]) {
    this.#all = targets;
    for (const target of targets) {
      for (const tag of target.tags) this.#byTag.set(tag, [...(this.#byTag.get(tag) ?? []), target]);
    }
  }

  /**
   * @returns resolves once every channel that took the reading has it for good; nothing where that needs no wait
   * @throws what the first channel said, where none takes it; the promise rejects likewise
   */
  accept(reading: TagReading): Promise<void> | undefined {
    const targets = this.#running(reading.tag);
    const [only] = targets;
    if (only === undefined)
      throw new UnavailableError('NOT_RUNNING', 'The module does not collect values now. Try again in a few seconds.');
    return targets.length === 1 ? only.accept(reading) : acceptByAll(targets, reading);
  }

  /** Counts a refused value. */
  refuse(tag: string): void {
    for (const target of this.#running(tag)) target.refuse(tag);
  }

  /** Readings of a PLC may be missing, of any tag. */
  noteGap(): void {
    for (const { collecting } of this.#all) collecting?.noteGap();
  }

  #running(tag: string): CollectingTarget[] {
    return (this.#byTag.get(tag) ?? []).flatMap(({ collecting }) => (collecting === undefined ? [] : [collecting]));
  }
}

function acceptByAll(targets: readonly CollectingTarget[], reading: TagReading): Promise<void> | undefined {
  const waiting: Promise<void>[] = [];
  const faults: unknown[] = [];
  const missed: CollectingTarget[] = [];
  for (const target of targets) {
    try {
      const stored = target.accept(reading);
      if (stored !== undefined) waiting.push(stored);
    } catch (error) {
      faults.push(error);
      missed.push(target);
    }
  }
  if (faults.length === targets.length) throw faults[0];
  const toldMissed = (): void => {
    for (const target of missed) target.refuse(reading.tag);
  };
  if (waiting.length > 0) return oneHasIt(waiting, waiting.length + missed.length < targets.length).then(toldMissed);
  toldMissed();
  return undefined;
}

/** Waits for all of them: who is told Good must find the reading wherever it was taken. @param isTaken by one that needs no wait */
async function oneHasIt(waiting: readonly Promise<void>[], isTaken: boolean): Promise<void> {
  const results = await Promise.allSettled(waiting);
  const faults = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (!isTaken && faults.length === results.length) throw faults[0];
}
