import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration such as 200ms, 20s, 5m or 1h. */
export function parseDuration(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) throw new InvalidArgumentError('Write a number and a unit: 200ms, 20s, 5m or 1h.');
  const ms = Number(match[1]) * unit;
  if (ms === 0) throw new InvalidArgumentError('Write a duration longer than 0.');
  return ms;
}

/** A number from `min` to `max`, both included. */
export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) throw new InvalidArgumentError(`Write a number from ${min} to ${max}.`);
    return value;
  };
}

/** As {@link numberFrom}, without fractions. */
export function wholeNumberFrom(min: number, max: number): (text: string) => number {
  const inRange = numberFrom(min, max);
  return (text) => {
    const value = inRange(text);
    if (!/^\d+$/.test(text.trim())) throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A power of two from `min` to `max`. */
export function powerOfTwoFrom(min: number, max: number): (text: string) => number {
  const whole = wholeNumberFrom(min, max);
  return (text) => {
    const value = whole(text);
    const below = 2 ** Math.floor(Math.log2(value));
    if (value !== below) throw new InvalidArgumentError(`Write a power of two, such as ${below} or ${2 * below}.`);
    return value;
  };
}
