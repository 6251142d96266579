import type { Agreement } from '../agreement/index.ts';
import { type ChannelParams, type Clock, intervalEnd } from '../core/index.ts';
import type { ClearedPublication } from '../server/index.ts';
import type { SealedBatch, SenderStore, StoredBatch } from '../store/index.ts';
import type { CutBatch, OpenBatch, Published } from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ModuleListener } from './events.ts';
import type { ShownHistory } from './shown-history.ts';
import type { Trace } from './trace.ts';

/** What the channel shows to the outside: to the cleared server, and to the operators' view. */
export interface ChannelDisplay {
  publish(publications: readonly ClearedPublication[]): void;
  batchState(batch: StoredBatch, gridMs: number): void;
}

export interface ChannelShowParts {
  readonly agreement: Agreement;
  readonly params: ChannelParams;
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly display: ChannelDisplay;
  /** Keeps what was shown. */
  readonly history: ShownHistory;
  readonly listener: ModuleListener;
  readonly trace: Trace;
}

/** Number of the last batch whose conditions were given to the cleared server. */
const SHOWN_THROUGH = 'shown-through';

/** Gives the cleared server what is due at a grid point, ahead of it: each batch once, and after a restart what may lack. */
export class ChannelShow {
  readonly #parts: ChannelShowParts;

  constructor(parts: ChannelShowParts) {
    this.#parts = parts;
  }

  /** The batch is durable. */
  sealed(batch: SealedBatch, cut: CutBatch): void {
    const { listener, agreement } = this.#parts;
    if (batch.row === 0) {
      listener({ event: 'cleared', n: batch.n, interval: batch.interval, conditions: conditionsSeen(agreement, batch.codes) });
      this.#show(batch, cut.toMs, batch.publishAtMs);
    }
    this.state(batch.n);
  }

  /**
   * Shows codes cleared within the interval, at their time or at the next publication's where that is over.
   * @returns whether it is over
   */
  within(batch: number, pointMs: number, codes: readonly number[]): boolean {
    const { params, clock } = this.#parts;
    const dueMs = pointMs + params.publishDelayMs;
    const publishAtMs = nextTime(dueMs, clock.now(), params.intervalMs / params.publications);
    this.#give(codes, pointMs, batch, publishAtMs);
    return publishAtMs > dueMs;
  }

  /**
   * Shows what a crash may have kept from being shown of the batches before `next`: the cleared server begins without
   * anything. What is late waits for a grid point, for its time must not tell when the module was there again.
   */
  again(next: number): void {
    const { params, clock } = this.#parts;
    const shown = this.#shownThrough();
    for (const batch of this.#notShown(next, shown)) {
      if (batch.row === 0) {
        const publishAtMs = nextTime(batch.publishAtMs, clock.now(), params.intervalMs);
        const gridMs = intervalEnd(params, batch.through);
        if (batch.n > shown) this.#show(batch, gridMs, publishAtMs);
        else this.#give(batch.codes, gridMs, batch.n, publishAtMs);
      }
      this.state(batch.n);
    }
  }

  /** Shows once more what was cleared within the open interval: it is stored, but perhaps nobody saw it. */
  withinAgain({ n, interval }: Pick<OpenBatch, 'n' | 'interval'>, published: readonly Published[]): void {
    const { params } = this.#parts;
    const stepMs = params.intervalMs / params.publications;
    const fromMs = intervalEnd(params, interval - 1);
    for (const [publication, codes] of published) this.within(n, fromMs + (publication + 1) * stepMs, codes);
  }

  /** Shows how far a batch has come. */
  state(n: number): void {
    const { store, display, params, history } = this.#parts;
    const batch = store.batch(n);
    if (batch === undefined) return;
    history.told(batch);
    display.batchState(batch, batch.publishAtMs - params.publishDelayMs);
  }

  /** The last shown grid batch and all after it: a client that connects finds the newest condition. */
  #notShown(next: number, shown: number): StoredBatch[] {
    const { store } = this.#parts;
    let from = shown;
    while (from > 0 && store.batch(from)?.row !== 0) from--;
    return store.batches(Math.max(0, from), next - 1);
  }

  #show(batch: Pick<SealedBatch, 'n' | 'codes'>, gridMs: number, publishAtMs: number): void {
    this.#give(batch.codes, gridMs, batch.n, publishAtMs);
    this.#parts.store.setFact(SHOWN_THROUGH, String(batch.n));
    this.#parts.trace({ kind: 'published', n: batch.n });
  }

  #give(codes: readonly number[], gridMs: number, batch: number, publishAtMs: number): void {
    const { params, display, history } = this.#parts;
    history.given({ batch, gridMs, publishAtMs, codes });
    const nextMs = gridMs + params.intervalMs / params.publications + params.publishDelayMs;
    display.publish(codes.map((code, stream) => ({ stream, code, gridMs, nextMs, batch, publishAtMs })));
  }

  #shownThrough(): number {
    return Number(this.#parts.store.fact(SHOWN_THROUGH) ?? -1);
  }
}

/** The time itself where it is to come, else the next one at the same place in its grid. */
function nextTime(dueMs: number, nowMs: number, stepMs: number): number {
  return dueMs > nowMs ? dueMs : dueMs + Math.ceil((nowMs - dueMs + 1) / stepMs) * stepMs;
}
