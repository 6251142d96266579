import type { Capability } from './stacks.ts';
import type { Talk } from './talk.ts';

/** Something that every stack is asked in the same way. */
export interface Check {
  readonly title: string;
  readonly needs?: Capability;
  /** @throws Error where it does not hold */
  run(talk: Talk): Promise<void>;
}
