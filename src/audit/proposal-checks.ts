import type { ChannelContext } from './batch-case.ts';
import type { ChannelLedger, LedgerProposal } from './channel-ledger.ts';
import type { Findings } from './findings.ts';

/** A proposal that the manufacturer has answered neither by its signature nor by an objection, in time. */
export interface UnansweredProposal {
  readonly shown: LedgerProposal;
  readonly lateMs: number;
}

/**
 * Whether the manufacturer has missed the deadline for a proposal that stands on the ledger. Why it did not sign one that
 * came over the link alone, or whether it got one, nobody else can tell.
 * @param atMs time of the last block, ms since 1970 UTC
 */
export function unansweredProposal(channel: ChannelLedger, shown: LedgerProposal, atMs: number): UnansweredProposal | undefined {
  const answers = [
    ...channel.epochRecords.filter(({ record }) => record.k === shown.k),
    ...channel.objections.filter(({ proposal, k }) => k === shown.k && proposal === shown.proposal),
  ];
  const answeredMs = answers.reduce((first, { block }) => Math.min(first, block.timeMs), atMs);
  const lateMs = answeredMs - shown.block.timeMs - channel.params.receiptWithinMs;
  return lateMs > 0 ? { shown, lateMs } : undefined;
}

/** Proposals that nobody signed, and who let them lie. */
export function checkProposals({ ledger, view }: ChannelContext, findings: Findings): void {
  for (const shown of ledger.proposals) {
    findings.checked('proposals');
    const object = `epoch record ${shown.k}, proposal`;
    const unanswered = unansweredProposal(ledger, shown, view.last.timeMs);
    if (unanswered === undefined) continue;
    const message = `It stands on the ledger, and was neither countersigned nor objected to ${unanswered.lateMs} ms after the deadline.`;
    findings.add({ code: 'LATE', object, place: shown.pointer, message, party: 'manufacturer' });
  }
  for (const { k, pointer } of ledger.objections) {
    const message = 'The manufacturer does not sign it and says so. Who is right shows only with the keys of the channel.';
    findings.add({ code: 'PROPOSAL_OBJECTED', object: `epoch record ${k}, proposal`, place: pointer, message, party: 'undecided' });
  }
}
