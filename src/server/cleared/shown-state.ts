import { BatchStates } from './batch-states.ts';
import type { ClearedBatchState, ClearedPublication } from './contract.ts';

/** What a child process has to be told after a restart: the last publication of each stream, what waits, the batches' states. */
export class ShownState {
  readonly #states = new BatchStates();
  #publications: ClearedPublication[] = [];

  publish(publications: readonly ClearedPublication[], nowMs: number): void {
    this.#publications = [...this.shown(nowMs), ...this.waiting(nowMs), ...publications];
  }

  batchState(state: ClearedBatchState): void {
    this.#states.set(state);
  }

  /** The latest publication of each stream whose time has come. */
  shown(nowMs: number): ClearedPublication[] {
    const latest = new Map<number, ClearedPublication>();
    for (const publication of this.#publications) {
      const best = latest.get(publication.stream);
      if (publication.publishAtMs <= nowMs && (best === undefined || publication.gridMs >= best.gridMs))
        latest.set(publication.stream, publication);
    }
    return [...latest.values()];
  }

  waiting(nowMs: number): ClearedPublication[] {
    return this.#publications.filter((publication) => publication.publishAtMs > nowMs);
  }

  states(): ClearedBatchState[] {
    return this.#states.all();
  }
}
