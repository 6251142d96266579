import { type ChannelParams, intervalEnd, intervalStart } from '../core/index.ts';
import type { BatchHeader, BatchStatement } from '../evidence/index.ts';

/** Values and records that wait for each other. */
const MOST_KEPT = 20_000;

/** A cleared value that the records do not bear out. */
export interface ShownOtherwise {
  readonly n: number;
  /** Place of the stream in the agreement. */
  readonly stream: number;
  readonly gridMs: number;
  /** True where the batch has no record of that time at all. */
  readonly unrecorded: boolean;
}

/**
 * Compares what the cleared server showed with what the delivered records say of the same grid time. Either may come
 * first; what comes again is compared again.
 */
export class ShownValues {
  readonly #params: ChannelParams;
  readonly #found: (difference: ShownOtherwise) => void;
  /** Values that no record has come for. */
  readonly #shown = new Map<string, { readonly stream: number; readonly gridMs: number; readonly code: number }>();
  readonly #recorded = new Map<string, { readonly n: number; readonly code: number }>();
  /** Records are complete from here to `#through`, ms. */
  #from = 0;
  #through = 0;
  #last = -1;

  constructor(params: ChannelParams, found: (difference: ShownOtherwise) => void) {
    this.#params = params;
    this.#found = found;
  }

  /** @param gridMs source timestamp of the value */
  shown(stream: number, gridMs: number, code: number): void {
    const key = keyOf(stream, gridMs);
    const record = this.#recorded.get(key);
    if (record !== undefined) {
      if (record.code !== code) this.#found({ n: record.n, stream, gridMs, unrecorded: false });
    } else if (gridMs > this.#from && gridMs <= this.#through) {
      this.#found({ n: this.#last, stream, gridMs, unrecorded: true });
    } else {
      keep(this.#shown, key, { stream, gridMs, code });
    }
  }

  /** A delivery that verified. Batches that were called for say nothing of the time that is shown. */
  delivered(header: BatchHeader, statement: BatchStatement): void {
    if (header.row !== 0) return;
    for (const { stream, publication, code } of statement.conditions) {
      const gridMs = this.#timeOf(header, publication);
      if (gridMs !== undefined) this.#record(header.n, stream, gridMs, code);
    }
    const fromMs = intervalStart(this.#params, header.interval);
    if (fromMs !== this.#through) this.#from = fromMs;
    this.#through = header.toMs;
    this.#last = header.n;
    for (const [key, { stream, gridMs }] of this.#shown) {
      if (gridMs > this.#through) continue;
      this.#shown.delete(key);
      if (gridMs > this.#from) this.#found({ n: header.n, stream, gridMs, unrecorded: true });
    }
  }

  #record(n: number, stream: number, gridMs: number, code: number): void {
    const key = keyOf(stream, gridMs);
    keep(this.#recorded, key, { n, code });
    const shown = this.#shown.get(key);
    if (shown === undefined) return;
    this.#shown.delete(key);
    if (shown.code !== code) this.#found({ n, stream, gridMs, unrecorded: false });
  }

  /** Of a batch that stands for several intervals, only the last grid point is shown. */
  #timeOf({ interval, through }: BatchHeader, publication: number): number | undefined {
    const { publications, intervalMs } = this.#params;
    if (publication === publications - 1) return intervalEnd(this.#params, through);
    return through > interval ? undefined : intervalStart(this.#params, interval) + ((publication + 1) * intervalMs) / publications;
  }
}

function keyOf(stream: number, gridMs: number): string {
  return `${stream}@${gridMs}`;
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const eldest = map.keys().next().value;
  if (map.size > MOST_KEPT && eldest !== undefined) map.delete(eldest);
}
