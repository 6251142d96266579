import { type Clock, DcmbError, UnavailableError } from '../core/index.ts';
import type { SenderStore } from '../store/index.ts';
import { WARNINGS } from './event-codes.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';

const LOOK_EVERY_MS = 5_000;
const TOLD_EVERY_MS = 60_000;

/** Batches that wait for the ledger. */
export interface Waiting {
  readonly count: number;
  /** When the oldest of them was due, ms since 1970. */
  readonly oldestMs: number;
}

export interface LedgerOutageParts {
  readonly clock: Clock;
  readonly listener: ModuleListener;
  /** Batches that are due and not on the ledger; undefined for none. */
  waiting(): Waiting | undefined;
}

/**
 * What an operator reads while batches can't be anchored: what is wrong, once; how much waits, once a minute; and that it is
 * over.
 */
export class LedgerOutage {
  readonly #parts: LedgerOutageParts;
  /** Codes that were told in this outage. */
  readonly #told = new Set<string>();
  #since: number | undefined;
  #toldMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LedgerOutageParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#lookAgain(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A batch could not be anchored now, and is tried again. */
  fault(error: unknown): void {
    // After a start in the middle of an outage, batches have waited since before it.
    this.#since ??= this.#parts.waiting()?.oldestMs ?? this.#parts.clock.now();
    const code = codeOf(error);
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#tell(code, messageOf(error));
  }

  /** Called now and then: a module may have nothing to try, and batches wait all the same. */
  look(): void {
    const { clock } = this.#parts;
    const waiting = this.#parts.waiting();
    const now = clock.now();
    const last = Math.max(waiting?.oldestMs ?? now, this.#toldMs);
    if (waiting === undefined || now - last < TOLD_EVERY_MS) return;
    this.#since ??= waiting.oldestMs;
    this.#toldMs = now;
    const { count, oldestMs } = waiting;
    const batches = count === 1 ? '1 batch waits' : `${count} batches wait`;
    this.#tell('LEDGER_BEHIND', `${batches} for the ledger, the oldest for ${seconds(now - oldestMs)} s.`);
  }

  /** A batch is on the ledger. */
  anchored(): void {
    if (this.#since === undefined) return;
    const lasted = this.#parts.clock.now() - this.#since;
    this.#since = undefined;
    this.#told.clear();
    const rest = this.#parts.waiting()?.count ?? 0;
    this.#tell('LEDGER_BACK', `The ledger takes batches again, after ${seconds(lasted)} s${rest === 0 ? '' : `; ${rest} still wait`}.`);
  }

  #lookAgain(): void {
    try {
      this.look();
    } catch {
      // A store that fails is told of by whoever writes to it.
    }
  }

  #tell(code: string, message: string): void {
    this.#parts.listener({ event: 'warning', code, message });
  }
}

/** The error's own code where docs/operating.md has it. */
function codeOf(error: unknown): string {
  const code = error instanceof DcmbError ? String(error.code) : '';
  if (Object.hasOwn(WARNINGS, code)) return code;
  return error instanceof UnavailableError ? 'LEDGER_UNAVAILABLE' : 'LEDGER_FAULT';
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1000));
}

/** Batches of a store that are due and not on the ledger. */
export function waitingFor(store: SenderStore, nowMs: number): Waiting | undefined {
  const unanchored = store.unanchored();
  const oldestMs = store.batch(unanchored[0] ?? -1)?.publishAtMs ?? Infinity;
  return oldestMs <= nowMs ? { count: unanchored.length, oldestMs } : undefined;
}
