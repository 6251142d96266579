/** Lets so many through in each span of the clock, a minute where none is given. */
export class RateLimit {
  readonly #most: number;
  readonly #spanMs: number;
  readonly #now: () => number;
  #span = 0;
  #taken = 0;

  constructor(most: number, spanMs = 60_000, now: () => number = Date.now) {
    this.#most = most;
    this.#spanMs = spanMs;
    this.#now = now;
  }

  /** False once the span's share is used up. */
  take(): boolean {
    const span = Math.floor(this.#now() / this.#spanMs);
    if (span !== this.#span) [this.#span, this.#taken] = [span, 0];
    return this.#taken++ < this.#most;
  }
}
