import { DcmbError } from '../core/index.ts';

/** One line of the doctor's. */
export interface DoctorCheck {
  /** What was looked at, such as `peer peer0.owner` or `endorsement policy`. */
  readonly check: string;
  /** `unchecked`: something that it needs is wrong, see the lines above it; or it can't be seen from here. */
  readonly state: 'ok' | 'wrong' | 'unchecked';
  /** What was found; where it is wrong, also what to do. */
  readonly message: string;
}

export interface DoctorReport {
  readonly ledger: 'embedded' | 'fabric';
  /** True where nothing is wrong. */
  readonly passed: boolean;
  readonly checks: readonly DoctorCheck[];
}

/** Of a check that was not made. */
const NEEDS = 'not looked at, for something above is wrong.';

/** What is wrong, and what to do: whole sentences. */
export class Wrong extends Error {
  constructor(found: string, remedy: string, cause?: unknown) {
    super(`${found} ${remedy}`, { cause });
  }
}

/** What stands in the way of looking is nothing that is known to be wrong. */
export class NotLookedAt extends Error {}

/** The lines so far. One that is wrong does not end the others. */
export class Checks {
  readonly #list: DoctorCheck[] = [];

  /**
   * @param remedy what to do, where the fault's own words do not say it
   * @param work tells what was found, or throws
   * @returns what `work` gives besides, or undefined where it is wrong
   */
  async run<Result>(check: string, remedy: string, work: () => Promise<Found<Result>>): Promise<Result | undefined> {
    try {
      const [message, result] = await work();
      this.#list.push({ check, state: 'ok', message });
      return result;
    } catch (error) {
      if (error instanceof NotLookedAt) this.#list.push({ check, state: 'unchecked', message: `not looked at: ${error.message}` });
      else this.#list.push({ check, state: 'wrong', message: wordsOf(error, remedy) });
      return undefined;
    }
  }

  /** For checks that need what has turned out wrong; those that were done are left as they are. */
  skip(...checks: readonly string[]): void {
    const done = new Set(this.#list.map(({ check }) => check));
    for (const check of checks.filter((each) => !done.has(each))) this.#list.push({ check, state: 'unchecked', message: NEEDS });
  }

  report(ledger: DoctorReport['ledger']): DoctorReport {
    return { ledger, passed: this.#list.every(({ state }) => state !== 'wrong'), checks: this.#list };
  }
}

/** What is told of a check that is ok, and what later checks need of it. */
export type Found<Result> = readonly [found: string, result: Result];

function wordsOf(error: unknown, remedy: string): string {
  if (error instanceof Wrong) return error.message;
  if (error instanceof DcmbError) return `${error.message} ${remedy}`.trim();
  throw error;
}
