import type { Need, Track, Transition, TransitionTable } from './transition-table.ts';

/** For each batch the state of each track, by its place in the track's list. */
type States = readonly number[];

interface Step {
  readonly event: string;
  readonly n: number;
  readonly next: States;
}

/**
 * Every step that the table allows for `batches` batches, from every state that such steps lead to. Each as the model
 * prints it: event, number of the batch, then for each batch the state of each track before the step, as a bit.
 */
export function tableSteps(table: TransitionTable, batches: number): Set<string> {
  const tracks = [...table.tracks.values()];
  const first: States = Array.from({ length: batches * tracks.length }, () => 0);
  const steps = new Set<string>();
  const seen = new Set([first.join()]);
  for (const queue = [first]; queue.length > 0;) {
    const states = queue.pop() ?? [];
    for (const { event, n, next } of stepsFrom(table, tracks, states, batches)) {
      steps.add([event, n, ...states.map((place) => 2 ** place)].join(' '));
      if (!seen.has(next.join())) queue.push(next);
      seen.add(next.join());
    }
  }
  return steps;
}

function stepsFrom(table: TransitionTable, tracks: readonly Track[], states: States, batches: number): Step[] {
  const all: Step[] = [];
  for (let n = 0; n < batches; n++) {
    for (const transition of table.transitions.values()) {
      const { event, track, to } = transition;
      if (!isPossible(transition, tracks, states, n)) continue;
      all.push({ event, n, next: states.with(n * tracks.length + tracks.indexOf(track), track.states.indexOf(to)) });
    }
  }
  const halves = all.filter(({ event, n }) => isSecondHalf(table, tracks, states, event, n));
  return halves.length > 0 ? halves : all;
}

function isPossible({ track, from, needs }: Transition, tracks: readonly Track[], states: States, n: number): boolean {
  const own: Need = { track, batch: 'same', states: from };
  return [own, ...needs].every((need) => {
    const batch = need.batch === 'same' ? n : n - 1;
    return batch < 0 || need.states.includes(stateOf(need.track, tracks, states, batch));
  });
}

/** True where the first half of a joined step is done: nothing else may come before the second. */
function isSecondHalf(table: TransitionTable, tracks: readonly Track[], states: States, event: string, n: number): boolean {
  return [...table.joined].some(([first, next]) => {
    const half = table.transitions.get(first);
    return next === event && half !== undefined && stateOf(half.track, tracks, states, n) === half.to;
  });
}

function stateOf(track: Track, tracks: readonly Track[], states: States, n: number): string {
  return track.states[states[n * tracks.length + tracks.indexOf(track)] ?? 0] ?? '';
}
