import type { HistoryPoint } from '../server/index.ts';
import type { ShownBatch, StoredBatch } from '../store/index.ts';

/** What a client may know of a batch. */
export type ShownState = Pick<HistoryPoint, 'batch' | 'ledgerState' | 'deliveryState' | 'txId'>;

type BatchFacts = Pick<StoredBatch & ShownBatch, 'n' | 'ledgerState' | 'deliveryState' | 'transactionId'>;

/** Batches whose change waits for the next grid point; beyond it the oldest are shown early. */
const MOST_CHANGED = 10_000;

/** What was known of batches at the last grid point: what became known since then waits for the next one. */
export class ShownStates {
  /** Those that changed since the last grid point, with what was known before. */
  readonly #changed = new Map<number, { readonly atMs: number; readonly before: ShownState | undefined }>();
  /** The newest that is known of batches that changed lately. */
  readonly #known = new Map<number, ShownState>();

  /** A batch's state is known now; clients see it from the next grid point on. */
  told(batch: BatchFacts, atMs: number): void {
    const before = this.#known.get(batch.n);
    if (!this.#changed.has(batch.n)) keep(this.#changed, batch.n, { atMs, before });
    keep(this.#known, batch.n, stateOf(batch));
  }

  /** A grid point was shown: what was told before its time can be seen. */
  shown(shownMs: number): void {
    for (const [n, { atMs }] of this.#changed) if (atMs < shownMs) this.#changed.delete(n);
  }

  /** @param batch as the store has it now */
  of(batch: BatchFacts): ShownState {
    return this.#changed.get(batch.n)?.before ?? stateOf(batch);
  }
}

function stateOf({ n, ledgerState, deliveryState, transactionId }: BatchFacts): ShownState {
  return { batch: n, ledgerState, deliveryState, txId: transactionId };
}

function keep<Value>(map: Map<number, Value>, n: number, value: Value): void {
  map.delete(n);
  map.set(n, value);
  const eldest = map.keys().next().value;
  if (map.size > MOST_CHANGED && eldest !== undefined) map.delete(eldest);
}
