import { isRefusal } from '../audit/refusal-names.ts';
import { AUDITS_A_MINUTE } from './contract.ts';
import { MinuteLimit } from './minute-limit.ts';

/** Keeps a client that is refused without end, or a child in wrong hands, from filling the module's log. */
export class AuditLimit {
  readonly #done = new MinuteLimit(AUDITS_A_MINUTE.done);
  readonly #refused = new MinuteLimit(AUDITS_A_MINUTE.refused);
  readonly #tellings = new MinuteLimit(AUDITS_A_MINUTE.tellings);

  /** Whether an audit of something that ended with this status may be told. */
  takes(status: string): boolean {
    return (isRefusal(status) ? this.#refused : this.#done).take();
  }

  /** Whether refusals may be told. */
  takesTelling(): boolean {
    return this.#tellings.take();
  }
}
