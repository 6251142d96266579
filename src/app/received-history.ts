import { type ChannelParams, intervalEnd, RESERVED_CODES } from '../core/index.ts';
import type { HistoryPoint, HistoryQuery } from '../server/index.ts';
import type { ReceivedCodes, ReceiverStore } from '../store/index.ts';
import { anchorOf } from './ledger-conditions.ts';

/** A condition that was raised by the ledger's event while its delivery was not there. */
export interface RaisedCodes {
  readonly n: number;
  readonly toMs: number;
  readonly codes: readonly number[];
  readonly transaction: string;
}

const SLICE = 100;
const MOST_RAISED = 4096;

/** What the manufacturer's own applications may read of the past: verified deliveries, and what the ledger alone has told since. */
export class ReceivedHistory {
  readonly #store: ReceiverStore;
  readonly #params: ChannelParams;
  readonly #raised = new Map<number, RaisedCodes>();

  constructor(store: ReceiverStore, params: ChannelParams) {
    this.#store = store;
    this.#params = params;
  }

  raised(codes: RaisedCodes): void {
    this.#raised.set(codes.n, codes);
    const [eldest] = this.#raised.keys();
    if (this.#raised.size > MOST_RAISED && eldest !== undefined) this.#raised.delete(eldest);
  }

  /** In slices. */
  *slices({ stream, fromMs, toMs, newestFirst }: HistoryQuery): Generator<HistoryPoint[]> {
    const isAsked = ({ gridMs }: { readonly gridMs: number }): boolean => gridMs >= fromMs && gridMs <= toMs;
    const recent = this.#recent(stream).filter(isAsked);
    if (newestFirst) yield recent.reverse();
    for (const batches of this.#stored(fromMs, toMs, newestFirst))
      yield batches.map((batch) => this.#pointOf(batch, stream)).filter(isAsked);
    if (!newestFirst) yield recent;
  }

  *#stored(fromMs: number, toMs: number, newestFirst: boolean): Generator<ReceivedCodes[]> {
    let [from, to] = [this.#intervalAt(fromMs) - 1, this.#intervalAt(toMs)];
    for (;;) {
      const batches = this.#store.receivedCodes(from, to, newestFirst, SLICE);
      yield batches;
      const last = batches.at(-1);
      if (last === undefined || batches.length < SLICE) return;
      if (newestFirst) to = last.interval - 1;
      else from = last.interval + 1;
    }
  }

  #recent(stream: number): HistoryPoint[] {
    const settled = this.#store.lastNumber();
    for (const n of this.#raised.keys()) if (n <= settled) this.#raised.delete(n);
    return [...this.#raised.values()]
      .sort((a, b) => a.n - b.n)
      .map(({ n, toMs, codes, transaction }) => ({
        gridMs: toMs,
        shownMs: toMs + this.#params.publishDelayMs,
        code: codes[stream] ?? RESERVED_CODES.NONE,
        batch: n,
        ledgerState: 'Anchored',
        deliveryState: 'Waiting',
        txId: transaction,
      }));
  }

  #pointOf({ n, interval, codes, anchor }: ReceivedCodes, stream: number): HistoryPoint {
    const seen = anchor === undefined ? undefined : anchorOf({ n, block: 0, event: anchor });
    const gridMs = intervalEnd(this.#params, seen?.through ?? interval);
    return {
      gridMs,
      shownMs: gridMs + this.#params.publishDelayMs,
      code: codes[stream] ?? RESERVED_CODES.NONE,
      batch: n,
      ledgerState: seen === undefined ? 'Sealed' : 'Anchored',
      deliveryState: 'Receipted',
      txId: seen?.transaction ?? '',
    };
  }

  #intervalAt(ms: number): number {
    return Math.floor((ms - this.#params.originMs) / this.#params.intervalMs);
  }
}
