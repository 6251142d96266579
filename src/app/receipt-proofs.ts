import { writeProof } from '../audit/index.ts';
import { type Envelope, parseEnvelope, parseShape } from '../core/index.ts';
import { DeliveryPackageShape, openReceipt } from '../evidence/index.ts';
import type { StoredBatch } from '../store/index.ts';
import type { ChannelTerms } from '../transfer/index.ts';
import { keepProof, proofFile } from './proof-files.ts';

export interface ReceiptProofFacts {
  /** Channel document, signed by both parties. */
  readonly channel: Envelope;
  readonly terms: ChannelTerms;
  /** Path of the store; the proofs lie beside it. */
  readonly file: string;
}

/**
 * Keeps what shows that the manufacturer signed a receipt for something else than it was given, as a file that needs
 * neither ledger nor trust. @returns its path
 */
export function keepReceiptProof({ channel, terms, file }: ReceiptProofFacts, batch: StoredBatch, receipt: Envelope): string {
  const { header } = openReceipt(receipt, terms.receiverKey).value;
  const { delivery } = parseShape(DeliveryPackageShape, batch.deliveryPackage, 'delivery package');
  const signed = header === batch.headerHash ? parseEnvelope(delivery) : batch.header;
  const path = proofFile(file, batch.n, 'receipt');
  keepProof(path, writeProof({ channel, body: { kind: 'receipt', receipt, signed } }));
  return path;
}
