import { randomBytes } from 'node:crypto';
import type { RawCursor } from './history-range.ts';

/** Continuation points that a session may hold; told to clients as MaxHistoryContinuationPoints. */
export const MOST_CONTINUATION_POINTS = 128;

/** Where a paused history read of one node goes on. */
export interface PausedRead {
  /** NodeId, as text. */
  readonly node: string;
  readonly withServerTime: boolean;
  readonly cursor: RawCursor;
}

/** The continuation points of each session, forgotten with it. Each is good for one use (OPC UA Part 11, clause 6.3). */
export class HistoryPoints {
  readonly #bySession = new WeakMap<object, Map<string, PausedRead>>();

  /** @returns undefined where the session holds as many as it may */
  keep(session: object, paused: PausedRead): Buffer | undefined {
    const points = this.#bySession.get(session) ?? new Map<string, PausedRead>();
    if (points.size >= MOST_CONTINUATION_POINTS) return undefined;
    this.#bySession.set(session, points);
    const id = randomBytes(16);
    points.set(id.toString('hex'), paused);
    return id;
  }

  /** Takes a continuation point out; undefined for one that is not the session's, or not the node's. */
  take(session: object, id: Uint8Array, node: string): PausedRead | undefined {
    const points = this.#bySession.get(session);
    const key = Buffer.from(id).toString('hex');
    const paused = points?.get(key);
    if (paused?.node !== node) return undefined;
    points?.delete(key);
    return paused;
  }
}
