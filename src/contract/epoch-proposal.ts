import * as v from 'valibot';
import { envelopeHashText, EnvelopeShape, Hash, integer, type Json, parseShape } from '../core/index.ts';
import { openEpochProposal } from '../evidence/index.ts';
import { claimedChannel } from './documents.ts';
import { requireRecord } from './epoch-record.ts';
import { refuse } from './errors.ts';
import { namedKey } from './key-log.ts';
import { channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

const ProposalShape = v.strictObject({ record: EnvelopeShape });
const ObjectionShape = v.strictObject({ channel: Hash, k: integer(0), proposal: Hash });

/**
 * Shows everybody what the owner has proposed as epoch record k, where the manufacturer did not sign it: from its block on
 * the manufacturer has it, and its silence is its own. It opens nothing.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_IN_USE`, `KEY_REVOKED`, `PROPOSAL_EXISTS`, and those that
 * `epochRecord` has for a record of this content
 */
export async function epochProposal(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const envelope = parseShape(ProposalShape, body, 'epochProposal').record;
  const channel = claimedChannel(envelope);
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner');
  const record = openEpochProposal(envelope, await namedKey(state, entry, 'owner', envelope)).value;
  await requireRecord(state, entry, record);
  const { k } = record;
  const proposal = envelopeHashText(envelope);
  if ((await read(state, 'ep', channel, k, proposal)) !== undefined)
    refuse('PROPOSAL_EXISTS', `This proposal of epoch record ${k} is on the ledger.`);
  write(state, 'ep', [channel, k, proposal], context.timeMs);
  return { kind: 'epochProposal', channel, body: { k, proposal } };
}

/**
 * The manufacturer does not sign a proposal, because it does not fit what it has. Nobody but the two can tell who is right,
 * so it convicts neither.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `NO_PROPOSAL`, `RECORD_EXISTS`, `OBJECTION_EXISTS`
 */
export async function epochObjection(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const { channel, k, proposal } = parseShape(ObjectionShape, body, 'epochObjection');
  requireParty(await channelOf(state, channel), context.creator, 'manufacturer');
  if ((await read(state, 'ep', channel, k, proposal)) === undefined)
    refuse('NO_PROPOSAL', `This proposal of epoch record ${k} is not on the ledger.`);
  if ((await read(state, 'er', channel, k)) !== undefined) refuse('RECORD_EXISTS', `Epoch record ${k} is on the ledger, signed by both.`);
  if ((await read(state, 'eo', channel, k, proposal)) !== undefined)
    refuse('OBJECTION_EXISTS', `This proposal of epoch record ${k} is objected to.`);
  write(state, 'eo', [channel, k, proposal], context.timeMs);
  return { kind: 'epochObjection', channel, body: { k, proposal } };
}
