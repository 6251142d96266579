import * as v from 'valibot';
import { Hash, integer, intervalEnd, type Json, parseShape } from '../core/index.ts';
import { refuse } from './errors.ts';
import { channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

const BodyShape = v.strictObject({ channel: Hash, interval: integer(0) });

/**
 * Finds an interval's grid batch overdue: it is absent, and by the transaction's time the deadline has passed. A later
 * anchor of the interval is marked LATE.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `BATCH_PRESENT`, `OVERDUE_EXISTS`, `NOT_DUE`
 */
export async function overdue(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const { channel, interval } = parseShape(BodyShape, body, 'overdue');
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner', 'manufacturer');
  if ((await read(state, 'iv', channel, interval, 0)) !== undefined) refuse('BATCH_PRESENT', `Interval ${interval} is anchored.`);
  if ((await read(state, 'od', channel, interval)) !== undefined) refuse('OVERDUE_EXISTS', `Interval ${interval} is known to be overdue.`);
  const dueMs = intervalEnd(entry.params, interval) + entry.params.anchorWithinMs;
  if (context.timeMs < dueMs) refuse('NOT_DUE', `Interval ${interval} is due at ${dueMs} ms; the transaction says ${context.timeMs} ms.`);
  write(state, 'od', [channel, interval], context.timeMs);
  return { kind: 'overdue', channel, body: { interval } };
}
