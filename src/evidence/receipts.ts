import { type Bytes, fromBase64Url, labelledHash, toBase64Url } from '../core/index.ts';
import type { CumulativeReceipt } from './documents.ts';
import { refused } from './errors.ts';

/** What the rolling digest begins with. */
export const FIRST_DIGEST: Bytes = new Uint8Array(32);

/** One more delivery received: its hash covers channel, batch number and openings. */
export function rollDigest(previous: Bytes, deliveryHash: Bytes): Bytes {
  return labelledHash('DCMB/0/receipts', previous, deliveryHash);
}

/** What became of one batch, for the cumulative receipt. */
export interface ReceiptStep {
  readonly n: number;
  /** Hash of the batch's header, base64url. */
  readonly header: string;
  /** Hash of the delivery that was received, or why there is none. */
  readonly outcome: { readonly delivery: Bytes } | { readonly reason: CumulativeReceipt['exceptions'][number]['reason'] };
}

/**
 * Extends a cumulative receipt by the next batch. A disputed or lost one becomes an exception and leaves the digest alone,
 * so that the receipt does not stick there.
 * @param previous `undefined` before batch 0
 * @throws RejectedError `WRONG_NUMBER` when a batch is skipped
 */
export function extendReceipt(previous: CumulativeReceipt | undefined, step: ReceiptStep): CumulativeReceipt {
  const expected = previous === undefined ? 0 : previous.through + 1;
  if (step.n !== expected) throw refused('WRONG_NUMBER', `The cumulative receipt goes on with batch ${expected}, not ${step.n}.`);
  const digest = previous === undefined ? FIRST_DIGEST : fromBase64Url(previous.digest);
  const exceptions = previous?.exceptions ?? [];
  const { outcome } = step;
  return {
    through: step.n,
    header: step.header,
    digest: toBase64Url('delivery' in outcome ? rollDigest(digest, outcome.delivery) : digest),
    exceptions: 'delivery' in outcome ? exceptions : [...exceptions, { n: step.n, reason: outcome.reason }],
  };
}
