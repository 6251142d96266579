import * as v from 'valibot';
import { DcmbError, fromUtf8, type Json, parseCanonical, parseShape } from '../../core/index.ts';
import type { ContractEvent, TransactionKind } from '../../contract/index.ts';
import { counts, type FabricBlock, type FabricTransaction } from '../../fabric-blocks/index.ts';
import type { BlockInfo, Commit, LedgerEvent, LedgerTransaction } from '../port.ts';
import type { Standing } from './block-reader.ts';

/** A newer contract may have kinds that this one doesn't know: whoever reads the event passes over them. */
const EventShape = v.strictObject({
  kind: v.string(),
  channel: v.string(),
  body: v.custom<{ readonly [key: string]: Json }>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
});

interface Executed {
  readonly kind: TransactionKind;
  readonly body: Json;
  readonly event: ContractEvent;
}

/**
 * What blocks of a Fabric channel hold of the contract: transactions that count for the ledger. What can't be read is passed over:
 * a single member must not be able to stop those who follow the chain.
 */
export class EvidenceBlocks {
  readonly #chaincode: string;

  /** @param chaincode name of the evidence chaincode */
  constructor(chaincode: string) {
    this.#chaincode = chaincode;
  }

  events(block: FabricBlock, info: BlockInfo): LedgerEvent[] {
    return block.transactions.flatMap((transaction) => {
      const executed = this.#executed(transaction);
      const { txId, creator } = transaction;
      return executed === undefined ? [] : [{ block: info, txId, creator: creator.mspId, event: executed.event }];
    });
  }

  /** The commit of a transaction that stands in a block; `undefined` where it is invalid there, or none of the contract's. */
  commit({ transaction }: Standing, info: BlockInfo): Commit | undefined {
    const executed = this.#executed(transaction);
    return executed === undefined ? undefined : { txId: transaction.txId, block: info, event: executed.event };
  }

  transaction(block: FabricBlock, txId: string): LedgerTransaction | undefined {
    for (const transaction of block.transactions) {
      const executed = transaction.txId === txId ? this.#executed(transaction) : undefined;
      if (executed !== undefined) return { txId, creator: transaction.creator.mspId, kind: executed.kind, body: executed.body };
    }
    return undefined;
  }

  #executed(transaction: FabricTransaction): Executed | undefined {
    if (!counts(transaction, this.#chaincode)) return undefined;
    try {
      return executedIn(transaction);
    } catch (error) {
      if (error instanceof DcmbError) return undefined;
      throw error;
    }
  }
}

function executedIn({ args, response }: FabricTransaction): Executed | undefined {
  const [name, kind, body] = args;
  if (name === undefined || kind === undefined || body === undefined || fromUtf8(name) !== 'execute') return undefined;
  const event = parseShape(EventShape, parseCanonical(response?.payload ?? new Uint8Array(0)), 'event') as ContractEvent;
  return { kind: fromUtf8(kind) as TransactionKind, body: parseCanonical(body), event };
}
