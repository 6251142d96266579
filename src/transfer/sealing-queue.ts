import { type Clock, FatalError, intervalEnd } from '../core/index.ts';
import type { SealedBatch, SenderStore } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import type { CutBatch } from './cut-batch.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import { sealBatch, type SealingPorts } from './seal-batch.ts';

export interface SealingListener {
  /** The batch is durable. `late`: it was not ready at its own publication time and waits for a later one. */
  sealed(batch: SealedBatch, cut: CutBatch, late: boolean): void;
  /** Sealing failed: nothing later can be sealed, for the header chain would have a hole. */
  failed(error: unknown): void;
}

/** Seals the cut batches of one channel, strictly one after the other. */
export class SealingQueue {
  readonly #terms: ChannelTerms;
  readonly #secrets: EpochSecrets;
  readonly #ports: SealingPorts;
  readonly #store: SenderStore;
  readonly #clock: Clock;
  readonly #listener: SealingListener;
  #prev: string;
  #tail: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(terms: ChannelTerms, secrets: EpochSecrets, ports: SealingPorts, store: SenderStore, clock: Clock, listener: SealingListener) {
    const progress = store.progress();
    if (progress === undefined) throw new FatalError('SEALING_FAILED', 'The store has no progress to seal from.');
    this.#terms = terms;
    this.#secrets = secrets;
    this.#ports = ports;
    this.#store = store;
    this.#clock = clock;
    this.#listener = listener;
    this.#prev = progress.prev;
  }

  add(cut: CutBatch): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#broken) return;
      try {
        await this.#seal(cut);
      } catch (error) {
        this.#broken = true;
        this.#listener.failed(error);
      }
    });
  }

  /** Resolves when everything that was added is sealed. */
  idle(): Promise<void> {
    return this.#tail;
  }

  async #seal(cut: CutBatch): Promise<void> {
    const { params } = this.#terms;
    const due = cut.toMs + params.publishDelayMs;
    const batch = await sealBatch(this.#terms, this.#secrets, this.#ports, cut, this.#prev, due);
    const now = this.#clock.now();
    const late = now > due;
    const sealed = late ? { ...batch, publishAtMs: this.#nextPublication(now) } : batch;
    this.#store.seal(sealed, { ...cut.progress, prev: batch.headerHash });
    this.#prev = batch.headerHash;
    this.#listener.sealed(sealed, cut, late);
  }

  /** What is not ready waits for the next point of the grid: its delay must not tell how long the work took. */
  #nextPublication(nowMs: number): number {
    const { params } = this.#terms;
    const interval = Math.floor((nowMs - params.publishDelayMs - params.originMs) / params.intervalMs);
    return intervalEnd(params, interval) + params.publishDelayMs;
  }
}
