import { UnavailableError } from '../../core/index.ts';
import type { ClearedErrorCode } from './errors.ts';

/** History requests that the module is asked at once, of all clients together. */
const MOST_ASKED = 4;
/** Reads of one session that may wait; they are served one after the other. */
const MOST_WAITING_A_SESSION = 4;
/** When an answer leaves: at multiples of this from its request on, so that its time tells less of how busy the module is. */
const ANSWER_STEP_MS = 100;

/** Keeps clients from making the module work without bound. */
export class HistoryGate {
  readonly #sessions = new WeakMap<object, { waiting: number; last: Promise<unknown> }>();
  readonly #queue: (() => void)[] = [];
  #asked = 0;

  /** Serves one read of a session after the other. @throws UnavailableError `HISTORY_BUSY` where too many wait */
  async inTurn<Result>(session: object, work: () => Promise<Result>): Promise<Result> {
    const line = this.#sessions.get(session) ?? { waiting: 0, last: Promise.resolve() };
    this.#sessions.set(session, line);
    if (line.waiting >= MOST_WAITING_A_SESSION) {
      throw new UnavailableError<ClearedErrorCode>(
        'HISTORY_BUSY',
        'A session has too many history reads open. Try again when they are answered.',
      );
    }
    line.waiting++;
    const mine = line.last.then(() => paced(work));
    line.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      line.waiting--;
    }
  }

  /** Asks the module as soon as few enough other questions are open. */
  async ask<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#asked >= MOST_ASKED) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#asked++;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#asked--;
      else next();
    }
  }
}

async function paced<Result>(work: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    const wait = ANSWER_STEP_MS - ((performance.now() - began) % ANSWER_STEP_MS);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
