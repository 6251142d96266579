import type { Module, Need, Track, Transition, TransitionTable } from './transition-table.ts';

/** One line of a module's trace: a transition of a batch, or a start of the module. */
export type TraceEvent =
  | {
      /** Event of the table. */
      readonly kind: string;
      /** Number of the batch. */
      readonly n: number;
      /** Which of several actions of the batch; absent where there is one. */
      readonly key?: string;
    }
  | { readonly kind: 'started'; readonly module: Module };

export interface TraceFinding {
  /** Place in the list, from 0. */
  readonly index: number;
  readonly event: TraceEvent;
  /** In one sentence. */
  readonly message: string;
}

/** When a track came into a state: place in the trace. Its last entry is where it stands. */
type History = readonly { readonly state: string; readonly at: number }[];

/** A start of a module: what the module did last before it may have gone unlogged, once. */
interface Restart {
  readonly module: Module;
  readonly at: number;
  readonly used: boolean;
}

/** Everything known at one place of the trace. Never changed in place, so that an explanation can be tried and dropped. */
interface Known {
  readonly histories: ReadonlyMap<string, History>;
  readonly restarts: readonly Restart[];
}

/**
 * Says whether logged transitions are a behaviour of the model. A module logs at once after each durable step, in one
 * thread; so a crash loses at most the line of its last step, which is then taken as done where a later line needs it.
 */
export class TraceCheck {
  readonly #table: TransitionTable;
  readonly #logged: ReadonlySet<Module>;
  #known: Known = { histories: new Map(), restarts: [] };
  #index = 0;

  /** @param logged modules whose lines the trace has; of another module everything is taken as done in time */
  constructor(table: TransitionTable, logged: readonly Module[]) {
    this.#table = table;
    this.#logged = new Set(logged);
  }

  /** Takes the next event. A finding changes nothing: the check goes on from where it stood. */
  take(event: TraceEvent): TraceFinding | undefined {
    const index = this.#index++;
    if ('module' in event) return this.#restart(event, index);
    const transition = this.#table.transitions.get(event.kind);
    if (transition === undefined) return { index, event, message: `The model has no transition "${event.kind}".` };
    if (!this.#logged.has(transition.track.module)) {
      return { index, event, message: `"${event.kind}" is a transition of the ${transition.track.module}, whose trace this is not.` };
    }
    const after = this.#step(this.#known, transition, event, index);
    if (after === undefined) return { index, event, message: this.#why(transition, event) };
    this.#known = after;
    return undefined;
  }

  #restart(event: TraceEvent & { readonly module: Module }, index: number): TraceFinding | undefined {
    if (!this.#logged.has(event.module)) return { index, event, message: `The trace is not one of the ${event.module}.` };
    this.#known = { ...this.#known, restarts: [...this.#known.restarts, { module: event.module, at: index, used: false }] };
    return undefined;
  }

  /** Takes a transition at a place of the trace, with steps before it that a crash left unlogged where it needs them. */
  #step(known: Known, transition: Transition, batch: BatchOf, at: number): Known | undefined {
    const { track, from, needs, to } = transition;
    const own: Need = { track, batch: 'same', states: from };
    let ready: Known | undefined = known;
    for (const need of [own, ...needs]) {
      ready = ready && this.#satisfy(ready, need, batch, at);
    }
    return ready && withState(ready, cell(track, batch), to, at);
  }

  #satisfy(known: Known, need: Need, batch: BatchOf, at: number): Known | undefined {
    const { track, states } = need;
    if (!this.#logged.has(track.module)) return known;
    const n = need.batch === 'same' ? batch.n : batch.n - 1;
    if (n < 0) return known;
    const where = need.batch === 'same' ? batch : { n };
    const now = stateAt(known, track, where, at);
    return states.includes(now) ? known : this.#explain(known, need, where, at);
  }

  /** Finds a step that the module may have done just before one of its restarts, and that brings about what is needed. */
  #explain(known: Known, { track, states }: Need, batch: BatchOf, at: number): Known | undefined {
    const lost = [...this.#table.transitions.values()].filter((each) => each.track === track && states.includes(each.to));
    for (const [place, restart] of known.restarts.entries()) {
      if (restart.used || restart.module !== track.module || restart.at >= at) continue;
      if (movedSince(known, cell(track, batch), restart.at)) continue;
      const spent = { ...known, restarts: known.restarts.with(place, { ...restart, used: true }) };
      for (const transition of lost) {
        const explained = this.#stepOrJoined(spent, transition, batch, restart.at);
        if (explained !== undefined) return explained;
      }
    }
    return undefined;
  }

  /** A durable step of two events is lost as a whole. */
  #stepOrJoined(known: Known, transition: Transition, batch: BatchOf, at: number): Known | undefined {
    const first = [...this.#table.joined].find(([, next]) => next === transition.event)?.[0];
    const before = first === undefined ? undefined : this.#table.transitions.get(first);
    const joined = before && this.#step(known, before, batch, at);
    return this.#step(joined ?? known, transition, batch, at);
  }

  #why({ event, track, from, needs, to }: Transition, batch: BatchOf): string {
    const is = (of: Track, n: number): string => `${of.name} of batch ${n} is ${stateAt(this.#known, of, { ...batch, n }, Infinity)}`;
    const states = [is(track, batch.n), ...needs.map((need) => is(need.track, need.batch === 'same' ? batch.n : batch.n - 1))];
    return `"${event}" of batch ${batch.n} takes ${track.name} from ${from.join(' or ')} to ${to}; here ${states.join(', ')}.`;
  }
}

/** Checks a whole trace. @returns everything that is no behaviour of the model, in order */
export function checkTrace(table: TransitionTable, events: readonly TraceEvent[], logged: readonly Module[]): TraceFinding[] {
  const check = new TraceCheck(table, logged);
  return events.map((event) => check.take(event)).filter((finding) => finding !== undefined);
}

interface BatchOf {
  readonly n: number;
  readonly key?: string;
}

/** Only actions have keys: there may be several for a batch. */
function cell(track: Track, { n, key }: BatchOf): string {
  return track.name === 'action' ? `${track.name} ${n} ${key ?? ''}` : `${track.name} ${n}`;
}

function stateAt({ histories }: Known, track: Track, batch: BatchOf, at: number): string {
  const entered = histories.get(cell(track, batch))?.findLast((entry) => entry.at <= at);
  return entered?.state ?? track.states[0] ?? '';
}

function movedSince({ histories }: Known, name: string, at: number): boolean {
  return (histories.get(name)?.at(-1)?.at ?? -1) > at;
}

function withState(known: Known, name: string, state: string, at: number): Known {
  const histories = new Map(known.histories);
  histories.set(name, [...(histories.get(name) ?? []), { state, at }]);
  return { ...known, histories };
}
