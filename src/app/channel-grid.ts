import type { ChannelParams, Clock } from '../core/index.ts';
import {
  type ClockJump,
  type CutBatch,
  GridClock,
  type GridTimer,
  gridStep,
  type GapReason,
  type JournaledChannel,
} from '../transfer/index.ts';

export interface ChannelGridParts {
  readonly params: ChannelParams;
  readonly clock: Clock;
  readonly timer?: GridTimer;
  readonly collecting: JournaledChannel;
  /** True where clearing is suspended: too many batches have no receipt. Asked once a grid point. */
  isSuspended(): boolean;
  /** An interval is about to end. */
  beforeEnd(): void;
  /** Seals what was cut off. `missed`: nobody waits for it. */
  seal(cut: CutBatch): void;
  /** Codes were cleared within the interval; they may be shown once `stored` resolved. */
  publish(n: number, pointMs: number, codes: readonly number[], stored: Promise<void>): void;
  jumped(jump: ClockJump): void;
  missed(cut: CutBatch): void;
  /** The batch shows that clearing is suspended. */
  suspended(n: number): void;
  /** The grid can't go on: what it did half may not stay. */
  failed(error: unknown): void;
}

/** More than this behind the grid, and the intervals between count as missed. */
const MISSED_AFTER_MS = 10_000;

/** What happens at the points of a channel's grid: publications, calls, ends of intervals, and what was missed. */
export class ChannelGrid {
  readonly #parts: ChannelGridParts;
  readonly #clock: GridClock;

  constructor(parts: ChannelGridParts) {
    this.#parts = parts;
    const { clock, params, timer } = parts;
    this.#clock = new GridClock({
      clock,
      stepMs: gridStep(params),
      fromMs: clock.now(),
      listener: (point) => this.#guarded(() => this.#tick(point)),
      onJump: (jump) => this.#guarded(() => this.#jumped(jump)),
      ...(timer === undefined ? {} : { timer }),
    });
  }

  /**
   * Marks what was missed since the last time that the channel ran, and begins.
   * @param reason what the gap record of an interval says of which a part was missed
   */
  start(reason: GapReason): void {
    this.#missed(reason, this.#parts.collecting.hasContent);
    this.#clock.start();
  }

  stop(): void {
    this.#clock.stop();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#clock.stop();
      this.#parts.failed(error);
    }
  }

  #tick(pointMs: number): void {
    const { params, collecting, clock } = this.#parts;
    if (clock.now() - pointMs > Math.max(MISSED_AFTER_MS, 2 * params.intervalMs)) return this.#missed('missed', true);
    if (pointMs < collecting.open.fromMs) return;
    if (pointMs >= collecting.endMs) return this.#endInterval();
    if ((pointMs - params.originMs) % (params.intervalMs / params.publications) === 0 && pointMs > collecting.open.fromMs)
      this.#publish(pointMs);
    if (collecting.isCallDue(pointMs)) this.#parts.seal(collecting.cutCall(pointMs));
  }

  #publish(pointMs: number): void {
    const { n } = this.#parts.collecting.open;
    const { codes, stored } = this.#parts.collecting.publish(pointMs, this.#parts.isSuspended());
    this.#parts.publish(n, pointMs, codes, stored);
  }

  #endInterval(): void {
    const { collecting } = this.#parts;
    this.#parts.beforeEnd();
    const isSuspended = this.#parts.isSuspended();
    if (isSuspended) this.#parts.suspended(collecting.open.n);
    this.#parts.seal(collecting.cutInterval(isSuspended));
  }

  /** A clock that jumps forward was set, or the machine was suspended: in either case nothing was taken in between. */
  #jumped(jump: ClockJump): void {
    this.#parts.jumped(jump);
    if (jump.byMs > 0) this.#missed('missed', true);
  }

  /**
   * Nothing was taken for some time up to now: the intervals that were cut into say so by their gap records, those in
   * between are missed as a whole.
   * @param begun something of the open interval was collected before
   */
  #missed(reason: GapReason, begun: boolean): void {
    const { collecting, clock } = this.#parts;
    const nowMs = clock.now();
    if (collecting.open.fromMs >= nowMs) return;
    collecting.noteGap(reason);
    if (collecting.endMs > nowMs) return;
    this.#parts.beforeEnd();
    if (begun) this.#endInterval();
    while (collecting.endMs <= nowMs) {
      const cut = collecting.cutMissed(nowMs);
      this.#parts.missed(cut);
      this.#parts.seal(cut);
    }
    if (collecting.open.fromMs < nowMs) collecting.noteGap(reason);
  }
}
