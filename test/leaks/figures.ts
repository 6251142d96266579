import type { TestContext } from 'node:test';
import type { Tally } from './scene.ts';

/** What the last line of the suite sums up. */
export interface Figures {
  /** Requests sent. */
  readonly probes: number;
  /** Results of single operations, and notifications. */
  readonly answers: number;
  readonly leaks: number;
}

const MARK = 'leaks-figures ';

/** Tells the runner of the suite what a test has sent, received and found. */
export function showFigures(t: TestContext, { probes, answers, findings }: Pick<Tally, 'probes' | 'answers' | 'findings'>): void {
  t.diagnostic(`${MARK}${JSON.stringify({ probes, answers, leaks: findings.length } satisfies Figures)}`);
}

/** The figures in a diagnostic message, or undefined where it is another. */
export function figuresIn(message: string): Figures | undefined {
  return message.startsWith(MARK) ? (JSON.parse(message.slice(MARK.length)) as Figures) : undefined;
}
