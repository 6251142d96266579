import { OPERATIONS, type Part, type Use } from '../crash/operations.ts';
import { pause } from '../support/pause.ts';
import { FaultLine, type FaultCase } from './fault-line.ts';
import { FaultPlant, type FaultyModule } from './fault-plant.ts';
import type { FaultOutcome } from './fault-table.ts';

/** Longer than an epoch: some operations are called once in each. */
const FIRES_WITHIN_MS = 12_000;
const RECOVERS_WITHIN_MS = 60_000;

const PARTS: Readonly<Record<'owner' | 'receiver', readonly Part[]>> = {
  owner: ['senderStore', 'journal', 'ledger'],
  receiver: ['receiverStore', 'ledger'],
};

/** What one module did about one fault. */
type Outcome = 'goes on' | 'start is refused, the next one goes on' | 'not called' | 'not tried' | `ENDED: ${string}` | 'DOES NOT GO ON';

export interface MatrixResult {
  readonly outcomes: readonly FaultOutcome[];
  readonly judged: Awaited<ReturnType<FaultPlant['judge']>>;
}

/** Every operation of both modules fails once before and once after it took effect, one after the other, in one plant's life. */
export async function runFaultMatrix(say: (line: string) => void = () => undefined, only: RegExp = /./): Promise<MatrixResult> {
  const lines = { owner: new FaultLine(), receiver: new FaultLine() };
  const plant = await FaultPlant.create({ owner: { adapters: lines.owner.adapters }, receiver: { adapters: lines.receiver.adapters } });
  try {
    const sides = (['owner', 'receiver'] as const).map((side) => new Side(side, plant, lines[side], say));
    const first = await sides[0]!.tryFirst(PARTS.owner);
    const tried = await Promise.all(sides.map((side) => side.tryAll(side.side === 'owner' ? PARTS.owner : PARTS.receiver, only)));
    await plant.finish();
    return { outcomes: merged([...first, ...tried.flat()]), judged: await plant.judge() };
  } finally {
    await plant.end();
  }
}

/** Both modules have a ledger: the worse outcome counts. */
function merged(outcomes: readonly FaultOutcome[]): FaultOutcome[] {
  const rows = new Map<string, FaultOutcome>();
  for (const row of outcomes) {
    const name = `${row.part}.${row.operation}`;
    const other = rows.get(name);
    rows.set(name, other === undefined ? row : { ...row, before: worse(row.before, other.before), after: worse(row.after, other.after) });
  }
  return [...rows.values()];
}

const ORDER = ['not called', 'not tried', 'goes on', 'start is refused, the next one goes on'];

function worse(one: string, other: string): string {
  const rank = (text: string): number => (ORDER.includes(text) ? ORDER.indexOf(text) : ORDER.length);
  return rank(one) >= rank(other) ? one : other;
}

function usedAs(part: Part, use: Use): string[] {
  return Object.entries(OPERATIONS[part]).flatMap(([name, each]) => (each === use ? [name] : []));
}

/** One module and its faults. */
class Side {
  readonly #side: 'owner' | 'receiver';
  readonly #plant: FaultPlant;
  readonly #line: FaultLine;
  readonly #say: (line: string) => void;

  constructor(side: 'owner' | 'receiver', plant: FaultPlant, line: FaultLine, say: (line: string) => void) {
    this.#side = side;
    this.#plant = plant;
    this.#line = line;
    this.#say = say;
  }

  get side(): 'owner' | 'receiver' {
    return this.#side;
  }

  /** What happens once in a plant's life fails at its first start: once before, and at the next attempt after it took effect. */
  async tryFirst(parts: readonly Part[]): Promise<FaultOutcome[]> {
    const faults = parts.flatMap((part) =>
      usedAs(part, 'first').flatMap((operation) => (['before', 'after'] as const).map((when) => ({ part, operation, when }))),
    );
    const [fault, ...next] = faults;
    if (fault !== undefined) this.#line.arm(fault, ...next);
    await this.#plant.start();
    await this.#within(RECOVERS_WITHIN_MS, () => this.#line.hasFired);
    const outcome = this.#line.hasFired ? ((await this.#goesOn()) ? 'goes on' : this.#stuck()) : 'not called';
    this.#say(`${this.#side}: ${faults.map(({ operation, when }) => `${operation} ${when}`).join(', ')}: ${outcome}`);
    return parts.flatMap((part) => usedAs(part, 'first').map((operation) => ({ part, operation, before: outcome, after: outcome })));
  }

  async tryAll(parts: readonly Part[], only: RegExp): Promise<FaultOutcome[]> {
    const outcomes: FaultOutcome[] = [];
    for (const part of parts) {
      for (const [operation, use] of Object.entries(OPERATIONS[part]).filter(
        ([name, each]) => each !== 'first' && only.test(`${part}.${name}`),
      )) {
        outcomes.push({ part, operation, ...(await this.#tryBoth(part, operation, use)) });
      }
    }
    return outcomes;
  }

  async #tryBoth(part: Part, operation: string, use: Use): Promise<{ readonly before: Outcome; readonly after: Outcome }> {
    if (use === 'seldom') return { before: 'not called', after: 'not called' };
    // What is not closed stays locked by this very process: only its end helps.
    const before = use === 'end' ? 'not tried' : await this.#try({ part, operation, when: 'before' });
    return { before, after: await this.#try({ part, operation, when: 'after' }) };
  }

  async #try(fault: FaultCase): Promise<Outcome> {
    const outcome = await this.#outcomeOf(fault);
    this.#line.disarm();
    this.#say(`${this.#side}: ${fault.part}.${fault.operation} ${fault.when}: ${outcome}`);
    if (this.#module.ended !== undefined) {
      await this.#module.stop().catch(() => undefined);
      await this.#module.start();
    }
    return outcome;
  }

  async #outcomeOf(fault: FaultCase): Promise<Outcome> {
    this.#line.arm(fault);
    await this.#within(FIRES_WITHIN_MS, () => this.#line.hasFired);
    if (!this.#line.hasFired) {
      const failures = await this.#restart();
      await this.#within(FIRES_WITHIN_MS, () => this.#line.hasFired);
      if (!this.#line.hasFired) return 'not called';
      if (failures > 0) return (await this.#goesOn()) ? 'start is refused, the next one goes on' : this.#stuck();
    }
    return (await this.#goesOn()) ? 'goes on' : this.#stuck();
  }

  /** A stop that fails has ended all the same. */
  async #restart(): Promise<number> {
    await this.#module.stop().catch(() => undefined);
    return this.#module.start();
  }

  #stuck(): Outcome {
    return this.#module.ended === undefined ? 'DOES NOT GO ON' : `ENDED: ${this.#module.ended.split('\n')[0] ?? ''}`;
  }

  /** What is sealed after the fault is anchored and receipted too. */
  async #goesOn(): Promise<boolean> {
    const { owner } = this.#plant;
    const { sealed: from = -1 } = await this.#countsOf(owner);
    const later = (): boolean => {
      const { anchored = 0, receipted = 0 } = owner.counts();
      return from >= 0 && Math.min(anchored, receipted) > from;
    };
    await this.#within(RECOVERS_WITHIN_MS, () => later() || this.#module.ended !== undefined);
    return later() && this.#module.ended === undefined;
  }

  async #countsOf(module: FaultyModule): Promise<Readonly<Record<string, number>>> {
    await this.#within(RECOVERS_WITHIN_MS, () => module.counts()['sealed'] !== undefined);
    return module.counts();
  }

  async #within(ms: number, holds: () => boolean): Promise<void> {
    for (const limit = Date.now() + ms; !holds() && Date.now() < limit;) await pause(20);
  }

  get #module(): FaultyModule {
    return this.#plant[this.#side];
  }
}
