import { type Json, RejectedError } from '../core/index.ts';
import {
  blockHash,
  type BlockTransaction,
  type EmbeddedBlock,
  genesisBlock,
  parseBlock,
  parseGenesisBlock,
  requireSameEvent,
  transactionId,
  verifyTransaction,
} from './embedded-block.ts';
import { refuse } from './errors.ts';
import { execute } from './execute.ts';
import { type Genesis, genesisWrites, ledgerIdOf } from './genesis.ts';
import { type ContractEvent, MemoryState, TransactionState } from './state.ts';

/** A block of a chain. */
export interface ChainBlock {
  readonly number: number;
  /** 43 characters. */
  readonly hash: string;
  /** ms since 1970 UTC, never below that of the block before; 0 for block 0. */
  readonly timeMs: number;
}

/** A transaction's event with its place in the chain. */
export interface ChainEvent {
  readonly block: ChainBlock;
  /** JSON pointer (RFC 6901) to the transaction, from the list of blocks on. */
  readonly pointer: string;
  readonly txId: string;
  readonly creator: string;
  /** What the sender asked for. */
  readonly body: Json;
  readonly event: ContractEvent;
}

/** A chain that holds, of whichever kind of ledger. */
export interface VerifiedChain {
  readonly ledgerId: string;
  readonly genesis: Genesis;
  readonly state: MemoryState;
  /** By number. */
  readonly blocks: readonly ChainBlock[];
  /** One for each transaction of the contract, in order. */
  readonly events: readonly ChainEvent[];
  readonly last: ChainBlock;
  /** Members whose certificate authorities changed, with the block from which on; only on Fabric. */
  readonly memberChanges?: readonly MemberChange[];
  /** Transactions that count for nothing on this ledger: configurations, others' chaincodes, invalid ones; only on Fabric. */
  readonly passedOver?: number;
}

export interface MemberChange {
  readonly block: number;
  readonly organisation: string;
}

/**
 * Verifies a whole chain of the embedded ledger, without trust in who wrote it: the genesis gives the expected ledger id,
 * every block names the hash of the one before, every transaction is signed by a member, no transaction stands twice, and
 * the same contract gives exactly the events recorded.
 * @param blocks parsed JSON of all blocks from number 0 on
 * @param expectedLedgerId what the reader knows of the network from elsewhere
 * @throws RejectedError `OTHER_LEDGER`, `BAD_BLOCK` naming the block, with the fault as its cause
 */
export async function verifyBlockChain(blocks: readonly unknown[], expectedLedgerId: string): Promise<VerifiedChain> {
  const genesis = await inBlock(0, () => Promise.resolve(parseGenesisBlock(blocks[0])));
  const ledgerId = ledgerIdOf(genesis);
  if (ledgerId !== expectedLedgerId) refuse('OTHER_LEDGER', `The chain is of ledger ${ledgerId}, expected ledger ${expectedLedgerId}.`);
  const replay = new Replay(genesis, ledgerId);
  for (const [number, block] of blocks.entries()) {
    if (number > 0) await inBlock(number, () => replay.add(number, parseBlock(block)));
  }
  return replay.result();
}

class Replay {
  readonly #genesis: Genesis;
  readonly #ledgerId: string;
  readonly #state = new MemoryState();
  readonly #events: ChainEvent[] = [];
  readonly #txIds = new Set<string>();
  readonly #blocks: ChainBlock[];

  constructor(genesis: Genesis, ledgerId: string) {
    this.#genesis = genesis;
    this.#ledgerId = ledgerId;
    this.#state.apply(genesisWrites(genesis));
    this.#blocks = [{ number: 0, hash: blockHash(genesisBlock(genesis)), timeMs: 0 }];
  }

  async add(number: number, block: EmbeddedBlock): Promise<void> {
    const last = this.#blocks.at(-1)!;
    if (block.number !== number) refuse('BAD_BLOCK', `It says it is block ${block.number}.`);
    if (block.prev !== last.hash) refuse('BAD_BLOCK', 'It does not name the hash of the block before.');
    if (block.timeMs < last.timeMs) refuse('BAD_BLOCK', 'Its time lies before that of the block before.');
    const place = { number, hash: blockHash(block), timeMs: block.timeMs };
    for (const [index, transaction] of block.transactions.entries()) {
      const pointer = `/${number}/transactions/${index}`;
      this.#events.push({ ...(await this.#replay(place, transaction)), pointer });
    }
    this.#blocks.push(place);
  }

  result(): VerifiedChain {
    const [ledgerId, genesis, state, events, blocks] = [this.#ledgerId, this.#genesis, this.#state, this.#events, this.#blocks];
    return { ledgerId, genesis, state, blocks, events, last: blocks.at(-1)! };
  }

  async #replay(block: ChainBlock, { txId, envelope, event }: BlockTransaction): Promise<Omit<ChainEvent, 'pointer'>> {
    if (transactionId(envelope) !== txId) refuse('BAD_BLOCK', 'A transaction id is not the hash of what is signed.');
    if (this.#txIds.has(txId)) refuse('BAD_BLOCK', `Transaction ${txId} stands in the chain twice.`);
    this.#txIds.add(txId);
    const { creator, timeMs, kind, body } = verifyTransaction(this.#genesis, this.#ledgerId, envelope);
    const state = new TransactionState(this.#state);
    const replayed = await execute(state, { creator, timeMs, nowMs: block.timeMs, ledgerId: this.#ledgerId }, { kind, body });
    requireSameEvent(block.number, event, replayed);
    this.#state.apply(state.writes);
    return { block, txId, creator, body, event: replayed };
  }
}

async function inBlock<T>(number: number, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    return refuse('BAD_BLOCK', `Block ${number} does not verify: ${cause.message}`, {
      cause,
      details: { block: number, code: String(cause.code) },
    });
  }
}
