import type { Module, Need, Track, Transition, TransitionTable } from './transition-table.ts';

/** A transition of a batch, as a module logs it. */
export interface BatchEvent {
  /** Event of the table. */
  readonly kind: string;
  /** Number of the batch. */
  readonly n: number;
  /** Which of several actions of the batch; absent where there is one. */
  readonly key?: string;
}

/** A module starts, for the first time or after a stop or crash. */
export interface StartEvent {
  readonly kind: 'started';
  readonly module: Module;
}

export type TraceEvent = BatchEvent | StartEvent;

export interface TraceFinding {
  /** Place in the trace, from 0. */
  readonly index: number;
  readonly event: TraceEvent;
  /** In one sentence. */
  readonly message: string;
}

/** A track of one batch (of one action) entered a state. */
interface Entered {
  readonly cell: string;
  readonly state: string;
  /** Place in the trace. */
  readonly at: number;
}

/** A start of a module that had run before. What it did last before this start may have gone unlogged. */
interface Start {
  readonly module: Module;
  readonly at: number;
}

/** Steps that would make an event possible: what they enter, and the starts before which a line of them was lost. */
interface Explanation {
  readonly entered: readonly Entered[];
  readonly spent: ReadonlySet<Start>;
}

const NOTHING: Explanation = { entered: [], spent: new Set() };

/**
 * Says whether logged transitions are a behaviour of the model, one event after the other.
 *
 * A module logs each transition at once, in the thread that made it durable and before anything of it can be seen. So a
 * crash loses the line of the last step at most. Such a step is taken as done where a later line needs it, one for each
 * start of the module, and only where it was possible just before that start.
 */
export class TraceCheck {
  readonly #table: TransitionTable;
  readonly #logged: ReadonlySet<Module>;
  readonly #history = new Map<string, Entered[]>();
  /** Starts after an earlier life of the module, before which no lost line has been assumed yet. */
  #starts: readonly Start[] = [];
  readonly #lived = new Set<Module>();
  /** For each module the event that must follow next, where a joined step is half told. */
  readonly #awaited = new Map<Module, BatchEvent>();
  #index = 0;

  /** @param logged modules whose lines the trace has; of another module everything is taken as done in time */
  constructor(table: TransitionTable, logged: readonly Module[]) {
    this.#table = table;
    this.#logged = new Set(logged);
  }

  /** Takes the next event. One that is refused changes nothing: the check goes on from where it stood. */
  take(event: TraceEvent): TraceFinding | undefined {
    const index = this.#index++;
    const message = 'module' in event ? this.#start(event, index) : this.#transition(event, index);
    return message === undefined ? undefined : { index, event, message };
  }

  #start({ module }: StartEvent, at: number): string | undefined {
    if (!this.#logged.has(module)) return `The ${module} starts in a trace that is not one of the ${module}.`;
    if (this.#lived.has(module)) this.#starts = [...this.#starts, { module, at }];
    this.#lived.add(module);
    this.#awaited.delete(module);
    return undefined;
  }

  #transition(event: BatchEvent, at: number): string | undefined {
    const transition = this.#table.transitions.get(event.kind);
    if (transition === undefined) return `The model has no transition "${event.kind}".`;
    const { module } = transition.track;
    if (!this.#logged.has(module)) return `"${event.kind}" is a transition of the ${module}, and this trace is not one of the ${module}.`;
    const awaited = this.#awaited.get(module);
    if (awaited !== undefined && !sameEvent(awaited, event)) {
      return `"${event.kind}" of batch ${event.n} comes within a step of the ${module} that also does "${awaited.kind}" of batch ${awaited.n}.`;
    }
    const explanation = this.#step(NOTHING, transition, event, at);
    if (explanation === undefined) return this.#refusal(transition, event);
    this.#accept(explanation, module, event);
    return undefined;
  }

  #accept({ entered, spent }: Explanation, module: Module, event: BatchEvent): void {
    for (const each of entered) this.#history.set(each.cell, [...(this.#history.get(each.cell) ?? []), each]);
    this.#lived.add(module);
    if (spent.size > 0) this.#starts = this.#starts.filter((start) => !spent.has(start));
    const next = this.#table.joined.get(event.kind);
    if (next === undefined) this.#awaited.delete(module);
    else this.#awaited.set(module, { ...event, kind: next });
  }

  /** A transition at a place of the trace, after lost steps where it needs them. */
  #step(known: Explanation, { track, from, needs, to }: Transition, batch: BatchEvent, at: number): Explanation | undefined {
    const own: Need = { track, batch: 'same', states: from };
    const ready = [own, ...needs].reduce<Explanation | undefined>((all, need) => all && this.#satisfy(all, need, batch, at), known);
    return ready && { ...ready, entered: [...ready.entered, { cell: cellOf(track, batch), state: to, at }] };
  }

  #satisfy(known: Explanation, need: Need, event: BatchEvent, at: number): Explanation | undefined {
    const batch = batchOf(need, event);
    if (!this.#logged.has(need.track.module) || batch.n < 0) return known;
    return need.states.includes(this.#stateAt(known, need.track, batch, at)) ? known : this.#explain(known, need, batch, at);
  }

  /**
   * A lost step that brings about what is needed. The earliest start serves: a step that was possible before it, and whose
   * track has not moved since, was also possible before every later start, which so stays free for others.
   */
  #explain(known: Explanation, { track, states }: Need, batch: BatchEvent, at: number): Explanation | undefined {
    const moved = this.#entries(known, track, batch).at(-1)?.at ?? -1;
    // One that can only begin where the need is met already explains nothing, and would be looked for before every start.
    const lost = [...this.#table.transitions.values()].filter(
      (each) => each.track === track && states.includes(each.to) && !each.from.every((state) => states.includes(state)),
    );
    for (const start of this.#starts) {
      if (start.module !== track.module || start.at < moved || start.at >= at || known.spent.has(start)) continue;
      const spent = { ...known, spent: new Set([...known.spent, start]) };
      for (const transition of lost) {
        const explained = this.#lostStep(spent, transition, batch, start.at);
        if (explained !== undefined) return explained;
      }
    }
    return undefined;
  }

  /** The second half of a joined step may be lost alone, or together with the first. */
  #lostStep(known: Explanation, transition: Transition, batch: BatchEvent, at: number): Explanation | undefined {
    const [first] = [...this.#table.joined].find(([, next]) => next === transition.event) ?? [];
    const half = first === undefined ? undefined : this.#table.transitions.get(first);
    const both = half && this.#step(known, half, batch, at);
    return this.#step(both ?? known, transition, batch, at);
  }

  #stateAt(known: Explanation, track: Track, batch: BatchEvent, at: number): string {
    const entered = this.#entries(known, track, batch).findLast((entry) => entry.at <= at);
    return entered?.state ?? track.states[0] ?? '';
  }

  #entries({ entered }: Explanation, track: Track, batch: BatchEvent): Entered[] {
    const cell = cellOf(track, batch);
    return [...(this.#history.get(cell) ?? []), ...entered.filter((each) => each.cell === cell)];
  }

  #refusal({ event, track, from, needs, to }: Transition, batch: BatchEvent): string {
    const own: Need = { track, batch: 'same', states: from };
    const unmet = [own, ...needs].filter((need) => this.#satisfy(NOTHING, need, batch, this.#index) === undefined);
    const found = unmet.map((need) => {
      const { n } = batchOf(need, batch);
      const is = this.#stateAt(NOTHING, need.track, batchOf(need, batch), this.#index);
      return `${need.track.name} of batch ${n} is ${is}, not ${need.states.join(' or ')}`;
    });
    return `"${event}" of batch ${batch.n} makes ${track.name} ${to}, but ${found.join(', and ')}.`;
  }
}

/** Checks a whole trace. @returns everything in it that is no behaviour of the model, in order */
export function checkTrace(table: TransitionTable, events: Iterable<TraceEvent>, logged: readonly Module[]): TraceFinding[] {
  const check = new TraceCheck(table, logged);
  return [...events].map((event) => check.take(event)).filter((finding) => finding !== undefined);
}

function batchOf({ batch, track }: Need, event: BatchEvent): BatchEvent {
  return batch === 'same' ? event : { kind: track.name, n: event.n - 1 };
}

/** Only actions have keys: a batch may cause several. */
function cellOf(track: Track, { n, key }: BatchEvent): string {
  return track.name === 'action' ? `${track.name} ${n} ${key ?? ''}` : `${track.name} ${n}`;
}

function sameEvent(one: BatchEvent, other: BatchEvent): boolean {
  return one.kind === other.kind && one.n === other.n;
}
