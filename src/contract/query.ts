import * as v from 'valibot';
import { Hash, integer, type Json, parseShape } from '../core/index.ts';
import { DISPUTE_KINDS } from './dispute-proofs.ts';
import { refuse } from './errors.ts';
import { OrganisationId } from './genesis.ts';
import { read } from './records.ts';
import type { StateReader } from './state.ts';

const number = integer(0);
const ARGUMENTS = {
  genesis: v.strictObject({}),
  key: v.strictObject({ organisation: OrganisationId, keyId: Hash }),
  keyUses: v.strictObject({ channel: Hash, role: v.picklist(['owner', 'manufacturer']) }),
  channel: v.strictObject({ channel: Hash }),
  batch: v.strictObject({ channel: Hash, n: number }),
  /** Number of the batch that covers an interval and row. */
  interval: v.strictObject({ channel: Hash, interval: number, row: integer(0, 16) }),
  receipt: v.strictObject({ channel: Hash, n: number }),
  cumulativeReceipt: v.strictObject({ channel: Hash }),
  tokenSet: v.strictObject({ channel: Hash, epoch: number, agreement: integer(1) }),
  epochRecord: v.strictObject({ channel: Hash, k: number }),
  seedCommitment: v.strictObject({ channel: Hash, epoch: number }),
  overdue: v.strictObject({ channel: Hash, interval: number }),
  deposit: v.strictObject({ channel: Hash, n: number }),
  disputes: v.strictObject({ channel: Hash, n: number }),
  epochProposal: v.strictObject({ channel: Hash, k: number, proposal: Hash }),
  epochObjection: v.strictObject({ channel: Hash, k: number, proposal: Hash }),
} as const;
export type QueryName = keyof typeof ARGUMENTS;
export const QUERY_NAMES = Object.keys(ARGUMENTS) as readonly QueryName[];

/**
 * Reads one entry of the state; the forms of the answers are those in records.ts. `disputes` gives a list.
 * @throws RejectedError `BAD_QUERY` for an unknown name, `BAD_SHAPE` for an argument of another form
 */
export async function query(state: StateReader, name: string, argument: Json): Promise<Json | undefined> {
  if (!isQueryName(name)) refuse('BAD_QUERY', 'The contract has no query of this name.');
  return (await answer(state, name, argument)) as Json | undefined;
}

function isQueryName(name: string): name is QueryName {
  return (QUERY_NAMES as readonly string[]).includes(name);
}

type Arguments = { readonly [Name in QueryName]: v.InferOutput<(typeof ARGUMENTS)[Name]> };
type Answers = { readonly [Name in QueryName]: (state: StateReader, argument: Arguments[Name]) => Promise<unknown> };

const ANSWERS: Answers = {
  genesis: (state) => read(state, 'genesis'),
  key: (state, { organisation, keyId }) => read(state, 'key', organisation, keyId),
  keyUses: (state, { channel, role }) => read(state, 'uses', channel, role),
  channel: (state, { channel }) => read(state, 'ch', channel),
  batch: (state, { channel, n }) => read(state, 'b', channel, n),
  interval: (state, { channel, interval, row }) => read(state, 'iv', channel, interval, row),
  receipt: (state, { channel, n }) => read(state, 'rc', channel, n),
  cumulativeReceipt: (state, { channel }) => read(state, 'cr', channel),
  tokenSet: (state, { channel, epoch, agreement }) => read(state, 'ts', channel, epoch, agreement),
  epochRecord: (state, { channel, k }) => read(state, 'er', channel, k),
  epochProposal: (state, { channel, k, proposal }) => read(state, 'ep', channel, k, proposal),
  epochObjection: (state, { channel, k, proposal }) => read(state, 'eo', channel, k, proposal),
  seedCommitment: (state, { channel, epoch }) => read(state, 'seed', channel, epoch),
  overdue: (state, { channel, interval }) => read(state, 'od', channel, interval),
  deposit: (state, { channel, n }) => read(state, 'dp', channel, n),
  disputes: (state, { channel, n }) => disputesOf(state, channel, n),
};

function answer<const Name extends QueryName>(state: StateReader, name: Name, argument: Json): Promise<unknown> {
  return ANSWERS[name](state, parseShape(ARGUMENTS[name], argument, name) as Arguments[Name]);
}

async function disputesOf(state: StateReader, channel: string, n: number): Promise<unknown> {
  const entries = await Promise.all(DISPUTE_KINDS.map((kind) => read(state, 'ds', channel, n, kind)));
  return entries.filter((entry) => entry !== undefined);
}
