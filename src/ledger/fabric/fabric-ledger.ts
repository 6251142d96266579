import { type Bytes, canonicalJson, hasCode, type Json, RejectedError } from '../../core/index.ts';
import { type Genesis, ledgerIdOf, parseFabricGenesis, type TransactionKind } from '../../contract/index.ts';
import type { BlockInfo, Commit, Ledger, LedgerErrorCode, LedgerEvent, LedgerTransaction, PreparedTransaction } from '../port.ts';
import type { BlockReader, Standing } from './block-reader.ts';
import { BlockStream } from './block-stream.ts';
import { BLOCKS_BEFORE } from './block-times.ts';
import { closed } from './errors.ts';
import { EvidenceBlocks } from './evidence-block.ts';
import { type FabricAccess, FabricNetwork, requireLedger, requirePlace } from './fabric-network.ts';
import { requireInForce } from './identity.ts';
import { pauseFor } from './patience.ts';
import { requireSize } from './prepared.ts';
import { Submission } from './submission.ts';

export interface FabricLedgerOptions extends FabricAccess {
  /** Id of the network that the caller expects. */
  readonly ledgerId: string;
}

/**
 * Opens a ledger on Fabric for one organisation, through that organisation's own peers.
 * @throws RejectedError `BAD_PROFILE`, `BAD_IDENTITY`, `NOT_A_LEDGER`, `OTHER_LEDGER`, `NOT_A_MEMBER`; UnavailableError `LEDGER_UNAVAILABLE`
 */
export async function openFabricLedger(options: FabricLedgerOptions): Promise<Ledger> {
  const network = await FabricNetwork.load(options);
  try {
    await requireLedger(network, options.ledgerId);
    return new FabricLedger(options.ledgerId, network);
  } catch (error) {
    network.close();
    throw error;
  }
}

/**
 * Makes an evidence chaincode a ledger by sending it its genesis, which has to name this very place.
 * @throws RejectedError `LEDGER_EXISTS`, `OTHER_LEDGER`, `BAD_GENESIS`, `BAD_SHAPE`, those of a refused endorsement; UnavailableError
 */
export async function createFabricLedger({ genesis, ...access }: FabricAccess & { readonly genesis: Genesis }): Promise<void> {
  const network = await FabricNetwork.load(access);
  try {
    const form = parseFabricGenesis(genesis);
    await requirePlace(network, form);
    if ((await network.genesis()) !== undefined) throw exists(access);
    await sendGenesis(network, canonicalJson(form));
    await requireLedger(network, ledgerIdOf(form));
  } finally {
    network.close();
  }
}

async function sendGenesis(network: FabricNetwork, bytes: Bytes): Promise<void> {
  const submission = submissionOf(network);
  try {
    await submission.submit(await submission.prepare('genesis', bytes));
  } catch (error) {
    if (hasCode(error, 'GENESIS_EXISTS')) throw exists(network.access);
    throw error;
  }
}

function exists({ chaincode, fabricChannel }: FabricAccess): RejectedError<LedgerErrorCode> {
  return new RejectedError('LEDGER_EXISTS', `The chaincode "${chaincode}" on the Fabric channel "${fabricChannel}" has a genesis already.`);
}

function submissionOf(network: FabricNetwork): Submission {
  const { access, peers, patience, blocks } = network;
  return new Submission({ place: access, peers, random: access.random, patience, blocks, tryOut: (call) => network.tryOut(call) });
}

class FabricLedger implements Ledger {
  readonly id: string;
  readonly organisation: string;
  readonly #network: FabricNetwork;
  readonly #evidence: EvidenceBlocks;
  readonly #submission: Submission;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(id: string, network: FabricNetwork) {
    this.id = id;
    this.organisation = network.access.organisation;
    this.#network = network;
    this.#evidence = new EvidenceBlocks(network.access.chaincode);
    this.#submission = submissionOf(network);
  }

  async prepare(kind: TransactionKind, body: Json): Promise<PreparedTransaction> {
    this.#requireOpen();
    requireInForce(this.#network.identity, Date.now());
    const bytes = canonicalJson(body);
    requireSize(bytes);
    return this.#submission.prepare('execute', kind, bytes);
  }

  async submit(prepared: PreparedTransaction): Promise<Commit> {
    this.#requireOpen();
    const standing = await this.#submission.submit(prepared);
    const commit = await this.#commit(standing);
    if (commit === undefined) throw new RejectedError<LedgerErrorCode>('BAD_TRANSACTION', 'The transaction is none of the contract.');
    return commit;
  }

  async statusOf(txId: string): Promise<Commit | undefined> {
    this.#requireOpen();
    const standing = await this.#blocks.standing(txId);
    return standing === undefined ? undefined : this.#commit(standing);
  }

  async query(name: string, argument: Json): Promise<Json | undefined> {
    this.#requireOpen();
    return this.#network.query(name, argument);
  }

  async *events(fromBlock: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
    this.#requireOpen();
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    const first = Math.max(fromBlock, 0);
    const { peers, blocks, access, patience } = this.#network;
    // Whoever goes on from here has seen what is before: a peer that has not is behind, and its refusals are not believed.
    blocks.times.seen(first - 1);
    // The blocks before lend the first ones their time.
    const stream = new BlockStream(Math.max(0, first - BLOCKS_BEFORE), ended, { peers, reader: blocks, random: access.random, patience });
    for await (const block of stream.blocks()) {
      if (block.number < first) continue;
      for (const event of this.#evidence.events(block, await blocks.info(block.number))) {
        // The consumer may have aborted while it had the last one.
        if (ended.aborted) return;
        yield event;
      }
    }
  }

  async transaction(block: number, txId: string): Promise<LedgerTransaction | undefined> {
    const last = await this.#lastNumber();
    return block < 0 || block > last ? undefined : this.#evidence.transaction(await this.#blocks.block(block), txId);
  }

  async lastBlock(): Promise<BlockInfo> {
    return this.#blocks.info(await this.#lastNumber());
  }

  async blockInfo(number: number): Promise<BlockInfo | undefined> {
    const last = await this.#lastNumber();
    return number < 0 || number > last ? undefined : this.#blocks.info(number);
  }

  async blocks(from: number, to?: number): Promise<Json[]> {
    const last = await this.#lastNumber();
    return this.#blocks.json(Math.max(from, 0), Math.min(to ?? last, last));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.race([this.#submission.idle(), pauseFor(this.#network.patience.closeMs, this.#network.peers.signal)]);
    this.#network.close();
  }

  get #blocks(): BlockReader {
    return this.#network.blocks;
  }

  async #lastNumber(): Promise<number> {
    this.#requireOpen();
    return this.#blocks.lastNumber();
  }

  async #commit(standing: Standing): Promise<Commit | undefined> {
    return this.#evidence.commit(standing, await this.#blocks.info(standing.block.number));
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw closed();
  }
}
