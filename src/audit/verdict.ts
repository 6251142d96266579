import type { Mark } from '../contract/index.ts';
import type { Party } from './findings.ts';

/**
 * PROVEN: anchored in time, receipted or deposited, everything consistent. UNACKED: nothing shows that it was received.
 * LATE: anchored after its deadline. DISPUTED: something signed contradicts the evidence, or a dispute on the ledger.
 * MISSING: no such batch on the ledger. UNVERIFIABLE: something that the check needs is not in the export.
 */
export type Verdict = 'PROVEN' | 'UNACKED' | 'LATE' | 'DISPUTED' | 'MISSING' | 'UNVERIFIABLE';

/** What shows that the manufacturer has the delivery. */
export type Acknowledgement = 'receipt' | 'epoch record' | 'deposit' | 'none';

/** Marks that stand beside a verdict; a late batch has its own verdict, and this mark where another one is worse. */
export type VerdictMark = Mark;

/** Gathers what the checks find about one batch; the verdict is the worst of it. */
export class Judgement {
  #missing = false;
  #late = false;
  readonly #disputedBy = new Set<Party>();
  readonly #lacking = new Set<string>();
  readonly #marks = new Set<VerdictMark>();
  acknowledgement: Acknowledgement = 'none';

  missing(): void {
    this.#missing = true;
  }

  late(): void {
    this.#late = true;
  }

  disputed(party: Party): void {
    this.#disputedBy.add(party);
  }

  /** @param what in words: `delivery` */
  lacks(what: string): void {
    this.#lacking.add(what);
  }

  mark(mark: VerdictMark): void {
    if (mark === 'LATE') this.late();
    else this.#marks.add(mark);
  }

  get verdict(): Verdict {
    if (this.#missing) return 'MISSING';
    if (this.#disputedBy.size > 0) return 'DISPUTED';
    if (this.#lacking.size > 0) return 'UNVERIFIABLE';
    if (this.#late) return 'LATE';
    return this.acknowledgement === 'none' ? 'UNACKED' : 'PROVEN';
  }

  get parties(): readonly Party[] {
    return [...this.#disputedBy].sort();
  }

  get lacking(): readonly string[] {
    return [...this.#lacking];
  }

  get marks(): readonly VerdictMark[] {
    const late = this.#late && this.verdict !== 'LATE' ? (['LATE'] as const) : [];
    return [...this.#marks, ...late].sort();
  }

  /** Verdict and marks as one text, by which batches are counted: `PROVEN NO_TOKENS` is not `PROVEN`. */
  get label(): string {
    return [this.verdict, ...this.marks].join(' ');
  }
}
