import { type Clock, type Envelope, type Json, parseEnvelope, RejectedError, toBase64Url } from '../core/index.ts';
import { openReceipt } from '../evidence/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import type { ChannelTerms, TransferErrorCode } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';
import type { Trace } from './trace.ts';

export interface DeliveryDeskParts {
  readonly store: SenderStore;
  readonly terms: ChannelTerms;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  readonly trace: Trace;
  /** The state of a batch changed. */
  changed(n: number): void;
  /** The manufacturer signed a receipt for something else than it was given under that number. */
  forged(batch: StoredBatch, receipt: Envelope): void;
}

/** Where the manufacturer fetches deliveries and hands in receipts. Shows nothing before its publication time. */
export class DeliveryDesk {
  readonly #parts: DeliveryDeskParts;

  constructor(parts: DeliveryDeskParts) {
    this.#parts = parts;
  }

  /** The delivery package of a batch from its publication on; undefined too where the cache has given it up, see `evidence`. */
  delivery(n: number): Json | undefined {
    const batch = this.#publishedBatch(n);
    if (batch === undefined || !holdsDelivery(batch)) return undefined;
    if (batch.deliveryState === 'Waiting') {
      this.#parts.store.setDelivered(n);
      this.#parts.trace({ kind: 'delivered', n });
      this.#parts.listener({ event: 'delivered', n });
    }
    return batch.deliveryPackage;
  }

  /** Header and where it stands on the ledger. */
  evidence(n: number): Json | undefined {
    const batch = this.#publishedBatch(n);
    if (batch === undefined) return undefined;
    const { header, headerHash, ledgerState, deliveryState, transactionId } = batch;
    return { n, header, headerHash, ledgerState, deliveryState, transactionId };
  }

  /**
   * Takes a receipt for good. The same one twice does no harm.
   * @throws RejectedError `BAD_RECEIPT`, or those of form and signature
   */
  acknowledge(value: unknown): void {
    const { terms, store } = this.#parts;
    const envelope = parseEnvelope(value);
    const { value: receipt } = openReceipt(envelope, terms.receiverKey);
    const batch = this.#publishedBatch(receipt.n);
    const fits =
      batch !== undefined &&
      receipt.channel === toBase64Url(terms.channelId) &&
      receipt.header === batch.headerHash &&
      receipt.delivery === batch.deliveryHash;
    if (!fits) {
      if (batch !== undefined && holdsDelivery(batch) && receipt.channel === toBase64Url(terms.channelId))
        this.#parts.forged(batch, envelope);
      throw new RejectedError<TransferErrorCode>('BAD_RECEIPT', `The receipt for batch ${receipt.n} is not for what was delivered.`);
    }
    if (batch.receipt !== undefined) return;
    store.setReceipted(receipt.n, envelope);
    this.#parts.trace({ kind: 'receipted', n: receipt.n });
    this.#parts.listener({ event: 'receipted', n: receipt.n });
    this.#parts.changed(receipt.n);
  }

  #publishedBatch(n: number): StoredBatch | undefined {
    const batch = this.#parts.store.batch(n);
    return batch !== undefined && batch.publishAtMs <= this.#parts.clock.now() ? batch : undefined;
  }
}

/** What is left of an expired package, whatever became of the batch later, is what its anchor needed. */
function holdsDelivery({ deliveryPackage }: StoredBatch): boolean {
  return typeof deliveryPackage === 'object' && deliveryPackage !== null && 'delivery' in deliveryPackage;
}
