import { OPERATIONS, type Part } from '../crash/operations.ts';
import { pause } from '../support/pause.ts';
import { FaultLine, type FaultCase } from './fault-line.ts';
import { FaultPlant, type FaultyModule } from './fault-plant.ts';
import type { FaultOutcome } from './fault-table.ts';

const FIRES_WITHIN_MS = 4000;
const RECOVERS_WITHIN_MS = 40_000;

const PARTS: Readonly<Record<'owner' | 'receiver', readonly Part[]>> = {
  owner: ['senderStore', 'journal', 'ledger'],
  receiver: ['receiverStore', 'ledger'],
};

/** What one module did about one fault. */
type Outcome = 'goes on' | 'start is refused, the next one goes on' | 'not called' | `ENDED: ${string}` | 'DOES NOT GO ON';

export interface MatrixResult {
  readonly outcomes: readonly FaultOutcome[];
  readonly judged: Awaited<ReturnType<FaultPlant['judge']>>;
}

/** Every operation of both modules fails once before and once after it took effect, one after the other, in one plant's life. */
export async function runFaultMatrix(say: (line: string) => void = () => undefined, only: RegExp = /./): Promise<MatrixResult> {
  const lines = { owner: new FaultLine(), receiver: new FaultLine() };
  const plant = await FaultPlant.create({ owner: { adapters: lines.owner.adapters }, receiver: { adapters: lines.receiver.adapters } });
  try {
    await plant.start();
    const tried = await Promise.all(
      (['owner', 'receiver'] as const).map((side) => new Side(side, plant, lines[side], say).tryAll(PARTS[side], only)),
    );
    await plant.finish();
    return { outcomes: merged(tried.flat()), judged: await plant.judge() };
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

const ORDER = ['not called', 'goes on', 'start is refused, the next one goes on'];

function worse(one: string, other: string): string {
  const rank = (text: string): number => (ORDER.includes(text) ? ORDER.indexOf(text) : ORDER.length);
  return rank(one) >= rank(other) ? one : other;
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

  async tryAll(parts: readonly Part[], only: RegExp): Promise<FaultOutcome[]> {
    const outcomes: FaultOutcome[] = [];
    for (const part of parts) {
      for (const [operation, use] of Object.entries(OPERATIONS[part]).filter(([name]) => only.test(`${part}.${name}`))) {
        if (use === 'seldom') {
          outcomes.push({ part, operation, before: 'not called', after: 'not called' });
          continue;
        }
        const before = await this.#try({ part, operation, when: 'before' });
        const after = await this.#try({ part, operation, when: 'after' });
        outcomes.push({ part, operation, before, after });
      }
    }
    return outcomes;
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
