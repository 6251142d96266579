import {
  type Bytes,
  canonicalJson,
  type ChannelParams,
  type Envelope,
  EnvelopeShape,
  labelledMac,
  parseCanonical,
  parseShape,
  seal,
  unseal,
} from '../core/index.ts';
import * as v from 'valibot';
import { conditionPlaces } from './condition-tree.ts';
import { type ConditionOpening, ConditionOpeningShape } from './documents.ts';
import { refused } from './errors.ts';
import { emptyNodes } from './merkle.ts';
import { CONDITION_RECORD_BYTES } from './record-kinds.ts';

/** What a deposit holds: the signed delivery and its conditions, never a raw reading. */
export const DepositShape = v.strictObject({ delivery: EnvelopeShape, conditions: ConditionOpeningShape });
export interface Deposit {
  readonly delivery: Envelope;
  readonly conditions: ConditionOpening;
}

/** Room for the delivery's envelope, with the hashes of 64 tags released raw. */
const DELIVERY_ROOM = 5120;

/** Base64url characters and punctuation of one hash in a JSON list. */
const HASH_IN_JSON = 46;

const TAG = 16;

/** The key serves once, so the nonce is fixed. */
const NONCE = new Uint8Array(12);

/** Exact length of a channel's deposits in bytes: public numbers decide, nothing else. */
export function depositSize(params: ChannelParams): number {
  const leaf = HASH_IN_JSON + Math.ceil((CONDITION_RECORD_BYTES * 4) / 3) + 32;
  const hashes = params.topDepth + emptyNodes(conditionPlaces(params), params.conditionDepth).length;
  return DELIVERY_ROOM + conditionPlaces(params) * leaf + hashes * HASH_IN_JSON + TAG;
}

/**
 * Encrypts a delivery to the receiver, for the ledger, under a key that serves this batch only. Its K_batch is committed
 * to, so that a deposit of something else is proven by disclosing it.
 * @throws RejectedError `BAD_DEPOSIT` when it does not fit
 */
export function sealDeposit(params: ChannelParams, kBatch: Bytes, deposit: Deposit): Bytes {
  const json = canonicalJson({ conditions: deposit.conditions, delivery: deposit.delivery });
  const plain = new Uint8Array(depositSize(params) - TAG);
  if (json.length > plain.length) throw refused('BAD_DEPOSIT', 'The delivery does not fit into a deposit of this channel.');
  plain.set(json);
  return seal(depositKey(kBatch), NONCE, plain, new Uint8Array(0));
}

/** @throws RejectedError `BAD_DEPOSIT`, `NOT_DECRYPTABLE`, `NOT_CANONICAL`, `BAD_SHAPE`; what it holds is still to be verified */
export function openDeposit(params: ChannelParams, kBatch: Bytes, box: Bytes): Deposit {
  if (box.length !== depositSize(params)) throw refused('BAD_DEPOSIT', `A deposit of this channel has ${depositSize(params)} bytes.`);
  const plain = unseal(depositKey(kBatch), NONCE, box, new Uint8Array(0));
  let end = plain.length;
  while (end > 0 && plain[end - 1] === 0) end--;
  return parseShape(DepositShape, parseCanonical(plain.subarray(0, end)), 'deposit');
}

function depositKey(kBatch: Bytes): Bytes {
  return labelledMac(kBatch, 'DCMB/0/deposit');
}
