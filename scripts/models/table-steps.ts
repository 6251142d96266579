import type { Need, Track, TransitionTable } from './transition-table.ts';

/**
 * Every step that the table allows for `batches` batches, from every state that can be reached by such steps, as text:
 * event, number of the batch, then for each batch the state of each track before the step, as the model prints it.
 */
export function tableSteps(table: TransitionTable, batches: number): Set<string> {
  const tracks = [...table.tracks.values()];
  const start = Array.from({ length: batches }, () => tracks.map(() => 0)).flat();
  const place = (track: Track, n: number): number => n * tracks.length + tracks.indexOf(track);
  const steps = new Set<string>();
  const seen = new Set([start.join(' ')]);
  for (const queue = [start]; queue.length > 0;) {
    const state = queue.pop() ?? [];
    for (const { event, n, next } of successors(state)) {
      steps.add([event, n, ...state.map((index) => 2 ** index)].join(' '));
      if (!seen.has(next.join(' '))) queue.push(next);
      seen.add(next.join(' '));
    }
  }
  return steps;

  function* successors(state: readonly number[]): Generator<{ event: string; n: number; next: number[] }> {
    for (const { event, track, from, to, needs } of table.transitions.values()) {
      for (let n = 0; n < batches; n++) {
        const own: Need = { track, batch: 'same', states: from };
        if ([own, ...needs].every((need) => holds(state, need, n))) {
          yield { event, n, next: state.with(place(track, n), track.states.indexOf(to)) };
        }
      }
    }
  }

  function holds(state: readonly number[], need: Need, n: number): boolean {
    const number = need.batch === 'same' ? n : n - 1;
    const index = state[place(need.track, number)];
    return index === undefined || need.states.includes(need.track.states[index] ?? '');
  }
}
