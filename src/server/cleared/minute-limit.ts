/** Lets so many through in each minute of the clock. */
export class MinuteLimit {
  readonly #most: number;
  readonly #now: () => number;
  #minute = 0;
  #taken = 0;

  constructor(most: number, now: () => number = Date.now) {
    this.#most = most;
    this.#now = now;
  }

  /** False once the minute's share is used up. */
  take(): boolean {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#taken] = [minute, 0];
    return this.#taken++ < this.#most;
  }
}
