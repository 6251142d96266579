import { canonicalJson, type Envelope, type Json, labelledHash, toBase64Url } from '../core/index.ts';
import { type Dispute, parseDispute, requireProof } from './dispute-proofs.ts';
import { claimedChannel } from './documents.ts';
import { refuse } from './errors.ts';
import { channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

/**
 * Convicts the owner by what it signed; without a proof that holds nothing happens. A batch has one dispute of each kind.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `DISPUTE_EXISTS`, `PROOF_DOES_NOT_HOLD`, `NOT_ANCHORED`,
 * `HEADER_MISMATCH`, `KEY_NOT_IN_USE`, and those of form and signature
 */
export async function dispute(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const proof = parseDispute(body);
  const channel = await channelOf(state, claimedChannel(leadingEnvelope(proof)));
  requireParty(channel, context.creator, 'manufacturer');
  const n = await requireProof(state, channel, proof);
  const { kind } = proof;
  if ((await read(state, 'ds', channel.id, n, kind)) !== undefined) refuse('DISPUTE_EXISTS', `Batch ${n} has a ${kind} dispute.`);
  const evidence = toBase64Url(labelledHash('DCMB/0/dispute', canonicalJson(body)));
  const entry = { kind, against: channel.owner, evidence };
  write(state, 'ds', [channel.id, n, kind], entry);
  return { kind: 'dispute', channel: channel.id, body: { n, ...entry } };
}

function leadingEnvelope(proof: Dispute): Envelope {
  return proof.kind === 'delivery' ? proof.delivery : proof.header;
}
