import * as v from 'valibot';
import { type Bytes, fromUtf8, type Json, parseCanonical, parseShape, RejectedError } from '../../core/index.ts';
import type { ContractEvent, TransactionKind } from '../../contract/index.ts';
import type { FabricBlock, FabricTransaction } from '../../fabric-blocks/index.ts';
import type { BlockInfo, Commit, LedgerErrorCode, LedgerEvent, LedgerTransaction } from '../port.ts';
import { type Standing, VALID } from './block-reader.ts';

/** A newer contract may have kinds that this one doesn't know: whoever reads the event passes over them. */
const EventShape = v.strictObject({
  kind: v.string(),
  channel: v.string(),
  body: v.custom<{ readonly [key: string]: Json }>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
});

/** What blocks of a Fabric channel hold of the contract: transactions of one chaincode, valid, sent to it and by nothing between. */
export class EvidenceBlocks {
  readonly #chaincode: string;

  /** @param chaincode name of the evidence chaincode */
  constructor(chaincode: string) {
    this.#chaincode = chaincode;
  }

  events(block: FabricBlock, info: BlockInfo): LedgerEvent[] {
    return block.transactions
      .filter((transaction) => this.#isExecuted(transaction))
      .map((transaction) => ({
        block: info,
        txId: transaction.txId,
        creator: transaction.creator.mspId,
        event: eventOf(block, transaction),
      }));
  }

  /** The commit of a transaction that stands in a block; `undefined` where it is invalid there, or none of the contract's. */
  commit({ block, transaction }: Standing, info: BlockInfo): Commit | undefined {
    if (!this.#isExecuted(transaction)) return undefined;
    return { txId: transaction.txId, block: info, event: eventOf(block, transaction) };
  }

  transaction(block: FabricBlock, txId: string): LedgerTransaction | undefined {
    const found = block.transactions.find((transaction) => transaction.txId === txId && this.#isExecuted(transaction));
    if (found === undefined) return undefined;
    const [, kind, body] = found.args;
    if (kind === undefined || body === undefined) throw unreadable(block, found);
    return { txId, creator: found.creator.mspId, kind: fromUtf8(kind) as TransactionKind, body: parseCanonical(body) };
  }

  #isExecuted({ code, chaincode, args }: FabricTransaction): boolean {
    return code === VALID && chaincode === this.#chaincode && args[0] !== undefined && fromUtf8(args[0]) === 'execute';
  }
}

function eventOf(block: FabricBlock, transaction: FabricTransaction): ContractEvent {
  try {
    return parseShape(EventShape, parseCanonical(payloadOf(transaction)), 'event') as ContractEvent;
  } catch (cause) {
    throw unreadable(block, transaction, cause);
  }
}

function payloadOf({ response }: FabricTransaction): Bytes {
  return response?.payload ?? new Uint8Array(0);
}

function unreadable(block: FabricBlock, { txId }: FabricTransaction, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('LEDGER_CORRUPT', `Transaction ${txId} in block ${block.number} can't be read: its chaincode is another one.`, {
    cause,
  });
}
