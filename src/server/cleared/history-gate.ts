import { UnavailableError } from '../../core/index.ts';
import type { ClearedErrorCode } from './errors.ts';

/** History requests that the module is asked at once, of all clients together. */
const MOST_ASKED = 4;
/** Reads of one session that may wait; they are served one after the other. */
const MOST_WAITING_A_SESSION = 4;
/** When an answer leaves: at multiples of this from its request on, so that its time tells less of how busy the module is. */
const ANSWER_STEP_MS = 100;
/** Below the 10 s after which common clients give up; what a client says of its patience changes nothing. */
const ANSWER_WITHIN_MS = 8000;

type Start = () => void;

/**
 * Keeps clients from making the module work without bound, and one session from making the others wait: each has one
 * question at the module at a time, and those that wait are asked in turn. A question keeps its place until the module has
 * answered it, also where the client was told before that it takes too long: giving up frees nothing.
 */
export class HistoryGate {
  readonly #answerWithinMs: number;
  readonly #sessions = new WeakMap<object, { waiting: number; last: Promise<unknown> }>();
  readonly #asking = new Set<object>();
  /** Questions that wait, by session; the session whose turn is next stands first. */
  readonly #queue = new Map<object, Set<Start>>();

  constructor(answerWithinMs = ANSWER_WITHIN_MS) {
    this.#answerWithinMs = answerWithinMs;
  }

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

  /**
   * Asks the module when it is the session's turn.
   * @param work settles when the module has answered, however long that takes
   * @throws UnavailableError `HISTORY_TIMEOUT`, and what `work` throws
   */
  ask<Result>(session: object, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = this.#queue.get(session) ?? new Set();
      const start = (): void => {
        this.#asking.add(session);
        const done = (): void => {
          clearTimeout(timer);
          this.#asking.delete(session);
          this.#toTheEnd(session);
          this.#next();
        };
        work().then(resolve, reject).finally(done);
      };
      const timer = setTimeout(() => {
        this.#drop(session, start);
        reject(tooLate());
      }, this.#answerWithinMs);
      this.#queue.set(session, waiting.add(start));
      this.#next();
    });
  }

  #next(): void {
    for (const [session, waiting] of [...this.#queue]) {
      if (this.#asking.size >= MOST_ASKED) return;
      const [first] = waiting;
      if (first === undefined || this.#asking.has(session)) continue;
      this.#drop(session, first);
      first();
    }
  }

  #toTheEnd(session: object): void {
    const waiting = this.#queue.get(session);
    if (waiting === undefined) return;
    this.#queue.delete(session);
    this.#queue.set(session, waiting);
  }

  /** Takes a question out of the queue. */
  #drop(session: object, start: Start): void {
    const waiting = this.#queue.get(session);
    waiting?.delete(start);
    if (waiting?.size === 0) this.#queue.delete(session);
  }
}

function tooLate(): UnavailableError<ClearedErrorCode> {
  return new UnavailableError('HISTORY_TIMEOUT', 'The module did not answer in time. Ask for less, or try again later.');
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
