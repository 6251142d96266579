import type { ModuleState } from '../nodeset/index.ts';
import type { SenderStatus } from './module-status.ts';

/** States in which values are taken. */
const TAKING: ReadonlySet<ModuleState> = new Set(['Running', 'Degraded', 'Suspended']);
/** Of several channels that take no values the one that asks most for a person. */
const WORST: readonly ModuleState[] = ['Faulted', 'Stopping', 'Starting'];

/**
 * State of the whole module: that of its channel, or of its channels where they agree. While some take values and others do
 * not, or not as they should, it is Degraded.
 */
export function moduleStateOf(channels: readonly Pick<SenderStatus, 'channel' | 'state' | 'stateText'>[]): {
  readonly state: ModuleState;
  readonly text: string;
} {
  const [first, ...others] = channels;
  if (first === undefined) return { state: 'Starting', text: '' };
  if (others.length === 0) return { state: first.state, text: first.stateText };
  const text = channels
    .filter(({ state }) => state !== 'Running')
    .map(({ channel, state, stateText }) => `${channel} is ${state}${stateText === '' ? '.' : `: ${stateText}`}`)
    .join(' ');
  const states = new Set(channels.map(({ state }) => state));
  if (states.size === 1) return { state: first.state, text };
  if ([...states].some((state) => TAKING.has(state))) return { state: 'Degraded', text };
  return { state: WORST.find((state) => states.has(state)) ?? first.state, text };
}
