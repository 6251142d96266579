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
        if (interrupts(state, event, n)) continue;
        const own: Need = { track, batch: 'same', states: from };
        if ([own, ...needs].every((need) => holds(state, need, n))) {
          yield { event, n, next: state.with(place(track, n), track.states.indexOf(to)) };
        }
      }
    }
  }

  /** True where a joined step is half done and this is not its other half. */
  function interrupts(state: readonly number[], event: string, n: number): boolean {
    return [...table.joined].some(([first, next]) => {
      const half = table.transitions.get(first);
      if (half === undefined) return false;
      const at = half.track.states.indexOf(half.to);
      return state.some((index, spot) => {
        if (index !== at || tracks[spot % tracks.length] !== half.track) return false;
        return event !== next || n !== Math.floor(spot / tracks.length);
      });
    });
  }

  function holds(state: readonly number[], need: Need, n: number): boolean {
    const number = need.batch === 'same' ? n : n - 1;
    const index = state[place(need.track, number)];
    return index === undefined || need.states.includes(need.track.states[index] ?? '');
  }
}
