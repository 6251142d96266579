import { testParams } from '../support/ledger-network.ts';
import { ForgedChain } from './forged-chain.ts';

/** A chain of the test network with its genesis sent, at the time at which all scenes begin. */
export function forgedLedger(): ForgedChain {
  const chain = new ForgedChain();
  chain.begin(testParams().originMs - 10_000);
  return chain;
}
