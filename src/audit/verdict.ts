import type { Mark } from '../contract/index.ts';
import type { Party } from './findings.ts';

/**
 * PROVEN: anchored in time, receipted or deposited, everything consistent. UNACKED: nothing shows that it was received.
 * LATE: anchored or receipted after its deadline, with the party that missed it. DISPUTED: something signed contradicts the evidence, or a dispute on the ledger.
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
  readonly #lateBy = new Set<Party>();
  readonly #disputedBy = new Set<Party>();
  readonly #lacking = new Set<string>();
  readonly #marks = new Set<VerdictMark>();
  acknowledgement: Acknowledgement = 'none';

  missing(): void {
    this.#missing = true;
  }

  /** @param party that missed the deadline */
  late(party: Party): void {
    this.#lateBy.add(party);
  }

  disputed(party: Party): void {
    this.#disputedBy.add(party);
  }

  /** @param what in words: `delivery` */
  lacks(what: string): void {
    this.#lacking.add(what);
  }

  mark(mark: Exclude<VerdictMark, 'LATE'>): void {
    this.#marks.add(mark);
  }

  get verdict(): Verdict {
    if (this.#missing) return 'MISSING';
    if (this.#disputedBy.size > 0) return 'DISPUTED';
    if (this.#lacking.size > 0) return 'UNVERIFIABLE';
    if (this.#lateBy.size > 0) return 'LATE';
    return this.acknowledgement === 'none' ? 'UNACKED' : 'PROVEN';
  }

  get parties(): readonly Party[] {
    return [...(this.verdict === 'LATE' ? this.#lateBy : this.#disputedBy)].sort();
  }

  get lacking(): readonly string[] {
    return [...this.#lacking];
  }

  get marks(): readonly VerdictMark[] {
    const late = this.#lateBy.size > 0 && this.verdict !== 'LATE' ? (['LATE'] as const) : [];
    return [...this.#marks, ...late].sort();
  }

  /** Verdict and marks as one text, by which batches are counted: `PROVEN NO_TOKENS` is not `PROVEN`. */
  get label(): string {
    return [this.verdict, ...this.marks].join(' ');
  }
}
