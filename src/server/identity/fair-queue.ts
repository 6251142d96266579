/** Of one party: enough for people of one application who log in at the same moment. */
const MOST_WAITING_EACH = 4;
/** Parties that wait at a time. */
const MOST_PARTIES = 100;

/**
 * Does one work at a time, in turn for each of those who ask: whoever asks for much waits behind its own, and takes nobody
 * else's place.
 */
export class FairQueue {
  /** In the order of their turns. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  #isWorking = false;

  /** Undefined where too much of this party waits already: the work is not done then. */
  take<Result>(party: string, work: () => Promise<Result>): Promise<Result> | undefined {
    const own = this.#waiting.get(party) ?? [];
    if (own.length >= MOST_WAITING_EACH || (own.length === 0 && this.#waiting.size >= MOST_PARTIES)) return undefined;
    this.#waiting.set(party, own);
    const { promise, resolve } = Promise.withResolvers<Result>();
    own.push(async () => {
      const turn = work();
      resolve(turn);
      await turn.catch(() => undefined);
    });
    if (!this.#isWorking) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next();
    this.#isWorking = false;
  }

  /** The first work of the party whose turn it is; with more to do, that party comes after all the others. */
  #next(): (() => Promise<void>) | undefined {
    const turn = this.#waiting.entries().next();
    if (turn.done) return undefined;
    const [party, [first, ...rest]] = turn.value;
    this.#waiting.delete(party);
    if (rest.length > 0) this.#waiting.set(party, rest);
    return first;
  }
}
