/** Wakes event streams when this process has written a block; of other processes' blocks they learn by looking. */
export class BlockBell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next ring, after `longestMs`, or when the signal aborts. Leaves nothing behind on any of them. */
  wait(longestMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, longestMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }
}
