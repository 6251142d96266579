import type { Clock, Random } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, Deposits, type EpochRecords } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

export interface SenderDepositParts {
  readonly terms: ChannelTerms;
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: EpochRecords;
  readonly listener: ModuleListener;
  readonly signal: AbortSignal;
  /** The state of a batch changed. */
  readonly changed: (n: number) => void;
}

/** The duty to put deliveries without a receipt on the ledger, which tells the module's operator what it does. */
export function depositDuty({ listener, changed, records, signal, ...parts }: SenderDepositParts): () => Promise<void> {
  let isToldImpossible = false;
  const deposits = new Deposits({
    ...parts,
    hasTokenSet: (interval) => records.hasTokenSet(interval),
    listener: {
      deposited: (n) => {
        isToldImpossible = false;
        listener({ event: 'deposited', n });
        changed(n);
      },
      // One tells of all that follow: an outage that outlasts the token sets has thousands of them.
      impossible: (n, why) => {
        if (!isToldImpossible) listener({ event: 'finding', n, code: 'NOT_DEPOSITED', message: `Batch ${n} can't be deposited: ${why}` });
        isToldImpossible = true;
      },
    },
  });
  return () => deposits.depositDue(signal);
}
