import type { ChannelParams, Clock } from '../core/index.ts';

/** Distance of the points at which something can be due: publications, calls, ends of intervals. */
export function gridStep({ callGridMs, intervalMs, publications }: ChannelParams): number {
  return greatestCommonDivisor(callGridMs, intervalMs / publications);
}

/** Called at each grid point, in ascending order, each exactly once. */
export type GridListener = (pointMs: number) => void;

export interface ClockJump {
  /** Milliseconds by which the wall clock moved against the monotonic one; negative: set back. */
  readonly byMs: number;
}

/** Waiting, and a clock that nobody sets. */
export interface GridTimer {
  /** Milliseconds since some instant; never goes back. */
  monotonicMs(): number;
  /** Calls `work` once after `ms`. @returns what cancels it */
  after(ms: number, work: () => void): () => void;
}

const systemTimer: GridTimer = {
  monotonicMs: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export interface GridClockParts {
  readonly clock: Clock;
  /** Distance of the points, see {@link gridStep}. */
  readonly stepMs: number;
  /** No point before this instant is told, ms since 1970. */
  readonly fromMs: number;
  readonly listener: GridListener;
  readonly onJump: (jump: ClockJump) => void;
  readonly timer?: GridTimer;
}

/** A wall clock that moved by this much against the monotonic one was set, or the machine was suspended. */
const JUMP_MS = 500;
/** Long waits are cut, so that a clock that is set, or a machine that wakes up, is noticed soon. */
const LONGEST_WAIT_MS = 1000;

/**
 * Calls a listener at every point of a UTC grid. A point is never repeated, also when the clock is set back, and never
 * skipped: after a jump forward the listener sees every point in between at once.
 */
export class GridClock {
  readonly #parts: GridClockParts;
  readonly #timer: GridTimer;
  #nextMs: number;
  #offsetMs: number;
  /** Set while the clock runs. */
  #cancel: (() => void) | undefined;

  constructor(parts: GridClockParts) {
    this.#parts = parts;
    this.#timer = parts.timer ?? systemTimer;
    this.#nextMs = Math.ceil(parts.fromMs / parts.stepMs) * parts.stepMs;
    this.#offsetMs = this.#offset();
  }

  start(): void {
    this.#cancel?.();
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    const wait = Math.min(Math.max(this.#nextMs - this.#parts.clock.now(), 0), LONGEST_WAIT_MS);
    this.#cancel = this.#timer.after(wait, () => this.#tick());
  }

  #tick(): void {
    this.#watchForJump();
    while (this.#cancel !== undefined && this.#parts.clock.now() >= this.#nextMs) {
      const point = this.#nextMs;
      this.#nextMs += this.#parts.stepMs;
      this.#parts.listener(point);
    }
    if (this.#cancel !== undefined) this.#schedule();
  }

  #watchForJump(): void {
    const offset = this.#offset();
    const byMs = Math.round(offset - this.#offsetMs);
    // Small corrections that add up over the days are no jump.
    this.#offsetMs = offset;
    if (Math.abs(byMs) >= JUMP_MS) this.#parts.onJump({ byMs });
  }

  #offset(): number {
    return this.#parts.clock.now() - this.#timer.monotonicMs();
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
