import type { Agreement } from '../agreement/index.ts';
import { type Clock, epochOf, intervalEnd } from '../core/index.ts';
import type { ClearedServer } from '../server/index.ts';
import type { ReceivedBatch, ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, type EpochSecrets, isNear, type ReceivedCondition } from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ModuleListener } from './events.ts';
import { type AnchorSeen, anchorOf, codesFromLedger } from './ledger-conditions.ts';
import { ReceivedHistory } from './received-history.ts';

export interface ReceiverDisplayParts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly secrets: EpochSecrets;
  readonly store: ReceiverStore;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  /** The server for the manufacturer's own applications, where there is one. */
  readonly server: () => ClearedServer | undefined;
}

/**
 * Shows conditions to the manufacturer's applications, each interval once: by the delivery, or by the ledger's event while
 * the owner's module can't be reached.
 */
export class ReceiverDisplay {
  readonly #parts: ReceiverDisplayParts;
  /** What applications may read of the past. */
  readonly history: ReceivedHistory;
  #shownInterval = -1;

  constructor(parts: ReceiverDisplayParts) {
    this.#parts = parts;
    this.history = new ReceivedHistory(parts.store, parts.terms.params);
  }

  /** After a restart: what was known last is shown again, so that an application need not wait for the next interval. */
  again(): void {
    const delivered = this.#lastDelivered();
    if (delivered !== undefined) {
      this.#shownInterval = delivered.interval;
      this.#publish(delivered, this.#parts.store.anchor(delivered.n) === undefined ? undefined : this.#transactionOf(delivered.n), true);
    }
    const raised = this.#lastRaised();
    if (raised === undefined) return;
    this.#shownInterval = raised.condition.interval;
    this.#publish(raised.condition, raised.anchor.transaction, false);
  }

  /** A delivery is verified, stored and countersigned. */
  received(condition: ReceivedCondition): void {
    const { listener, agreement } = this.#parts;
    const { n, interval, row, codes } = condition;
    listener({ event: 'received', n, interval, row, via: 'delivery', conditions: row === 0 ? conditionsSeen(agreement, codes) : [] });
    if (row !== 0) return;
    const transaction = this.#transactionOf(n);
    if (interval > this.#shownInterval) {
      this.#shownInterval = interval;
      this.#publish(condition, transaction, true);
    } else if (transaction !== undefined) {
      this.anchored(n, transaction);
    }
  }

  /** An anchor whose delivery is not there; it raises the condition by itself. */
  raise(anchor: AnchorSeen): void {
    const condition = this.#conditionOf(anchor);
    if (condition === undefined) return;
    const { listener, agreement } = this.#parts;
    const { n, interval, codes } = condition;
    listener({ event: 'received', n, interval, row: 0, via: 'ledger', conditions: conditionsSeen(agreement, codes) });
    this.#shownInterval = interval;
    this.#publish(condition, anchor.transaction, false);
  }

  /** The link is lost: what the ledger has told already, and no delivery has, is raised now. */
  raiseAll(): void {
    const { store } = this.#parts;
    for (const sighting of store.anchorsFrom(store.lastNumber() + 1)) this.raise(anchorOf(sighting));
  }

  /** A batch that was delivered is on the ledger now. */
  anchored(n: number, transaction: string): void {
    this.#parts.server()?.batchState(n, { ledgerState: 'Anchored', deliveryState: 'Receipted', txId: transaction });
  }

  #publish(
    { n, toMs, codes }: Pick<ReceivedCondition, 'n' | 'toMs' | 'codes'>,
    transaction: string | undefined,
    isDelivered: boolean,
  ): void {
    const { params } = this.#parts.terms;
    const server = this.#parts.server();
    if (!isDelivered && transaction !== undefined) this.history.raised({ n, toMs, codes, transaction });
    const nextMs = toMs + params.intervalMs + params.publishDelayMs;
    const publishAtMs = this.#parts.clock.now();
    server?.publish(codes.map((code, stream) => ({ stream, code, gridMs: toMs, nextMs, batch: n, publishAtMs })));
    server?.batchState(n, {
      ledgerState: transaction === undefined ? 'Sealed' : 'Anchored',
      deliveryState: isDelivered ? 'Receipted' : 'Waiting',
      txId: transaction ?? '',
    });
  }

  #conditionOf(anchor: AnchorSeen): ReceivedCondition | undefined {
    const { terms, secrets, clock } = this.#parts;
    if (anchor.interval <= this.#shownInterval || anchor.interval < epochStart(terms, secrets)) return undefined;
    if (!isNear(terms, epochOf(terms.params, anchor.interval), clock.now())) return undefined;
    const codes = codesFromLedger(terms, secrets, anchor);
    if (codes === undefined) return undefined;
    return { n: anchor.n, interval: anchor.interval, row: 0, toMs: intervalEnd(terms.params, anchor.through), codes };
  }

  /** After a call, the interval's own condition is still to come. */
  #lastDelivered(): ReceivedCondition | undefined {
    const { store, terms } = this.#parts;
    let batch: ReceivedBatch | undefined = store.last();
    while (batch !== undefined && batch.row > 0) batch = store.batch(batch.n - 1);
    if (batch === undefined) return undefined;
    const { n, interval, row, codes } = batch;
    const through = store.anchor(n) === undefined ? interval : anchorOf(store.anchor(n)!).through;
    return { n, interval, row, codes, toMs: intervalEnd(terms.params, through) };
  }

  #lastRaised(): { readonly condition: ReceivedCondition; readonly anchor: AnchorSeen } | undefined {
    const { store } = this.#parts;
    for (const sighting of store.anchorsFrom(store.lastNumber() + 1).reverse()) {
      const anchor = anchorOf(sighting);
      const condition = this.#conditionOf(anchor);
      if (condition !== undefined) return { condition, anchor };
    }
    return undefined;
  }

  #transactionOf(n: number): string | undefined {
    const sighting = this.#parts.store.anchor(n);
    return sighting === undefined ? undefined : anchorOf(sighting).transaction;
  }
}

/** First interval whose keys are kept. */
function epochStart({ params }: ChannelTerms, secrets: EpochSecrets): number {
  return secrets.oldest.epoch * params.epochIntervals;
}
