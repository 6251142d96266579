import * as v from 'valibot';
import { base64Url, epochOf, fromBase64Url, Hash, integer, type Json, labelledHash, parseShape, toBase64Url } from '../core/index.ts';
import { depositSize } from '../evidence/index.ts';
import { refuse } from './errors.ts';
import { anchoredBatch, type BatchEntry, type ChannelEntry, channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState, StateReader } from './state.ts';

const BodyShape = v.strictObject({ channel: Hash, n: integer(0), box: base64Url() });

/**
 * Puts an unreceipted batch's delivery on the ledger, encrypted; from its block on it counts as delivered.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `NOT_ANCHORED`, `BAD_BOX_SIZE`, `DEPOSIT_EXISTS`,
 * `ALREADY_RECEIPTED`, `DEPOSIT_TOO_EARLY`, `DEPOSIT_WITHOUT_SET`
 */
export async function deposit(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const { channel, n, box } = parseShape(BodyShape, body, 'deposit');
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner');
  const batch = await anchoredBatch(state, channel, n);
  const bytes = fromBase64Url(box).length;
  const expected = depositSize(entry.params);
  if (bytes !== expected) refuse('BAD_BOX_SIZE', `A deposit of this channel has ${expected} bytes, this one ${bytes}.`);
  if ((await read(state, 'dp', channel, n)) !== undefined) refuse('DEPOSIT_EXISTS', `Batch ${n} is deposited.`);
  await requireUnreceipted(state, channel, n);
  await requireWaited(state, channel, entry, batch);
  write(state, 'dp', [channel, n], { box: boxHash(box) });
  return { kind: 'deposit', channel, body: { n, box } };
}

/** How a deposited box is named in the state. */
export function boxHash(box: string): string {
  return toBase64Url(labelledHash('DCMB/0/box', fromBase64Url(box)));
}

async function requireUnreceipted(state: StateReader, channel: string, n: number): Promise<void> {
  const single = await read(state, 'rc', channel, n);
  const cumulative = await read(state, 'cr', channel);
  const covered = cumulative !== undefined && n <= cumulative.through && !cumulative.exceptions.includes(n);
  if (single !== undefined || covered) refuse('ALREADY_RECEIPTED', `Batch ${n} is receipted.`);
}

async function requireWaited(state: StateReader, channel: string, { params }: ChannelEntry, batch: BatchEntry): Promise<void> {
  const awaited = batch.through + params.depositAfter;
  if ((await read(state, 'iv', channel, awaited, 0)) === undefined) {
    refuse('DEPOSIT_TOO_EARLY', `The batch can be deposited once interval ${awaited} is anchored.`);
  }
  const epoch = epochOf(params, batch.interval);
  if ((await read(state, 'ts', channel, epoch, batch.agreement)) === undefined) {
    refuse('DEPOSIT_WITHOUT_SET', `Epoch ${epoch} has no token set, so nothing commits to the key of a deposit.`);
  }
}
