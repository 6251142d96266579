import type * as v from 'valibot';
import {
  type Bytes,
  canonicalJson,
  countersign,
  type Envelope,
  envelopeHash,
  type Json,
  objectHash,
  openEnvelope,
  parseEnvelope,
  parseShape,
  type Signer,
  signEnvelope,
} from '../core/index.ts';
import {
  type BatchHeader,
  BatchHeaderShape,
  type Delivery,
  DELIVERY_TYPE,
  DeliveryShape,
  EPOCH_RECORD_TYPE,
  type EpochRecord,
  EpochRecordShape,
  HEADER_TYPE,
  type Receipt,
  RECEIPT_TYPE,
  ReceiptShape,
  SEED_COMMITMENT_TYPE,
  type SeedCommitment,
  SeedCommitmentShape,
} from './documents.ts';
import { refused } from './errors.ts';

/** A document whose signatures hold, and its hash (over type and payload, not over the signatures). */
export interface Opened<Value> {
  readonly value: Value;
  readonly hash: Bytes;
}

/*
 * Each pair signs and opens one type. `open…` takes what is claimed to be an envelope and throws core's `BAD_SHAPE`,
 * `BAD_ENVELOPE`, `BAD_KEY`, `BAD_SIGNATURE` or `NOT_CANONICAL` unless it is signed by exactly these keys.
 */

/** @throws RejectedError `WRONG_KEY` when the header names another key than the signer's */
export async function signHeader(header: BatchHeader, evidenceKey: Signer): Promise<Envelope> {
  requireNamedKey(header.key, evidenceKey.keyId);
  return sign(HEADER_TYPE, BatchHeaderShape, header, evidenceKey);
}

/** @throws RejectedError `WRONG_KEY` when the header names another key than the one that signed it */
export function openHeader(envelope: unknown, evidenceKey: Bytes): Opened<BatchHeader> {
  const opened = open(HEADER_TYPE, BatchHeaderShape, envelope, evidenceKey);
  requireNamedKey(opened.value.key, parseEnvelope(envelope).signatures[0]!.keyid);
  return opened;
}

export function headerHash(header: BatchHeader): Bytes {
  return objectHash(HEADER_TYPE, canonicalJson(header));
}

export function signDelivery(delivery: Delivery, evidenceKey: Signer): Promise<Envelope> {
  return sign(DELIVERY_TYPE, DeliveryShape, delivery, evidenceKey);
}

export function openDelivery(envelope: unknown, evidenceKey: Bytes): Opened<Delivery> {
  return open(DELIVERY_TYPE, DeliveryShape, envelope, evidenceKey);
}

export function signReceipt(receipt: Receipt, receiverKey: Signer): Promise<Envelope> {
  return sign(RECEIPT_TYPE, ReceiptShape, receipt, receiverKey);
}

export function openReceipt(envelope: unknown, receiverKey: Bytes): Opened<Receipt> {
  return open(RECEIPT_TYPE, ReceiptShape, envelope, receiverKey);
}

/** The owner's proposal, which the receiver checks with {@link openEpochProposal} and countersigns. */
export function proposeEpochRecord(record: EpochRecord, evidenceKey: Signer): Promise<Envelope> {
  return sign(EPOCH_RECORD_TYPE, EpochRecordShape, record, evidenceKey);
}

/** Opens what the owner alone has signed so far. It has no effect until both have. */
export function openEpochProposal(envelope: unknown, evidenceKey: Bytes): Opened<EpochRecord> {
  return open(EPOCH_RECORD_TYPE, EpochRecordShape, envelope, evidenceKey);
}

export function countersignEpochRecord(proposal: Envelope, receiverKey: Signer): Promise<Envelope> {
  return countersign(proposal, receiverKey);
}

export function openEpochRecord(envelope: unknown, evidenceKey: Bytes, receiverKey: Bytes): Opened<EpochRecord> {
  return open(EPOCH_RECORD_TYPE, EpochRecordShape, envelope, evidenceKey, receiverKey);
}

export function signSeedCommitment(commitment: SeedCommitment, evidenceKey: Signer): Promise<Envelope> {
  return sign(SEED_COMMITMENT_TYPE, SeedCommitmentShape, commitment, evidenceKey);
}

export function openSeedCommitment(envelope: unknown, evidenceKey: Bytes): Opened<SeedCommitment> {
  return open(SEED_COMMITMENT_TYPE, SeedCommitmentShape, envelope, evidenceKey);
}

async function sign<const Shape extends v.GenericSchema>(
  type: string,
  shape: Shape,
  value: v.InferOutput<Shape>,
  key: Signer,
): Promise<Envelope> {
  return signEnvelope(type, parseShape(shape, value, type) as Json, key);
}

function open<const Shape extends v.GenericSchema>(
  type: string,
  shape: Shape,
  value: unknown,
  ...keys: readonly Bytes[]
): Opened<v.InferOutput<Shape>> {
  const envelope = parseEnvelope(value);
  return { value: openEnvelope(envelope, type, shape, ...keys), hash: envelopeHash(envelope) };
}

function requireNamedKey(named: string, actual: string): void {
  if (named !== actual) throw refused('WRONG_KEY', 'The header names another key than the one that signs it.');
}
