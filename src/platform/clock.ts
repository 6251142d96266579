import type { Clock } from '../core/index.ts';

/** The wall clock of this machine. It can jump; who schedules by it says what a jump does. */
export const systemClock: Clock = { now: () => Date.now() };
