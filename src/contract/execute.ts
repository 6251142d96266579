import type { Json } from '../core/index.ts';
import { anchor } from './anchor.ts';
import { deposit } from './deposit.ts';
import { dispute } from './dispute.ts';
import { epochObjection, epochProposal } from './epoch-proposal.ts';
import { epochRecord } from './epoch-record.ts';
import { refuse } from './errors.ts';
import { registerKey, revokeKey, useKey } from './key-log.ts';
import { openChannel } from './open-channel.ts';
import { overdue } from './overdue.ts';
import { receipt } from './receipt.ts';
import { seedCommitment } from './seed-commitment.ts';
import {
  type ContractContext,
  type ContractEvent,
  type ContractState,
  type Transaction,
  TRANSACTION_KINDS,
  type TransactionKind,
} from './state.ts';
import { requireTime } from './transaction-time.ts';

type Handler = (state: ContractState, context: ContractContext, body: Json) => Promise<ContractEvent>;

const HANDLERS: Readonly<Record<TransactionKind, Handler>> = {
  registerKey,
  revokeKey,
  useKey,
  openChannel,
  seedCommitment,
  epochRecord,
  anchor,
  receipt,
  deposit,
  dispute,
  overdue,
  epochProposal,
  epochObjection,
};

/**
 * The smart contract: checks a transaction against the state and gives its one event. A function of its arguments alone,
 * where the ledger's time decides only whether the transaction's own is taken; it writes only after its last check, so a
 * refusal leaves nothing.
 * @throws RejectedError with a `ContractErrorCode`
 */
export async function execute(state: ContractState, context: ContractContext, { kind, body }: Transaction): Promise<ContractEvent> {
  requireTime(context);
  if (!isTransactionKind(kind)) refuse('UNKNOWN_KIND', 'The contract has no transaction of this kind.');
  return HANDLERS[kind](state, context, body);
}

export function isTransactionKind(kind: string): kind is TransactionKind {
  return (TRANSACTION_KINDS as readonly string[]).includes(kind);
}
