import type { ClearedBatchState } from './contract.ts';

const MOST_BATCHES = 4096;

/** What is known of the latest batches. Bounded: a batch that falls out shows nowhere any more. */
export class BatchStates {
  readonly #states = new Map<number, ClearedBatchState>();

  constructor(states: readonly ClearedBatchState[] = []) {
    for (const state of states) this.set(state);
  }

  set(state: ClearedBatchState): void {
    this.#states.delete(state.n);
    this.#states.set(state.n, state);
    const oldest = this.#states.keys().next();
    if (this.#states.size > MOST_BATCHES && !oldest.done) this.#states.delete(oldest.value);
  }

  /** The state of a batch; of one that nothing was said about, that it is sealed and waits. */
  of(n: number): ClearedBatchState {
    return this.#states.get(n) ?? { n, ledgerState: 'Sealed', deliveryState: 'Waiting', txId: '' };
  }

  all(): ClearedBatchState[] {
    return [...this.#states.values()];
  }
}
