import type { AlarmState } from './contract.ts';

/** What the module remembers of the alarms, so that an acknowledgement survives a restart of the child process. */
export class AlarmMemory {
  readonly #states = new Map<number, AlarmState>();
  readonly #streams: number;

  /** @param streams how many there are: the child process can be in wrong hands, and gets no more kept */
  constructor(streams: number) {
    this.#streams = streams;
  }

  remember(state: AlarmState): void {
    if (state.stream < this.#streams) this.#states.set(state.stream, state);
  }

  all(): AlarmState[] {
    return [...this.#states.values()];
  }
}
