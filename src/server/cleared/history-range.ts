/*
 * The time domain of a raw history read: OPC UA Part 11, clauses 4.6 (bounding values) and 6.5.3.2. Times are ms since
 * 1970 UTC: what is shown stands on whole milliseconds.
 */

/** The latest time that a JavaScript date can be; stands for an end that was not given. */
export const END_OF_TIME_MS = 8_640_000_000_000_000;

export interface RawRead {
  /** Undefined where the client gave none. */
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  /** 0 for no limit. */
  readonly most: number;
  readonly bounds: boolean;
}

/** What is asked of whoever holds the history: points from one time to another, both included. */
export interface HistorySpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly newestFirst: boolean;
  readonly most: number;
}

/** How far a read has come. What a continuation point stands for. */
export interface RawCursor {
  readonly read: RawRead;
  readonly phase: 'start' | 'inside' | 'end';
  /** First time of what is still to be read of the inside. */
  readonly atMs: number;
  /** Time of the last entry given. */
  readonly lastMs: number;
  /** Entries that may still be given where only one time was: then the number ends the read. */
  readonly left: number;
}

export type RawEntry<Point> = { readonly point: Point } | { readonly missingAtMs: number };

export interface RawPart<Point> {
  readonly entries: readonly RawEntry<Point>[];
  /** Where to go on; undefined at the end of the domain. */
  readonly next: RawCursor | undefined;
}

/** A bound of no time, where none is known, stands this far behind the last value. */
const NO_BOUND_STEP_MS = 1000;

/** @returns undefined where fewer than two of start, end and number are given */
export function beginRead(read: RawRead): RawCursor | undefined {
  const given = Number(read.startMs !== undefined) + Number(read.endMs !== undefined) + Number(read.most > 0);
  if (given < 2) return undefined;
  const startMs = startOf(read);
  const left = read.startMs !== undefined && read.endMs !== undefined ? Number.MAX_SAFE_INTEGER : read.most;
  return { read, phase: read.bounds ? 'start' : 'inside', atMs: startMs, lastMs: startMs, left };
}

/**
 * The next entries of a read.
 * @param limit most entries to give, at least 1
 */
export async function readPart<Point extends { readonly gridMs: number }>(
  cursor: RawCursor,
  limit: number,
  fetch: (span: HistorySpan) => Promise<readonly Point[]>,
): Promise<RawPart<Point>> {
  const room = Math.min(limit, cursor.left);
  const part = new Part<Point>(cursor, room, fetch);
  if (cursor.phase === 'start') await part.startBound();
  const isInsideDone = cursor.phase === 'end' || (await part.inside());
  const isDone = isInsideDone && (await part.endBound());
  const left = cursor.left - part.entries.length;
  return { entries: part.entries, next: isDone || left <= 0 ? undefined : { ...part.at, left } };
}

class Part<Point extends { readonly gridMs: number }> {
  readonly entries: RawEntry<Point>[] = [];
  readonly #room: number;
  readonly #fetch: (span: HistorySpan) => Promise<readonly Point[]>;
  readonly #isReversed: boolean;
  at: RawCursor;

  constructor(cursor: RawCursor, room: number, fetch: (span: HistorySpan) => Promise<readonly Point[]>) {
    this.at = cursor;
    this.#room = room;
    this.#fetch = fetch;
    this.#isReversed = isReversed(cursor.read);
  }

  /** The value at the start is the bound where there is one, and part of the inside. */
  async startBound(): Promise<void> {
    const startMs = startOf(this.at.read);
    const [found] = await this.#fetch({ ...this.#from(startMs, !this.#isReversed), most: 1 });
    if (found?.gridMs !== startMs) this.#add(found === undefined ? { missingAtMs: startMs } : { point: found });
    this.at = { ...this.at, phase: 'inside' };
  }

  /** @returns whether all of it is given */
  async inside(): Promise<boolean> {
    const room = this.#room - this.entries.length;
    const edgeMs = this.#insideEdge();
    const isEmpty = this.#isReversed ? edgeMs > this.at.atMs : edgeMs < this.at.atMs;
    const [fromMs, toMs] = this.#isReversed ? [edgeMs, this.at.atMs] : [this.at.atMs, edgeMs];
    const found = isEmpty ? [] : await this.#fetch({ fromMs, toMs, newestFirst: this.#isReversed, most: room + 1 });
    for (const point of found.slice(0, room)) this.#add({ point });
    const next = found[room];
    this.at = next === undefined ? { ...this.at, phase: 'end' } : { ...this.at, atMs: next.gridMs };
    return next === undefined;
  }

  /** @returns whether it is given, or not asked for */
  async endBound(): Promise<boolean> {
    const { read, lastMs } = this.at;
    if (!read.bounds) return true;
    if (this.entries.length >= this.#room) return false;
    const endMs = this.#isReversed && read.startMs === undefined ? undefined : read.endMs;
    if (endMs === undefined) {
      this.#add({ missingAtMs: lastMs + (this.#isReversed ? -NO_BOUND_STEP_MS : NO_BOUND_STEP_MS) });
      return true;
    }
    const [found] = await this.#fetch({ ...this.#from(endMs === read.startMs ? endMs + 1 : endMs, this.#isReversed), most: 1 });
    this.#add(found === undefined ? { missingAtMs: endMs } : { point: found });
    return true;
  }

  /** From a time on, away in the one direction or the other. */
  #from(ms: number, backwards: boolean): Omit<HistorySpan, 'most'> {
    return backwards ? { fromMs: 0, toMs: ms, newestFirst: true } : { fromMs: ms, toMs: END_OF_TIME_MS, newestFirst: false };
  }

  /** The last time of the inside: a value at the end belongs to the domain that follows. */
  #insideEdge(): number {
    const { startMs, endMs } = this.at.read;
    if (this.#isReversed) return startMs === undefined || endMs === undefined ? 0 : endMs + 1;
    if (endMs === undefined) return END_OF_TIME_MS;
    return endMs === startMs ? endMs : endMs - 1;
  }

  #add(entry: RawEntry<Point>): void {
    this.entries.push(entry);
    this.at = { ...this.at, lastMs: 'point' in entry ? entry.point.gridMs : entry.missingAtMs };
  }
}

/** Where only the end is given, it is where to begin, backwards. */
function startOf({ startMs, endMs }: RawRead): number {
  return startMs ?? endMs ?? 0;
}

function isReversed({ startMs, endMs }: RawRead): boolean {
  return startMs === undefined || (endMs !== undefined && endMs < startMs);
}
