/** One thing that was looked at. */
export interface ConformanceLine {
  /** What was looked at, such as `acme/Streams/wear/ConditionCode`. */
  readonly about: string;
  readonly state: 'found' | 'wrong' | 'missing';
  /** What was found, or what is wrong with it. */
  readonly message: string;
}

export function found(about: string, message: string): ConformanceLine {
  return { about, state: 'found', message };
}

export function wrong(about: string, message: string): ConformanceLine {
  return { about, state: 'wrong', message };
}

export function missing(about: string, message: string): ConformanceLine {
  return { about, state: 'missing', message };
}

/** Compares as text, so that a number is not taken for the text of it. */
export function compared(about: string, actual: unknown, expected: unknown): ConformanceLine {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  return is === should ? found(about, is) : wrong(about, `${is ?? 'nothing'} instead of ${should}`);
}
