import type { GridTimer } from '../../src/transfer/index.ts';
import { ManualClock } from './ledger-network.ts';

/** Time that passes when the test says so; the wall clock can be set on its own. */
export class FakeTime implements GridTimer {
  readonly wall: ManualClock;
  #monotonic = 5000;
  #due: { atMs: number; work: () => void } | undefined;

  /** @param startMs of the wall clock */
  constructor(startMs: number) {
    this.wall = new ManualClock(startMs);
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  after(ms: number, work: () => void): () => void {
    const due = { atMs: this.#monotonic + ms, work };
    this.#due = due;
    return () => {
      if (this.#due === due) this.#due = undefined;
    };
  }

  get isWaiting(): boolean {
    return this.#due !== undefined;
  }

  /** Lets time pass; timers fire on the way, `lateMs` after they are due. */
  pass(ms: number, lateMs = 0): void {
    const end = this.#monotonic + ms;
    while (this.#due !== undefined && this.#due.atMs + lateMs <= end) {
      const { atMs, work } = this.#due;
      this.#advance(Math.max(this.#monotonic, atMs + lateMs));
      this.#due = undefined;
      work();
    }
    this.#advance(end);
  }

  /** The machine is suspended: the wall clock goes on, the monotonic one and the timers don't. */
  sleep(ms: number): void {
    this.wall.timeMs += ms;
  }

  #advance(to: number): void {
    this.wall.timeMs += to - this.#monotonic;
    this.#monotonic = to;
  }
}
