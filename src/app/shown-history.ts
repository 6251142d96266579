import { type ChannelParams, type Clock, intervalEnd, intervalStart, RESERVED_CODES } from '../core/index.ts';
import type { HistoryPoint, HistoryQuery } from '../server/index.ts';
import type { SenderStore, ShownBatch, StoredBatch } from '../store/index.ts';
import { ShownStates } from './shown-states.ts';

/** Conditions of all streams at one grid point, as they were given to the cleared server. */
export interface GivenCodes {
  readonly batch: number;
  readonly gridMs: number;
  readonly publishAtMs: number;
  readonly codes: readonly number[];
}

/** Batches that are read from the store at once; in between others have their turn. */
const SLICE = 100;
/** Grid points that are remembered until the store tells of them. */
const MOST_GIVEN = 4096;

/**
 * What the cleared server of a channel has shown so far. It holds no more than that: what waits for its time, or was not
 * given to the server at all, is not in it.
 */
export class ShownHistory {
  readonly #store: SenderStore;
  readonly #params: ChannelParams;
  readonly #clock: Clock;
  readonly #states = new ShownStates();
  /** By grid time. */
  readonly #given = new Map<number, GivenCodes>();
  /** Number of the newest batch that stands in the store and was shown whole; undefined before any was given. */
  #through: number | undefined;
  #shownMs = 0;

  constructor(store: SenderStore, params: ChannelParams, clock: Clock) {
    this.#store = store;
    this.#params = params;
    this.#clock = clock;
  }

  /** The cleared server was given these, ahead of their time. */
  given(codes: GivenCodes): void {
    // What was given before this run is in the store.
    if (this.#endsInterval(codes)) this.#through = Math.min(this.#through ?? Infinity, codes.batch - 1);
    this.#given.set(codes.gridMs, codes);
    const [eldest] = this.#given.keys();
    if (this.#given.size > MOST_GIVEN && eldest !== undefined) this.#given.delete(eldest);
    this.#pass();
  }

  /** The cleared server was told what became of a batch; its clients see it from the next grid point on. */
  told(batch: StoredBatch): void {
    this.#pass();
    this.#states.told(batch, this.#clock.now());
  }

  /** What was shown of a stream, in slices. */
  *slices({ stream, fromMs, toMs, newestFirst }: HistoryQuery): Generator<HistoryPoint[]> {
    this.#pass();
    const isAsked = ({ gridMs }: { readonly gridMs: number }): boolean => gridMs >= fromMs && gridMs <= toMs;
    const recent = this.#recent()
      .filter(isAsked)
      .map((codes) => this.#recentPoint(codes, stream));
    if (newestFirst) yield recent.reverse();
    for (const batches of this.#stored(fromMs, toMs, newestFirst)) {
      const points = batches.flatMap((batch) => (newestFirst ? this.#pointsOf(batch, stream).reverse() : this.#pointsOf(batch, stream)));
      yield points.filter(isAsked);
    }
    if (!newestFirst) yield recent;
  }

  *#stored(fromMs: number, toMs: number, newestFirst: boolean): Generator<ShownBatch[]> {
    const throughBatch = this.#through ?? -1;
    let [fromInterval, toInterval] = [this.#intervalAt(fromMs) - 1, this.#intervalAt(toMs)];
    for (;;) {
      const batches = this.#store.shownBatches({ fromInterval, toInterval, throughBatch, newestFirst, most: SLICE });
      yield batches;
      const last = batches.at(-1);
      if (last === undefined || batches.length < SLICE) return;
      if (newestFirst) toInterval = last.interval - 1;
      else fromInterval = last.through + 1;
    }
  }

  /** Those that were shown and are not read from the store, oldest first. */
  #recent(): GivenCodes[] {
    const now = this.#clock.now();
    const through = this.#through ?? -1;
    return [...this.#given.values()]
      .filter(({ batch, publishAtMs }) => publishAtMs <= now && batch > through)
      .sort((a, b) => a.gridMs - b.gridMs);
  }

  /** Time has passed: what was shown meanwhile is read from the store from now on. */
  #pass(): void {
    const now = this.#clock.now();
    for (const codes of this.#given.values()) {
      if (codes.publishAtMs > now) continue;
      this.#shownMs = Math.max(this.#shownMs, codes.publishAtMs);
      if (this.#endsInterval(codes)) this.#through = Math.max(this.#through ?? -1, codes.batch);
    }
    for (const { gridMs, batch, publishAtMs } of this.#given.values())
      if (publishAtMs <= now && batch <= (this.#through ?? -1)) this.#given.delete(gridMs);
    this.#states.shown(this.#shownMs);
  }

  #pointsOf(batch: ShownBatch, stream: number): HistoryPoint[] {
    const { publications, intervalMs, publishDelayMs } = this.#params;
    const fromMs = intervalStart(this.#params, batch.interval);
    const state = this.#states.of(batch);
    const within = batch.within
      .map((codes, publication) => ({ codes, gridMs: fromMs + ((publication + 1) * intervalMs) / publications }))
      // Publications that the module missed were never shown.
      .filter(({ codes }) => codes.some((code) => code !== RESERVED_CODES.MISSED))
      .map(({ codes, gridMs }) => ({ gridMs, shownMs: gridMs + publishDelayMs, code: codes[stream] ?? RESERVED_CODES.NONE, ...state }));
    const gridMs = intervalEnd(this.#params, batch.through);
    return [...within, { gridMs, shownMs: batch.publishAtMs, code: batch.codes[stream] ?? RESERVED_CODES.NONE, ...state }];
  }

  #recentPoint({ batch, gridMs, publishAtMs, codes }: GivenCodes, stream: number): HistoryPoint {
    const state = { batch, ledgerState: 'Sealed', deliveryState: 'Waiting', txId: '' } as const;
    return { gridMs, shownMs: publishAtMs, code: codes[stream] ?? RESERVED_CODES.NONE, ...state };
  }

  #endsInterval({ gridMs }: GivenCodes): boolean {
    return (gridMs - this.#params.originMs) % this.#params.intervalMs === 0;
  }

  #intervalAt(ms: number): number {
    return Math.floor((ms - this.#params.originMs) / this.#params.intervalMs);
  }
}
