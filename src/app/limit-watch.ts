import type { AlarmLevel, Limits } from '../server/index.ts';

/** A level is left only this part below its limit, so that a figure at the limit does not raise an alarm every second. */
const LEFT_BELOW = 0.9;

/** Judges one figure. */
export class LimitWatch {
  readonly limits: Limits;
  #level: AlarmLevel = 'normal';

  constructor(limits: Limits) {
    this.limits = limits;
  }

  get level(): AlarmLevel {
    return this.#level;
  }

  /** @returns the level of the figure, with what it was before in mind */
  judge(value: number): AlarmLevel {
    const { high, highHigh } = this.limits;
    const above = (limit: number, isHeld: boolean): boolean => value > (isHeld ? limit * LEFT_BELOW : limit);
    if (above(highHigh, this.#level === 'highHigh')) this.#level = 'highHigh';
    else this.#level = above(high, this.#level !== 'normal') ? 'high' : 'normal';
    return this.#level;
  }
}
