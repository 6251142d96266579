import { equalBytes, canonicalJson, intervalEnd, type Json, RejectedError } from '../core/index.ts';
import { type ChannelDocument, channelIdOf } from '../contract/index.ts';
import type { ChannelLedger } from './channel-ledger.ts';
import { Findings } from './findings.ts';
import { type BlockKind, kindOfBlocks } from './ledger-blocks.ts';
import { type LedgerView, viewLedger } from './ledger-view.ts';
import type { LedgerClaim } from './proof-format.ts';
import { unansweredProposal } from './proposal-checks.ts';
import { missedReceipt } from './receipt-deadline.ts';
import type { Held } from './proof-report.ts';

/** Judges what only the order of the ledger, or the absence of something on it, can show. The chain is replayed. */
export async function judgeLedgerClaim(document: ChannelDocument, claim: LedgerClaim, blocks: readonly Json[]): Promise<Held> {
  const findings = new Findings();
  const view =
    blocks.length === 0 ? undefined : await viewLedger({ kind: kindOfBlocks(blocks), blocks: [...blocks] }, findings, [document.ledger]);
  const [broken] = findings.list;
  if (view === undefined || broken !== undefined)
    throw holdsNot(broken?.message ?? 'it has no blocks, and rests on the order of the ledger');
  if (view.id !== document.ledger) throw holdsNot('the blocks are of another ledger than the channel');
  const channel = view.channels.get(channelIdOf(document.ledger, document.commitment));
  if (channel === undefined) throw holdsNot('the channel is not open on the ledger');
  if (!equalBytes(canonicalJson(channel.params), canonicalJson(document.params)))
    throw holdsNot('the channel was opened on the ledger with other parameters');
  const judged = judge(view, channel, claim);
  return {
    ...judged,
    rests: [
      `${view.last.number + 1} blocks, replayed through the contract: every signature and rule on them was checked.`,
      `The order of the blocks and their times, up to block ${view.last.number}, hash ${view.last.hash}: ${WHOSE_WORD[view.kind]}.`,
    ],
  };
}

const WHOSE_WORD: Readonly<Record<BlockKind, string>> = {
  embedded: 'the word of who writes the ledger',
  fabric: 'the order is signed by orderers of the channel, the times by the members whose peers endorsed',
};

function judge(view: LedgerView, channel: ChannelLedger, claim: LedgerClaim): Omit<Held, 'rests'> {
  switch (claim.kind) {
    case 'late':
      return judgeLate(channel, claim.n);
    case 'missing':
      return judgeMissing(view, channel, claim.interval);
    case 'skipped':
      return judgeSkipped(view, channel, claim.n);
    case 'unreceipted':
      return judgeUnreceipted(view, channel, claim.n);
    case 'unsigned':
      return judgeUnsigned(view, channel, claim.k);
  }
}

function judgeLate(channel: ChannelLedger, n: number): Omit<Held, 'rests'> {
  const anchored = channel.anchors.get(n);
  if (anchored === undefined) throw holdsNot(`batch ${n} is not on the ledger`);
  const lateMs = anchored.block.timeMs - anchored.header.toMs - channel.params.anchorWithinMs;
  if (lateMs <= 0) throw holdsNot(`batch ${n} was anchored in time`);
  return {
    n,
    convicted: byOwner(channel, `it anchored batch ${n} ${lateMs} ms after the deadline, by the time of block ${anchored.block.number}.`),
  };
}

function judgeMissing({ last }: LedgerView, channel: ChannelLedger, interval: number): Omit<Held, 'rests'> {
  const headers = [...channel.anchors.values()].map(({ header }) => header);
  const isCovered = headers.some((header) => header.row === 0 && header.interval <= interval && interval <= header.through);
  if (isCovered) throw holdsNot(`a batch on the ledger covers interval ${interval}`);
  if (!headers.some((header) => header.interval < interval)) throw holdsNot(`no batch before interval ${interval} is on the ledger`);
  const lateMs = last.timeMs - intervalEnd(channel.params, interval) - channel.params.anchorWithinMs;
  if (lateMs <= 0) throw holdsNot(`the batch of interval ${interval} was not due before the last block`);
  const of = `it had anchored no batch for interval ${interval} up to block ${last.number}, ${lateMs} ms after the deadline.`;
  const goesOn = headers.some((header) => header.interval > interval);
  const unless = { unless: 'it shows the agreement that the channel commits to, and that this had ended before the interval.' };
  return { interval, convicted: { ...byOwner(channel, of), ...(goesOn ? {} : unless) } };
}

/** Numbers are gap-free, so a later one on the ledger shows that this one was passed over; its own time has ended where that one's begins. */
function judgeSkipped({ last }: LedgerView, channel: ChannelLedger, n: number): Omit<Held, 'rests'> {
  if (channel.anchors.has(n)) throw holdsNot(`batch ${n} is on the ledger`);
  const later = [...channel.anchors.values()].filter(({ header }) => header.n > n).map(({ header }) => header.fromMs);
  if (later.length === 0) throw holdsNot(`no batch after ${n} is on the ledger`);
  const dueMs = later.reduce((a, b) => Math.min(a, b)) + channel.params.anchorWithinMs;
  if (last.timeMs <= dueMs) throw holdsNot(`batch ${n} was not due before the last block`);
  return {
    n,
    convicted: byOwner(
      channel,
      `it anchored a later batch and had not anchored batch ${n} up to block ${last.number}, after its deadline.`,
    ),
  };
}

function judgeUnreceipted(view: LedgerView, channel: ChannelLedger, n: number): Omit<Held, 'rests'> {
  const missed = missedReceipt(channel, n, view.last.timeMs);
  if (typeof missed === 'string') throw holdsNot(missed);
  const of = `it neither receipted nor disputed batch ${n}, which the owner had deposited for it in block ${missed.deposit.block.number}, up to block ${view.last.number}, ${missed.lateMs} ms after the deadline.`;
  const unless = 'it shows the agreement that the channel commits to, and that its dispute window had passed when the batch was deposited.';
  return { n, convicted: { party: 'manufacturer', organisation: channel.manufacturer.org, of, unless } };
}

function judgeUnsigned({ last }: LedgerView, channel: ChannelLedger, k: number): Omit<Held, 'rests'> {
  const shown = channel.proposals.filter((proposal) => proposal.k === k);
  if (shown.length === 0) throw holdsNot(`no proposal of epoch record ${k} is on the ledger, so it may never have been made`);
  const [unanswered] = shown.flatMap((proposal) => unansweredProposal(channel, proposal, last.timeMs) ?? []);
  if (unanswered === undefined)
    throw holdsNot(`the proposal of epoch record ${k} was answered in time, or was not due before the last block`);
  const of = `it neither countersigned nor objected to the proposal of epoch record ${k}, which the owner had shown on the ledger in block ${unanswered.shown.block.number}, ${unanswered.lateMs} ms after the deadline.`;
  return { convicted: { party: 'manufacturer', organisation: channel.manufacturer.org, of } };
}

function byOwner({ owner }: ChannelLedger, of: string): NonNullable<Held['convicted']> {
  return { party: 'owner', organisation: owner.org, of };
}

function holdsNot(why: string): RejectedError<string> {
  return new RejectedError('PROOF_DOES_NOT_HOLD', `The proof does not hold: ${why.replace(/\.$/, '')}.`);
}
