/** A condition's range of values is so long: the values in it are all different. */
export const CONDITION_STEP = 1_000_000_000;
/** Values that one writer has in each range. */
const WRITER_STEP = 100_000_000;
const CHANGE_EVERY_MS = 3000;

/** The `count`th value of a writer (0 to 9): never the same twice, and its condition changes every few seconds. */
export function valueOf(writer: number, count: number, nowMs: number): number {
  const condition = Math.floor(nowMs / CHANGE_EVERY_MS) % 3;
  return condition * CONDITION_STEP + writer * WRITER_STEP + count;
}

/** Who wrote a value, and as which of its own. */
export function writerOf(value: number): { readonly writer: number; readonly count: number } {
  const own = value % CONDITION_STEP;
  return { writer: Math.floor(own / WRITER_STEP), count: own % WRITER_STEP };
}

/** A PLC's own list, one line for each step of a value: about to be sent, answered with Good, or with another status. */
export function writeLine(step: string, tag: string, value: number): string {
  return `${step} ${tag} ${value}\n`;
}

/** What a PLC knows of its writes: `Tag value` of each. What is sent and neither good nor refused may have arrived. */
export interface WrittenValues {
  readonly sent: ReadonlySet<string>;
  readonly good: ReadonlySet<string>;
  /** How often each other status was answered. */
  readonly refused: Readonly<Record<string, number>>;
}

export function parseWrites(text: string): WrittenValues {
  const sent = new Set<string>();
  const good = new Set<string>();
  const refused: Record<string, number> = {};
  for (const line of text.split('\n').slice(0, -1)) {
    const [step = '', tag, value] = line.split(' ');
    if (step === 'sent') sent.add(`${tag} ${value}`);
    else if (step === 'Good') good.add(`${tag} ${value}`);
    else refused[step] = (refused[step] ?? 0) + 1;
  }
  return { sent, good, refused };
}
