import * as v from 'valibot';
import { envelopeHashText, EnvelopeShape, type Json, openEnvelope, parseShape } from '../core/index.ts';
import { type CumulativeReceipt, EPOCH_RECORD_TYPE, type EpochRecord, EpochRecordShape } from '../evidence/index.ts';
import { claimedChannel } from './documents.ts';
import { refuse } from './errors.ts';
import { namedKey } from './key-log.ts';
import { anchoredBatch, type ChannelEntry, channelOf, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState, StateReader } from './state.ts';

const BodyShape = v.strictObject({ record: EnvelopeShape });

/**
 * Puts epoch record k on the ledger, signed by the owner, then by the manufacturer; either may send it. It opens token
 * sets that no later record can replace, and may close with the last header that both have.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_IN_USE`, `KEY_REVOKED`, `RECORD_EXISTS`, `RECORD_GAP`,
 * `FIRST_RECORD_CLOSES`, `UNKNOWN_AGREEMENT`, `TOKEN_SET_EXISTS`, `NOT_ANCHORED`, `CLOSE_MISMATCH`, `BAD_EXCEPTIONS`,
 * `RECEIPT_BACKWARDS`
 */
export async function epochRecord(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const envelope = parseShape(BodyShape, body, 'epochRecord').record;
  const channel = claimedChannel(envelope);
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner', 'manufacturer');
  const owner = await namedKey(state, entry, 'owner', envelope);
  const manufacturer = await namedKey(state, entry, 'manufacturer', envelope, { signature: 1 });
  const record = openEnvelope(envelope, EPOCH_RECORD_TYPE, EpochRecordShape, owner, manufacturer);
  await requireRecord(state, entry, record);
  writeRecord(state, record, envelopeHashText(envelope));
  const { k, opens, close, receipt } = record;
  return { kind: 'epochRecord', channel, body: { k, opens, close, receipt } };
}

/** @throws RejectedError unless the record can be the next one, whoever has signed it */
export async function requireRecord(state: StateReader, entry: ChannelEntry, record: EpochRecord): Promise<void> {
  await requireNextNumber(state, record);
  await requireNewSets(state, entry, record);
  await requireAnchoredClose(state, record);
}

async function requireNextNumber(state: StateReader, { channel, k, close, receipt }: EpochRecord): Promise<void> {
  if ((await read(state, 'er', channel, k)) !== undefined) refuse('RECORD_EXISTS', `Epoch record ${k} is on the ledger.`);
  if (k === 0) {
    if (close.length + receipt.length > 0) refuse('FIRST_RECORD_CLOSES', 'Epoch record 0 opens the first token sets and closes nothing.');
    return;
  }
  if ((await read(state, 'er', channel, k - 1)) === undefined) refuse('RECORD_GAP', `Epoch record ${k - 1} is not on the ledger yet.`);
}

async function requireNewSets(state: StateReader, entry: ChannelEntry, { channel, opens }: EpochRecord): Promise<void> {
  const seen = new Set<number>();
  for (const { epoch, agreement } of opens) {
    if (agreement !== entry.agreement) refuse('UNKNOWN_AGREEMENT', `Agreement version ${agreement} is not in force in the channel.`);
    const present = seen.has(epoch) || (await read(state, 'ts', channel, epoch, agreement)) !== undefined;
    if (present) refuse('TOKEN_SET_EXISTS', `Epoch ${epoch} has a token set for agreement version ${agreement}; it can't be replaced.`);
    seen.add(epoch);
  }
}

async function requireAnchoredClose(state: StateReader, { channel, close, receipt }: EpochRecord): Promise<void> {
  const named = [...close, ...receipt.map(({ through, header }) => ({ n: through, header }))];
  for (const { n, header } of named) {
    const batch = await anchoredBatch(state, channel, n);
    if (batch.header !== header) refuse('CLOSE_MISMATCH', `The record names another header than the one anchored as batch ${n}.`);
  }
  for (const cumulative of receipt) await requireForward(state, channel, cumulative);
}

async function requireForward(state: StateReader, channel: string, { through, exceptions }: CumulativeReceipt): Promise<void> {
  exceptions.forEach(({ n }, index) => {
    if (n > through || n <= (exceptions[index - 1]?.n ?? -1)) {
      refuse('BAD_EXCEPTIONS', 'The exceptions must ascend and lie within what the receipt covers.');
    }
  });
  const last = await read(state, 'cr', channel);
  if (last !== undefined && through < last.through) {
    refuse('RECEIPT_BACKWARDS', `The cumulative receipt on the ledger reaches batch ${last.through}; this one ends earlier.`);
  }
}

function writeRecord(state: ContractState, { channel, k, opens, receipt }: EpochRecord, hash: string): void {
  write(state, 'er', [channel, k], { record: hash });
  for (const { epoch, agreement, root } of opens) write(state, 'ts', [channel, epoch, agreement], { root, k });
  for (const { through, exceptions } of receipt) {
    write(state, 'cr', [channel], { k, through, exceptions: exceptions.map(({ n }) => n) });
  }
}
