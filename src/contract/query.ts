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

function answer(state: StateReader, name: QueryName, argument: Json): Promise<unknown> {
  const given = <const Name extends QueryName>(of: Name): v.InferOutput<(typeof ARGUMENTS)[Name]> =>
    parseShape(ARGUMENTS[of], argument, of);
  switch (name) {
    case 'genesis':
      given(name);
      return read(state, 'genesis');
    case 'key':
      return read(state, 'key', given(name).organisation, given(name).keyId);
    case 'keyUses':
      return read(state, 'uses', given(name).channel, given(name).role);
    case 'channel':
      return read(state, 'ch', given(name).channel);
    case 'batch':
      return read(state, 'b', given(name).channel, given(name).n);
    case 'interval':
      return read(state, 'iv', given(name).channel, given(name).interval, given(name).row);
    case 'receipt':
      return read(state, 'rc', given(name).channel, given(name).n);
    case 'cumulativeReceipt':
      return read(state, 'cr', given(name).channel);
    case 'tokenSet':
      return read(state, 'ts', given(name).channel, given(name).epoch, given(name).agreement);
    case 'epochRecord':
      return read(state, 'er', given(name).channel, given(name).k);
    case 'seedCommitment':
      return read(state, 'seed', given(name).channel, given(name).epoch);
    case 'overdue':
      return read(state, 'od', given(name).channel, given(name).interval);
    case 'deposit':
      return read(state, 'dp', given(name).channel, given(name).n);
    case 'disputes':
      return disputesOf(state, given(name).channel, given(name).n);
  }
}

async function disputesOf(state: StateReader, channel: string, n: number): Promise<unknown> {
  const entries = await Promise.all(DISPUTE_KINDS.map((kind) => read(state, 'ds', channel, n, kind)));
  return entries.filter((entry) => entry !== undefined);
}
