import { type Clock, UnavailableError } from '../core/index.ts';
import type { CacheFill, DroppedPart, SenderStore } from '../store/index.ts';
import { type CacheLimit, type CachePolicy, type DropStep, hasRoomAgain, limitReached, nextDrop, usedPartOf } from './cache-policy.ts';
import type { TransferErrorCode } from './errors.ts';

/** Batches of which the same was dropped for the same reason, one after the other. */
export interface DroppedRun {
  readonly what: DroppedPart;
  readonly because: CacheLimit;
  readonly fromBatch: number;
  readonly toBatch: number;
}

export interface CacheListener {
  dropped(run: DroppedRun): void;
  /** A limit is reached. Under `stop` no value is taken from now on. */
  full(because: CacheLimit): void;
  /** There is room again. */
  free(): void;
}

export interface CacheKeeperParts {
  readonly policy: CachePolicy;
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly listener: CacheListener;
}

/** Drops at one review. Each is a durable step of its own, and the grid must not wait for thousands. */
const MOST_AT_ONCE = 32;
/** While many receipts come in, the fill of a full cache is looked at so often. */
const LOOK_AGAIN_MS = 100;

/** Keeps a channel's cache within its limits, and tells when it is full. Knows nothing but what the store holds. */
export class CacheKeeper {
  readonly #parts: CacheKeeperParts;
  #full = false;
  #lookedMs = 0;

  constructor(parts: CacheKeeperParts) {
    this.#parts = parts;
  }

  /** A limit is reached. */
  get isFull(): boolean {
    return this.#full;
  }

  /** What the cache holds, and the greatest part of any limit that this is: 0 for empty, 1 and more for full. */
  fill(): CacheFill & { readonly usedPart: number } {
    const { policy, store, clock } = this.#parts;
    const fill = store.cacheFill();
    return { ...fill, usedPart: usedPartOf(policy, fill, clock.now()) };
  }

  /** Asked before a value is taken. @throws UnavailableError `CACHE_FULL` */
  requireRoom(): void {
    if (!this.#full || this.#parts.policy.atLimit !== 'stop') return;
    throw new UnavailableError<TransferErrorCode>(
      'CACHE_FULL',
      'The cache for the manufacturer is full, and no value is taken before receipts are back. Mend the link, or give the cache more room.',
    );
  }

  /** At the start, and whenever a batch was sealed: drops what has to go, and looks whether the cache is full. */
  review(): void {
    let exceeded: CacheLimit | undefined;
    for (let run = this.#drop(MOST_AT_ONCE); run !== undefined; run = run.rest > 0 ? this.#drop(run.rest) : undefined) {
      const { what, because, fromBatch, toBatch } = run;
      exceeded ??= because;
      this.#parts.listener.dropped({ what, because, fromBatch, toBatch });
    }
    this.#look(exceeded);
  }

  /** A batch left the cache. */
  left(): void {
    if (this.#full && Math.abs(this.#parts.clock.now() - this.#lookedMs) >= LOOK_AGAIN_MS) this.#look();
  }

  /** Drops of one kind, one after the other. @returns undefined where there was nothing to drop */
  #drop(most: number): (DroppedRun & { readonly rest: number }) | undefined {
    const numbers: number[] = [];
    let step = this.#next();
    const first = step;
    while (step !== undefined && step.what === first?.what && step.because === first.because && numbers.length < most) {
      if (!this.#dropOne(step)) break;
      numbers.push(step.n);
      step = this.#next();
    }
    if (first === undefined || numbers.length === 0) return undefined;
    const { what, because } = first;
    return { what, because, fromBatch: Math.min(...numbers), toBatch: Math.max(...numbers), rest: most - numbers.length };
  }

  #next(): (DropStep & { readonly n: number }) | undefined {
    const { policy, store, clock } = this.#parts;
    const step = nextDrop(policy, store.cacheFill(), clock.now());
    const n = step === undefined ? undefined : store.nextToDrop(step.what, step.end);
    return step === undefined || n === undefined ? undefined : { ...step, n };
  }

  #dropOne({ what, n }: { readonly what: DroppedPart; readonly n: number }): boolean {
    const { store } = this.#parts;
    return what === 'readings' ? store.dropOpening(n) : store.expire(n);
  }

  /** @param exceeded limit for which something was just dropped: the cache was full, though it is within its limits now */
  #look(exceeded?: CacheLimit): void {
    const { policy, store, clock, listener } = this.#parts;
    const [fill, nowMs] = [store.cacheFill(), clock.now()];
    this.#lookedMs = nowMs;
    const because = exceeded ?? limitReached(policy, fill, nowMs);
    if (!this.#full && because !== undefined) {
      this.#full = true;
      listener.full(because);
    } else if (this.#full && exceeded === undefined && hasRoomAgain(policy, fill, nowMs)) {
      this.#full = false;
      listener.free();
    }
  }
}
