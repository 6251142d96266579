import {
  blockHash,
  type EmbeddedBlock,
  execute,
  type Genesis,
  genesisBlock,
  type GenesisBlock,
  genesisWrites,
  ledgerIdOf,
  MemoryState,
  prepareTransaction,
  type TransactionKind,
  TransactionState,
} from '../../src/contract/index.ts';
import { type Json, parseCanonical, parseEnvelope } from '../../src/core/index.ts';
import { ledgerKey, type OrganisationName, testBytes, testGenesis } from '../support/ledger-network.ts';

/** The embedded ledger's chain without a file: a block for each transaction, made as its writer makes it. */
export class TestChain {
  readonly genesis: Genesis;
  readonly ledgerId: string;
  readonly blocks: [GenesisBlock, ...EmbeddedBlock[]];
  readonly #state = new MemoryState();

  constructor(changes: Partial<Genesis> = {}) {
    this.genesis = testGenesis(changes);
    this.ledgerId = ledgerIdOf(this.genesis);
    this.blocks = [genesisBlock(this.genesis)];
    this.#state.apply(genesisWrites(this.genesis));
  }

  /** The last block, as a document names it that was signed now. */
  get last(): { number: number; hash: string } {
    const block = this.blocks.at(-1)!;
    return { number: block.number, hash: blockHash(block) };
  }

  /** @param timeMs the transaction's own time; the block's as well unless given */
  async commit(creator: OrganisationName, kind: TransactionKind, body: unknown, timeMs: number, blockMs: number = timeMs): Promise<void> {
    const number = this.blocks.length;
    const nonce = testBytes(`nonce ${number}`).slice(0, 16);
    const { txId, bytes } = await prepareTransaction(
      { ledger: this.ledgerId, creator, nonce, timeMs, kind, body: body as Json },
      ledgerKey(creator),
    );
    const state = new TransactionState(this.#state);
    const event = await execute(state, { creator, timeMs, nowMs: blockMs, ledgerId: this.ledgerId }, { kind, body: body as Json });
    this.#state.apply(state.writes);
    const envelope = parseEnvelope(parseCanonical(bytes));
    this.blocks.push({ v: 0, number, prev: this.last.hash, timeMs: blockMs, transactions: [{ txId, envelope, event }] });
  }
}

/** The same blocks with hashes that fit again: what the host of a ledger file can do, who has nobody's keys. */
export function rechained(blocks: readonly Json[]): Json[] {
  const chained: Json[] = [];
  for (const block of blocks as unknown as [GenesisBlock, ...EmbeddedBlock[]]) {
    const before = chained.at(-1) as unknown as EmbeddedBlock | undefined;
    chained.push(before === undefined ? block : { ...block, number: chained.length, prev: blockHash(before) });
  }
  return chained;
}
