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

/** A wall clock that moved by this much against the monotonic one was set, or the machine was suspended. */
const JUMP_MS = 500;
/** Long waits are cut, so that a clock that is set, or a machine that wakes up, is noticed soon. */
const LONGEST_WAIT_MS = 1000;

/**
 * Calls a listener at every point of a UTC grid. A point is never repeated, also when the clock is set back, and never
 * skipped: after a jump forward the listener sees every point in between at once.
 */
export class GridClock {
  readonly #clock: Clock;
  readonly #stepMs: number;
  readonly #listener: GridListener;
  readonly #onJump: (jump: ClockJump) => void;
  #nextMs: number;
  #offsetMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, stepMs: number, fromMs: number, listener: GridListener, onJump: (jump: ClockJump) => void) {
    this.#clock = clock;
    this.#stepMs = stepMs;
    this.#nextMs = Math.ceil(fromMs / stepMs) * stepMs;
    this.#listener = listener;
    this.#onJump = onJump;
    this.#offsetMs = clock.now() - performance.now();
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    const wait = Math.min(Math.max(this.#nextMs - this.#clock.now(), 0), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  #tick(): void {
    this.#watchForJump();
    while (this.#timer !== undefined && this.#clock.now() >= this.#nextMs) {
      const point = this.#nextMs;
      this.#nextMs += this.#stepMs;
      this.#listener(point);
    }
    if (this.#timer !== undefined) this.#schedule();
  }

  #watchForJump(): void {
    const offset = this.#clock.now() - performance.now();
    const byMs = Math.round(offset - this.#offsetMs);
    if (Math.abs(byMs) < JUMP_MS) return;
    this.#offsetMs = offset;
    this.#onJump({ byMs });
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
