import { refuse } from './errors.ts';
import type { ContractContext } from './state.ts';

/** How far a transaction's own time may run ahead of the ledger's, and a writer's clock lag behind the chain, ms. */
export const MOST_CLOCK_SKEW_MS = 5_000;

/** How old a transaction may be when the ledger takes it, ms: one that waited longer is prepared anew. */
export const MOST_AGE_MS = 300_000;

/**
 * A transaction's time is its sender's claim; the ledger takes it only close to its own time. So nobody dates back what
 * comes late, or ahead what is not due.
 * @throws RejectedError `DATED_BACK`, `DATED_AHEAD`
 */
export function requireTime({ timeMs, nowMs }: ContractContext): void {
  if (timeMs < nowMs - MOST_AGE_MS) {
    refuse('DATED_BACK', `The transaction's time is ${nowMs - timeMs} ms back; ${MOST_AGE_MS} ms are allowed. Prepare it anew.`, {
      details: { transactionMs: timeMs, ledgerMs: nowMs },
    });
  }
  if (timeMs > nowMs + MOST_CLOCK_SKEW_MS) {
    refuse('DATED_AHEAD', `The transaction's time is ${timeMs - nowMs} ms too far ahead; ${MOST_CLOCK_SKEW_MS} ms are allowed.`, {
      details: { transactionMs: timeMs, ledgerMs: nowMs },
    });
  }
}
