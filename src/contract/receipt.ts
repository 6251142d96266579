import * as v from 'valibot';
import { envelopeHashText, EnvelopeShape, type Json, openEnvelope, parseShape } from '../core/index.ts';
import { RECEIPT_TYPE, ReceiptShape } from '../evidence/index.ts';
import { claimedChannel, claimedNumber } from './documents.ts';
import { refuse } from './errors.ts';
import { namedKey } from './key-log.ts';
import { anchoredBatch, channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

const BodyShape = v.strictObject({ receipt: EnvelopeShape });

/**
 * Puts one receipt on the ledger; either party may. It must be for the anchored header, signed by a key that the
 * manufacturer used at that number or later.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_IN_USE`, `KEY_REVOKED`, `NOT_ANCHORED`, `HEADER_MISMATCH`,
 * `RECEIPT_EXISTS`
 */
export async function receipt(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const envelope = parseShape(BodyShape, body, 'receipt').receipt;
  const channel = claimedChannel(envelope);
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner', 'manufacturer');
  const key = await namedKey(state, entry, 'manufacturer', envelope, { n: claimedNumber(envelope) });
  const { n, header, delivery } = openEnvelope(envelope, RECEIPT_TYPE, ReceiptShape, key);
  const batch = await anchoredBatch(state, channel, n);
  if (batch.header !== header) refuse('HEADER_MISMATCH', `The receipt is for another header than the one anchored as batch ${n}.`);
  if ((await read(state, 'rc', channel, n)) !== undefined) refuse('RECEIPT_EXISTS', `Batch ${n} has a receipt on the ledger.`);
  write(state, 'rc', [channel, n], { receipt: envelopeHashText(envelope), header, delivery });
  return { kind: 'receipt', channel, body: { n, header, delivery } };
}
