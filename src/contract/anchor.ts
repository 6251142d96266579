import { envelopeHashText, epochOf, type Json, parseShape } from '../core/index.ts';
import { AnchorBodyShape, type AnchorTokens, type BatchHeader, openHeader, verifyHeaderForm } from '../evidence/index.ts';
import { isCertified } from './certification.ts';
import { claimedChannel, claimedNumber } from './documents.ts';
import { refuse } from './errors.ts';
import { keyAt } from './key-log.ts';
import { type ChannelEntry, channelOf, type Mark, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState, StateReader } from './state.ts';
import { requireTokens } from './token-rules.ts';

/**
 * Anchors a batch: its header takes the number and its intervals, its tokens are found in the co-signed set. Anchors may
 * come in any order. What the contract itself found stands in the event as marks: NO_TOKENS, UNCERTIFIED, LATE.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_IN_USE`, `KEY_REVOKED`, `NUMBER_TAKEN`, `INTERVAL_TAKEN`,
 * `UNKNOWN_AGREEMENT`, those of `verifyHeaderForm` and {@link requireTokens}, and those of form and signature
 */
export async function anchor(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const { header: envelope, tokens } = parseShape(AnchorBodyShape, body, 'anchor');
  const channel = claimedChannel(envelope);
  const entry = await channelOf(state, channel);
  requireParty(entry, context.creator, 'owner');
  const key = await keyAt(state, entry, 'owner', claimedNumber(envelope));
  const header = openHeader(envelope, key).value;
  verifyHeaderForm(entry.params, channel, header);
  if (header.agreement !== entry.agreement) {
    refuse('UNKNOWN_AGREEMENT', `Agreement version ${header.agreement} is not in force in the channel.`);
  }
  await requireFree(state, header);
  const marks = await requireMarks(state, entry, header, tokens);
  writeBatch(state, header, envelopeHashText(envelope), marks);
  const { n, interval, through, row } = header;
  return { kind: 'anchor', channel, body: { n, interval, through, row, header: envelopeHashText(envelope), tokens: tokens.tokens, marks } };
}

/** Both keys are checked: without the second, two numbers could use one slot. */
async function requireFree(state: StateReader, { channel, n, interval, through, row }: BatchHeader): Promise<void> {
  if ((await read(state, 'b', channel, n)) !== undefined) refuse('NUMBER_TAKEN', `Batch ${n} is anchored.`);
  for (let covered = interval; covered <= through; covered++) {
    const taken = await read(state, 'iv', channel, covered, row);
    if (taken !== undefined) refuse('INTERVAL_TAKEN', `Interval ${covered}, row ${row} is anchored as batch ${taken}.`);
  }
}

async function requireMarks(state: StateReader, entry: ChannelEntry, header: BatchHeader, tokens: AnchorTokens): Promise<Mark[]> {
  const set = await read(state, 'ts', header.channel, epochOf(entry.params, header.interval), header.agreement);
  const certified = await isCertified(state, entry.params, header);
  requireTokens(entry.params, header, tokens, set?.root, certified);
  const marks: Mark[] = [];
  if (set === undefined) marks.push('NO_TOKENS');
  if (!certified) marks.push('UNCERTIFIED');
  if (await isLate(state, header)) marks.push('LATE');
  return marks;
}

/** Read for every interval covered, so that an `overdue` of the same block conflicts with the anchor. */
async function isLate(state: StateReader, { channel, interval, through, row }: BatchHeader): Promise<boolean> {
  if (row !== 0) return false;
  let late = false;
  for (let covered = interval; covered <= through; covered++) {
    if ((await read(state, 'od', channel, covered)) !== undefined) late = true;
  }
  return late;
}

function writeBatch(state: ContractState, header: BatchHeader, hash: string, marks: readonly Mark[]): void {
  const { channel, n, interval, through, row, agreement, tokensDigest } = header;
  write(state, 'b', [channel, n], { header: hash, interval, through, row, agreement, tokensDigest, marks });
  for (let covered = interval; covered <= through; covered++) write(state, 'iv', [channel, covered, row], n);
}
