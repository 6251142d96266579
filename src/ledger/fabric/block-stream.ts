import { DcmbError, type Random, RejectedError } from '../../core/index.ts';
import type { FabricBlock } from '../../fabric-blocks/index.ts';
import type { LedgerErrorCode } from '../port.ts';
import { type BlockReader, readable } from './block-reader.ts';
import { textOf, unavailable } from './errors.ts';
import type { OwnPeers } from './own-peers.ts';
import { BackOff, type FabricPatience, pauseFor } from './patience.ts';
import type { BlockFeed, PeerGateway } from './peer-gateway.ts';

/** A stream that gives nothing is compared with the height of the chain this often: a connection can die without a word. */
const LOOK_EVERY_MS = 10_000;
/** How long a block that is known to be there may take to come. */
const GRACE_MS = 3_000;

export interface BlockStreamParts {
  readonly peers: OwnPeers;
  readonly reader: BlockReader;
  readonly random: Random;
  readonly patience: FabricPatience;
}

/**
 * Blocks from a number on and those to come, in order, each once. A stream that is cut is taken up where it was, at the same
 * or another peer of the organisation, without the reader's noticing.
 */
export class BlockStream {
  readonly #parts: BlockStreamParts;
  readonly #signal: AbortSignal;
  readonly #backOff: BackOff;
  #next: number;
  #lastHash: string | undefined;
  #alive = performance.now();

  /** @param signal ends the stream without an error */
  constructor(from: number, signal: AbortSignal, parts: BlockStreamParts) {
    this.#parts = parts;
    this.#signal = signal;
    this.#backOff = new BackOff(parts.random, signal);
    this.#next = from;
  }

  /**
   * @throws UnavailableError `LEDGER_UNAVAILABLE` when blocks stayed away longer than the patience says
   * @throws RejectedError `LEDGER_CORRUPT` where a block does not follow the one before it
   */
  async *blocks(): AsyncGenerator<FabricBlock> {
    const { peers } = this.#parts;
    while (!this.#signal.aborted) {
      const peer = peers.preferred;
      try {
        yield* this.#from(peer);
      } catch (error) {
        if (this.#ended()) return;
        if (error instanceof DcmbError && error.code !== 'LEDGER_UNAVAILABLE') throw error;
        this.#requireNotAway(error);
        peers.turnFrom(peer);
        await this.#backOff.pause();
      }
    }
  }

  async *#from(peer: PeerGateway): AsyncGenerator<FabricBlock> {
    const { peers, reader } = this.#parts;
    // A stream says nothing as long as there is no new block: this says that the peer is there.
    await reader.lastNumber(peer);
    this.#alive = performance.now();
    const feed = await peers.unlessClosed(peer.blocks(this.#next));
    try {
      for (;;) {
        const block = await this.#following(feed, peer);
        if (block === undefined) return;
        this.#backOff.reset();
        this.#alive = performance.now();
        yield block;
      }
    } finally {
      feed.close();
    }
  }

  /** The next block, or `undefined` where the signal aborted. */
  async #following(feed: BlockFeed, peer: PeerGateway): Promise<FabricBlock | undefined> {
    const coming = feed.next().then(readable);
    coming.catch(() => undefined);
    let isDue = false;
    for (;;) {
      const waited = new AbortController();
      const waiting = pauseFor(isDue ? GRACE_MS : LOOK_EVERY_MS, AbortSignal.any([this.#signal, waited.signal]));
      const block = await Promise.race([coming, waiting]).finally(() => waited.abort());
      if (this.#ended()) return undefined;
      if (block !== undefined) return this.#checked(block);
      if (isDue) throw new Error(`${peer.name} has block ${this.#next} and does not send it`);
      isDue = (await this.#parts.reader.lastNumber()) >= this.#next;
      this.#alive = performance.now();
    }
  }

  #checked(block: FabricBlock): FabricBlock {
    const follows = block.number === this.#next && (this.#lastHash === undefined || block.prev === this.#lastHash);
    if (!follows) {
      throw new RejectedError<LedgerErrorCode>(
        'LEDGER_CORRUPT',
        `A peer gave block ${block.number} in the place of block ${this.#next}, or one that does not follow the block before it.`,
      );
    }
    this.#next = block.number + 1;
    this.#lastHash = block.hash;
    this.#parts.reader.times.add(block);
    return block;
  }

  #requireNotAway(error: unknown): void {
    if (performance.now() - this.#alive < this.#parts.patience.awayMs) return;
    const cause = new Error(textOf(error), { cause: error });
    throw unavailable('LEDGER_UNAVAILABLE', 'events', "No peer of the organisation sends the ledger's blocks", cause);
  }

  #ended(): boolean {
    return this.#signal.aborted;
  }
}
