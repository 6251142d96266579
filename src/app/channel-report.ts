import type { CutBatch } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';

/** What a channel of the owner's module tells its operator, in words. No raw values, and no conditions. */
export class ChannelReport {
  readonly #listener: ModuleListener;

  constructor(listener: ModuleListener) {
    this.#listener = listener;
  }

  missed({ open, through }: CutBatch): void {
    const intervals = open.interval === through ? `Interval ${through} was` : `Intervals ${open.interval} to ${through} were`;
    this.#finding(open.n, 'MISSED', `${intervals} missed: the module took no values.`);
  }

  readingsLost(n: number): void {
    const message = `The module ended without warning: accepted readings of batch ${n} may be missing. Its gap record says so.`;
    this.#finding(n, 'READINGS_LOST', message);
  }

  journalLost(n: number): void {
    const message = `The journal beside the store is gone: accepted readings of batch ${n} may be missing. Its gap record says so.`;
    this.#finding(n, 'READINGS_LOST', message);
  }

  suspended(n: number, limit: number): void {
    this.#finding(n, 'SUSPENDED', `${limit} batches have no receipt: clearing is suspended until the receiver is back.`);
  }

  late(n: number): void {
    this.#finding(n, 'LATE_PUBLICATION', `Batch ${n} was not ready at its publication time and waits for the next grid point.`);
  }

  lateWithin(n: number): void {
    this.#finding(n, 'LATE_PUBLICATION', `A condition within batch ${n} was not stored in time and waits for the next grid point.`);
  }

  anchorRefused(n: number, error: unknown): void {
    this.#finding(n, 'ANCHOR_REFUSED', messageOf(error));
  }

  clockJumped(byMs: number): void {
    const message = `The clock moved by ${byMs} ms against the monotonic one. No grid point is repeated or skipped.`;
    this.#listener({ event: 'warning', code: 'CLOCK_JUMPED', message });
  }

  epochRecordFailed(error: unknown): void {
    this.#listener({ event: 'warning', code: 'EPOCH_RECORD_FAILED', message: messageOf(error) });
  }

  #finding(n: number, code: string, message: string): void {
    this.#listener({ event: 'finding', n, code, message });
  }
}
