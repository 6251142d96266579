import { RejectedError } from '../core/index.ts';
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

/** An event with its place in the chain. */
export interface ChainEvent {
  readonly block: { readonly number: number; readonly hash: string; readonly timeMs: number };
  readonly txId: string;
  readonly creator: string;
  readonly event: ContractEvent;
}

export interface VerifiedChain {
  readonly ledgerId: string;
  readonly genesis: Genesis;
  readonly state: MemoryState;
  readonly events: readonly ChainEvent[];
  readonly last: { readonly number: number; readonly hash: string; readonly timeMs: number };
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
  #last: VerifiedChain['last'];

  constructor(genesis: Genesis, ledgerId: string) {
    this.#genesis = genesis;
    this.#ledgerId = ledgerId;
    this.#state.apply(genesisWrites(genesis));
    this.#last = { number: 0, hash: blockHash(genesisBlock(genesis)), timeMs: 0 };
  }

  async add(number: number, block: EmbeddedBlock): Promise<void> {
    if (block.number !== number) refuse('BAD_BLOCK', `It says it is block ${block.number}.`);
    if (block.prev !== this.#last.hash) refuse('BAD_BLOCK', 'It does not name the hash of the block before.');
    if (block.timeMs < this.#last.timeMs) refuse('BAD_BLOCK', 'Its time lies before that of the block before.');
    const place = { number, hash: blockHash(block), timeMs: block.timeMs };
    for (const transaction of block.transactions) this.#events.push(await this.#replay(place, transaction));
    this.#last = place;
  }

  result(): VerifiedChain {
    return { ledgerId: this.#ledgerId, genesis: this.#genesis, state: this.#state, events: this.#events, last: this.#last };
  }

  async #replay(block: VerifiedChain['last'], { txId, envelope, event }: BlockTransaction): Promise<ChainEvent> {
    if (transactionId(envelope) !== txId) refuse('BAD_BLOCK', 'A transaction id is not the hash of what is signed.');
    if (this.#txIds.has(txId)) refuse('BAD_BLOCK', `Transaction ${txId} stands in the chain twice.`);
    this.#txIds.add(txId);
    const { creator, timeMs, kind, body } = verifyTransaction(this.#genesis, this.#ledgerId, envelope);
    const state = new TransactionState(this.#state);
    const replayed = await execute(state, { creator, timeMs, nowMs: block.timeMs, ledgerId: this.#ledgerId }, { kind, body });
    requireSameEvent(block.number, event, replayed);
    this.#state.apply(state.writes);
    return { block, txId, creator, event: replayed };
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
