import type { Clock } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, type EpochRecords, UnsignedProposals } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

export interface SenderProposalParts {
  readonly terms: ChannelTerms;
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly records: EpochRecords;
  readonly listener: ModuleListener;
  readonly signal: AbortSignal;
}

/** The duty to ask on the ledger for a signature that does not come, which tells the module's operator what it does. */
export function proposalDuty({ listener, signal, ...parts }: SenderProposalParts): () => Promise<void> {
  let told = -1;
  const proposals = new UnsignedProposals({
    ...parts,
    shown: (k) => {
      // In a long outage there are many versions of one record.
      if (k !== told)
        listener({
          event: 'finding',
          n: -1,
          code: 'PROPOSAL_UNSIGNED',
          message: `The manufacturer has not countersigned epoch record ${k} in time: the proposal stands on the ledger now, and its silence counts against it.`,
        });
      told = k;
    },
    committed: (k) => listener({ event: 'epoch-record', k, step: 'committed' }),
  });
  return () => proposals.run(signal);
}
