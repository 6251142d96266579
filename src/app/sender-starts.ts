import { UnavailableError } from '../core/index.ts';
import { pause } from '../transfer/index.ts';
import type { SenderUnit } from './sender-unit.ts';

const RETRY_EVERY_MS = 3000;

export interface LateStartsParts {
  /** @throws UnavailableError to be tried again; all else ends the channel */
  start(name: string): Promise<SenderUnit>;
  started(unit: SenderUnit): void;
  failed(name: string, error: unknown): void;
}

/** Channels whose start lacked something that may come (a port, a disk, a ledger), while others of the module go on. */
export class LateStarts {
  readonly #names = new Set<string>();
  readonly #ended = new AbortController();
  #starting: Promise<unknown> = Promise.resolve();

  /** @returns true where the start will be tried again */
  takes(name: string, error: unknown): boolean {
    if (!(error instanceof UnavailableError)) return false;
    this.#names.add(name);
    return true;
  }

  /** Tries every few seconds from now on, one channel after the other, as each start is a load on the others. */
  begin(parts: LateStartsParts): void {
    this.#starting = this.#try(parts);
  }

  /** Resolves once nothing is being started any more. Once more does no harm. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#starting;
  }

  async #try(parts: LateStartsParts): Promise<void> {
    const { signal } = this.#ended;
    while (this.#names.size > 0 && !signal.aborted) {
      await pause(RETRY_EVERY_MS, signal);
      for (const name of this.#names) if (!signal.aborted) await this.#tryOnce(name, parts);
    }
  }

  async #tryOnce(name: string, parts: LateStartsParts): Promise<void> {
    try {
      const unit = await parts.start(name);
      this.#names.delete(name);
      if (this.#ended.signal.aborted) await unit.close();
      else parts.started(unit);
    } catch (error) {
      if (error instanceof UnavailableError || this.#ended.signal.aborted) return;
      this.#names.delete(name);
      parts.failed(name, error);
    }
  }
}
