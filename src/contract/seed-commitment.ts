import * as v from 'valibot';
import { EnvelopeShape, type Json, openEnvelope, parseShape } from '../core/index.ts';
import { SEED_COMMITMENT_TYPE, SeedCommitmentShape } from '../evidence/index.ts';
import { claimedChannel } from './documents.ts';
import { refuse } from './errors.ts';
import { namedKey } from './key-log.ts';
import { channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

const BodyShape = v.strictObject({ commitment: EnvelopeShape });

/**
 * Commits the owner to all batch seeds of an epoch, by its own signature alone. Whether it came ahead of the epoch is
 * the verifier's to judge, by block: a contract has no trustworthy clock.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_IN_USE`, `KEY_REVOKED`, `SEEDS_COMMITTED`
 */
export async function seedCommitment(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const envelope = parseShape(BodyShape, body, 'seedCommitment').commitment;
  const channel = claimedChannel(envelope);
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner');
  const key = await namedKey(state, entry, 'owner', envelope);
  const { epoch, root } = openEnvelope(envelope, SEED_COMMITMENT_TYPE, SeedCommitmentShape, key);
  if ((await read(state, 'seed', channel, epoch)) !== undefined) {
    refuse('SEEDS_COMMITTED', `The seeds of epoch ${epoch} are committed to already.`);
  }
  write(state, 'seed', [channel, epoch], { root });
  return { kind: 'seedCommitment', channel, body: { epoch, root } };
}
