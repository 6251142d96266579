import { type ChannelParams, type Clock, FatalError, intervalEnd } from '../core/index.ts';
import type { SealedBatch, SenderStore } from '../store/index.ts';
import { gapOf } from './cache-gaps.ts';
import type { CutBatch } from './cut-batch.ts';
import type { EpochSecrets } from './epoch-secrets.ts';
import type { TransferErrorCode } from './errors.ts';
import type { BatchSealer } from './seal-batch.ts';

export interface SealingListener {
  /** The batch is durable. `late`: it was not ready at its own publication time and waits for a later one. */
  sealed(batch: SealedBatch, cut: CutBatch, late: boolean): void;
  /** Sealing failed: nothing later can be sealed, for the header chain would have a hole. */
  failed(error: unknown): void;
}

export interface SealingQueueParts {
  readonly params: ChannelParams;
  readonly sealer: BatchSealer;
  readonly secrets: EpochSecrets;
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly listener: SealingListener;
}

/** Seals the cut batches of one channel, strictly one after the other. */
export class SealingQueue {
  readonly #parts: SealingQueueParts;
  #prev: string;
  /** Publication time of the batch before: where that is late, a call after it must not be seen first. */
  #publishedAtMs: number;
  #tail: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(parts: SealingQueueParts) {
    const progress = parts.store.progress();
    if (progress === undefined) throw new FatalError<TransferErrorCode>('SEALING_FAILED', 'The store has no progress to seal from.');
    this.#parts = parts;
    this.#prev = progress.prev;
    this.#publishedAtMs = parts.store.batch(progress.nextBatch - 1)?.publishAtMs ?? 0;
  }

  add(cut: CutBatch): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#broken) return;
      try {
        await this.#seal(cut);
      } catch (error) {
        this.#broken = true;
        this.#parts.listener.failed(error);
      }
    });
  }

  /** Seals nothing more, not even what is being sealed: a store that has failed is read again before anything is stored. */
  abandon(): void {
    this.#broken = true;
  }

  /** Resolves when everything that was added is sealed, or nothing more will be. */
  idle(): Promise<void> {
    return this.#tail;
  }

  async #seal(cut: CutBatch): Promise<void> {
    const due = cut.toMs + this.#parts.params.publishDelayMs;
    const gap = gapOf(cut, this.#parts.store.unsaidDrops());
    const batch = await this.#parts.sealer.seal(cut, this.#prev, due, gap);
    if (this.#broken) return;
    const now = this.#parts.clock.now();
    const late = now > due;
    const sealed = { ...batch, publishAtMs: Math.max(this.#publishedAtMs, late ? this.#nextPublication(now) : due) };
    this.#parts.store.seal(sealed, { ...cut.progress, prev: batch.headerHash });
    this.#prev = batch.headerHash;
    this.#publishedAtMs = sealed.publishAtMs;
    this.#parts.secrets.eraseBefore(cut.progress.epoch);
    this.#parts.listener.sealed(sealed, cut, late);
  }

  /** What is not ready waits for the next point of the grid: its delay must not tell how long the work took. */
  #nextPublication(nowMs: number): number {
    const { params } = this.#parts;
    const interval = Math.floor((nowMs - params.publishDelayMs - params.originMs) / params.intervalMs);
    return intervalEnd(params, interval) + params.publishDelayMs;
  }
}
