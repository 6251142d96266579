import { type Envelope, RejectedError, toBase64Url } from '../core/index.ts';
import {
  type BatchHeader,
  type DeliveryPackage,
  type Opened,
  openHeader,
  openReceipt,
  type VerifiedBatch,
  verifyDelivery,
} from '../evidence/index.ts';
import { systemArgon2 } from '../platform/index.ts';
import type { StoreErrorCode } from '../store/index.ts';
import { type ChannelTerms, deliveryTerms } from '../transfer/index.ts';

/** What both sides' stores keep of a batch in columns of its own, beside the signed documents. */
export interface StoredColumns {
  readonly n: number;
  readonly interval: number;
  readonly row: number;
  readonly headerHash: string;
  readonly deliveryHash: string;
  readonly codes: readonly number[];
  readonly deliveryPackage: unknown;
}

/** @throws RejectedError at the first thing that does not fit */
export async function verifyStored(
  terms: ChannelTerms,
  stored: StoredColumns,
  previous: Opened<BatchHeader> | undefined,
): Promise<VerifiedBatch> {
  const verified = await verifyDelivery({
    ...deliveryTerms(terms),
    epochKeys: undefined,
    argon2: systemArgon2,
    package: stored.deliveryPackage as DeliveryPackage,
    previous,
    tokenRoot: undefined,
  });
  requireColumns(stored, verified.header);
  requireSame(stored.headerHash, toBase64Url(verified.headerHash), 'The hash of the header');
  requireSame(stored.deliveryHash, toBase64Url(verified.deliveryHash), 'The hash of the delivery');
  requireSame(stored.codes, verified.codes, 'The list of condition codes');
  return verified;
}

export function requireColumns({ n, interval, row }: Pick<StoredColumns, 'n' | 'interval' | 'row'>, header: BatchHeader): void {
  requireSame([n, interval, row], [header.n, header.interval, header.row], 'The place of the batch');
}

/** A receipt must be the manufacturer's, and for this batch. @throws RejectedError */
export function requireReceipt(terms: ChannelTerms, { n, headerHash, deliveryHash }: StoredColumns, receipt: Envelope): void {
  const { value } = openReceipt(receipt, terms.receiverKey);
  const found = [value.channel, value.n, value.header, value.delivery];
  requireSame(found, [toBase64Url(terms.channelId), n, headerHash, deliveryHash], 'What the receipt names');
}

/** The header that precedes; undefined where it is unreadable, which is told of its own batch. */
export function headerOf(terms: ChannelTerms, header: unknown): Opened<BatchHeader> | undefined {
  try {
    return header === undefined ? undefined : openHeader(header, terms.ownerKey);
  } catch {
    return undefined;
  }
}

/** @throws RejectedError */
export function requireSame(stored: unknown, computed: unknown, what: string): void {
  if (JSON.stringify(stored) === JSON.stringify(computed)) return;
  throw new RejectedError<StoreErrorCode>('STORE_DAMAGED', `${what} is stored otherwise than the signed documents have it.`);
}
