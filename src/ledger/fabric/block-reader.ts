import { type Bytes, DcmbError, type Json, RejectedError, UnavailableError } from '../../core/index.ts';
import { blockJson, decode, decodeBlock, type FabricBlock, type FabricTransaction, uint64 } from '../../fabric-blocks/index.ts';
import type { BlockInfo, LedgerErrorCode } from '../port.ts';
import { type BlockTimes } from './block-times.ts';
import { textOf, unavailable } from './errors.ts';
import type { OwnPeers } from './own-peers.ts';
import { pauseFor } from './patience.ts';
import type { Call } from './call.ts';
import type { PeerGateway } from './peer-gateway.ts';

/** Fabric's own chaincode for questions about blocks. */
const QSCC = 'qscc';
const NO_SUCH_TRANSACTION = /no such transaction ID|not found in index/i;

/** Decoded blocks that are kept: those of submissions that end at about the same time. */
const MOST_DECODED = 32;
const MOST_AT_ONCE = 8;
/** A block that one peer has told of is soon at all peers of the organisation. */
const LAG_PAUSES_MS = [20, 50, 100, 200, 400, 800, 1600];

const ChainInfo = { height: uint64(1) };

/** Fabric's validation code of a transaction that has its effect. */
export const VALID = 0;

/** A transaction in its block, valid or not. */
export interface Standing {
  readonly block: FabricBlock;
  readonly transaction: FabricTransaction;
}

/** Reads blocks from the own organisation's peers. */
export class BlockReader {
  readonly times: BlockTimes;
  readonly #peers: OwnPeers;
  readonly #fabricChannel: string;
  readonly #decoded = new Map<number, Promise<FabricBlock>>();

  constructor(peers: OwnPeers, fabricChannel: string, times: BlockTimes) {
    this.#peers = peers;
    this.#fabricChannel = fabricChannel;
    this.times = times;
  }

  /** Number of the last block. @param peer asked alone where given */
  async lastNumber(peer?: PeerGateway): Promise<number> {
    const call = this.#call('GetChainInfo');
    const bytes = await (peer === undefined ? this.#ask(call) : this.#peers.unlessClosed(peer.evaluate(call)));
    return Number(decode(ChainInfo, bytes, 'chain info').height) - 1;
  }

  /** A block that is known to be there. */
  block(number: number): Promise<FabricBlock> {
    const known = this.#decoded.get(number);
    if (known !== undefined) return known;
    const reading = this.#read(number);
    this.#decoded.set(number, reading);
    reading.catch(() => this.#decoded.delete(number));
    if (this.#decoded.size > MOST_DECODED) this.#decoded.delete(this.#decoded.keys().next().value as number);
    return reading;
  }

  /** Hash and time of a block that is known to be there. */
  async info(number: number): Promise<BlockInfo> {
    for (;;) {
      const info = this.times.info(number);
      if (info !== undefined) return info;
      const missing = this.times.missing(number);
      for (const block of await inTurns(missing, (each) => this.block(each))) this.times.add(block);
    }
  }

  /** @throws UnavailableError `LEDGER_UNAVAILABLE` where the peers that answer lack blocks that were seen here before */
  async requireNotBehind(): Promise<void> {
    const last = await this.lastNumber();
    if (last >= this.times.newest) return;
    this.#peers.turnFrom(this.#peers.preferred);
    throw new UnavailableError<LedgerErrorCode>(
      'LEDGER_UNAVAILABLE',
      `The peer that answers is at block ${last}, and block ${this.times.newest} was there already. Ask again when it has caught up.`,
      { details: { stage: 'evaluate' } },
    );
  }

  /** Where a transaction stands the first time, valid or not; `undefined` where it stands nowhere (yet). */
  async standing(txId: string): Promise<Standing | undefined> {
    try {
      return standingIn(
        this.#decode(await this.#peers.ask((peer) => peer.evaluate(this.#call('GetBlockByTxID', txId)), isNoSuchTransaction)),
        txId,
      );
    } catch (error) {
      if (isNoSuchTransaction(error)) return undefined;
      throw notAnswered(error);
    }
  }

  /** The same of a block that is known to have it. */
  async standingAt(number: number, txId: string): Promise<Standing | undefined> {
    return standingIn(await this.block(number), txId);
  }

  /** Blocks as an audit export has them, both ends included and known to be there. */
  json(from: number, to: number): Promise<Json[]> {
    const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
    return inTurns(numbers, async (number) => blockJson(await this.#bytes(number)));
  }

  async #read(number: number): Promise<FabricBlock> {
    return this.#decode(await this.#bytes(number));
  }

  #decode(bytes: Bytes): FabricBlock {
    const block = readable(bytes);
    this.times.add(block);
    return block;
  }

  /** The peer that is asked may not have it yet, though another one of the organisation has. */
  async #bytes(number: number): Promise<Bytes> {
    let last: unknown;
    for (const pauseMs of LAG_PAUSES_MS) {
      try {
        return await this.#ask(this.#call('GetBlockByNumber', String(number)));
      } catch (error) {
        this.#peers.requireOpen();
        last = error;
        await pauseFor(pauseMs, this.#peers.signal);
      }
    }
    throw new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', `No peer of the organisation gives block ${number}. Ask again.`, {
      cause: last,
      details: { stage: 'evaluate' },
    });
  }

  async #ask(call: Call): Promise<Bytes> {
    try {
      return await this.#peers.ask((peer) => peer.evaluate(call));
    } catch (error) {
      throw notAnswered(error);
    }
  }

  #call(name: string, ...args: string[]): Call {
    return { chaincode: QSCC, name, args: [this.#fabricChannel, ...args] };
  }
}

/** Others may have put junk under the same id into the block, and a repeat may stand there: only one of them can be valid. */
function standingIn(block: FabricBlock, txId: string): Standing | undefined {
  const found = block.transactions.filter((each) => each.txId === txId);
  const transaction = found.find(({ code }) => code === VALID) ?? found[0];
  return transaction === undefined ? undefined : { block, transaction };
}

/** A block as a peer gave it. @throws RejectedError `LEDGER_CORRUPT` */
export function readable(bytes: Bytes): FabricBlock {
  try {
    return decodeBlock(bytes);
  } catch (cause) {
    const why = cause instanceof DcmbError ? `: ${cause.message}` : '.';
    throw new RejectedError<LedgerErrorCode>('LEDGER_CORRUPT', `A peer gave a block that can't be read${why}`, { cause });
  }
}

function isNoSuchTransaction(error: unknown): boolean {
  return NO_SUCH_TRANSACTION.test(textOf(error));
}

export function notAnswered(error: unknown): DcmbError {
  return unavailable('LEDGER_UNAVAILABLE', 'evaluate', 'No peer of the organisation answers a question about the ledger', error);
}

/** Results in order; some at a time. */
async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += MOST_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + MOST_AT_ONCE).map(work))));
  }
  return results;
}
