import { type ChannelParams, type Clock, intervalEnd, RejectedError, UnavailableError } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type CoveredIntervals, type Inbox, isSpent, LedgerClaims, OverdueWatch, pause } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';
import type { AnchorSeen } from './ledger-conditions.ts';
import { messageOf } from './message-of.ts';
import type { ReceiverLedger } from './receiver-ledger.ts';
import { requireNewestReceived } from './store-age.ts';

const LOOK_EVERY_MS = 1000;
/** First interval that no anchor covers. */
const NEXT_UNCOVERED = 'next-uncovered';

export interface ReceiverDutiesParts {
  readonly params: ChannelParams;
  /** Last interval of the agreement. */
  readonly lastInterval: number;
  readonly ledger: Ledger;
  readonly view: ReceiverLedger;
  readonly store: ReceiverStore;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  /** Done before claims are sent. */
  readonly others: readonly (() => Promise<void>)[];
  /** The module can't go on: the store is an old copy. */
  failed(error: unknown): void;
}

/** What the receiver does with the ledger once a second, whatever the link does; and what it says of anchors. */
export class ReceiverDuties {
  readonly #parts: ReceiverDutiesParts;
  readonly #claims: LedgerClaims;
  readonly #overdue: OverdueWatch;
  readonly #stopped = new AbortController();
  #isNewest = false;
  #told = '';
  #working: Promise<void> = Promise.resolve();

  constructor(parts: ReceiverDutiesParts) {
    const { ledger, store, inbox, params, lastInterval, listener } = parts;
    this.#parts = parts;
    const next = store.fact(NEXT_UNCOVERED);
    this.#overdue = new OverdueWatch(params, next === undefined ? undefined : Number(next), lastInterval);
    this.#claims = new LedgerClaims(ledger, store, {
      done: ({ id, kind, n }, commit) => {
        if (kind === 'epochRecord') listener({ event: 'epoch-record', k: n, step: 'committed' });
        else listener({ event: 'claimed', claim: id, transaction: commit?.txId ?? '' });
      },
      refused: ({ id, n, kind }, code) =>
        inbox.finding(
          kind === 'overdue' ? -1 : n,
          'CLAIM_REFUSED',
          `The ledger refuses for good what this module claims as ${id} (${code}).`,
        ),
    });
  }

  start(): void {
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  /** Says where an anchor is late, and knows what is covered from now on. */
  anchored(anchor: AnchorSeen): void {
    this.#covered(anchor);
    this.sayIfLate(anchor);
  }

  /** A call's end is known from its delivery alone. */
  sayIfLate({ n, row, through, blockMs }: AnchorSeen, toMs?: number): void {
    const { params, inbox } = this.#parts;
    const endMs = toMs ?? (row === 0 ? intervalEnd(params, through) : undefined);
    const lateMs = endMs === undefined ? 0 : blockMs - endMs - params.anchorWithinMs;
    if (lateMs > 0) inbox.finding(n, 'LATE_ANCHOR', `Batch ${n} was anchored ${lateMs} ms after the time that the agreement gives.`);
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#once();
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  async #once(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      await this.#requireNewest();
      await this.#parts.inbox.compareLater();
      await this.#claimOverdue();
      await this.#answerDeposits();
      for (const other of this.#parts.others) await other();
      await this.#claims.serve(signal);
      this.#told = '';
    } catch (error) {
      const isAway = error instanceof UnavailableError && !isSpent(error);
      if (!isAway && !signal.aborted) this.#tellOnce(messageOf(error));
    }
  }

  /** What stays wrong is met again every second. */
  #tellOnce(message: string): void {
    if (message !== this.#told) this.#parts.listener({ event: 'warning', code: 'LEDGER_FAULT', message });
    this.#told = message;
  }

  /** Once: a store that the ledger is ahead of must not sign again what it has signed. */
  async #requireNewest(): Promise<void> {
    if (this.#isNewest) return;
    const { ledger, view, store } = this.#parts;
    try {
      await requireNewestReceived(ledger, view.channel, store);
      this.#isNewest = true;
    } catch (error) {
      if (error instanceof RejectedError) this.#parts.failed(error);
      throw error;
    }
  }

  async #claimOverdue(): Promise<void> {
    for (const interval of this.#overdue.due(this.#parts.clock.now())) {
      const id = `overdue:${interval}`;
      // What was claimed once is not asked about again.
      if (this.#parts.store.claim(id) !== undefined) continue;
      if (await this.#parts.view.isCovered(interval)) this.#covered({ interval, through: interval, row: 0 });
      else this.#claim(id, interval);
    }
  }

  /**
   * A delivery that was deposited is answered on the ledger, whether it came by the link before or not: else an owner that
   * hides the receipt could say that there is none.
   */
  async #answerDeposits(): Promise<void> {
    const { store, inbox } = this.#parts;
    for (const n of store.unansweredDeposits()) {
      const receipt = await inbox.receiptForDeposit(n);
      if (receipt !== undefined) store.addClaim({ id: `receipt:${n}`, kind: 'receipt', n, body: { receipt } });
    }
  }

  #claim(id: string, interval: number): void {
    const { store, view, inbox, params } = this.#parts;
    store.addClaim({ id, kind: 'overdue', n: interval, body: { channel: view.channel, interval } });
    const end = new Date(intervalEnd(params, interval)).toISOString();
    inbox.finding(-1, 'OVERDUE', `Interval ${interval}, which ended ${end}, has no batch on the ledger and is overdue.`);
  }

  #covered(covered: CoveredIntervals): void {
    if (this.#overdue.anchored(covered)) this.#parts.store.setFact(NEXT_UNCOVERED, String(this.#overdue.next));
  }
}
