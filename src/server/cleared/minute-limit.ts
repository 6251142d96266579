import { RateLimit } from '../rate-limit.ts';

/** Lets so many through in each minute of the clock. */
export class MinuteLimit extends RateLimit {
  constructor(most: number, now?: () => number) {
    super(most, 60_000, now);
  }
}
