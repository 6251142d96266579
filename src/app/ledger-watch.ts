import type { BlockInfo, Ledger, LedgerEvent } from '../ledger/index.ts';
import { pause } from '../transfer/index.ts';
import { messageOf } from './message-of.ts';

const AFTER_FAULT_MS = 1000;

export interface LedgerWatchHooks {
  /** @param place of the event among those of its block, from 0 */
  event(event: LedgerEvent, place: number): void;
  /**
   * The ledger does not answer, or what it says can't be read. It is asked again every second; what has been told already is
   * told again only after the ledger has answered.
   */
  fault(error: unknown): void;
}

/**
 * Follows the ledger's events and knows its last block. What a module signs names a block that it had seen. The ledger need
 * not answer: until it does, the last block is the one that the module's store remembers.
 */
export class LedgerWatch {
  readonly #ledger: Ledger;
  readonly #stopped = new AbortController();
  readonly #hooks: LedgerWatchHooks;
  #last: BlockInfo;
  #running: Promise<void> | undefined;

  /** @param last block that the store remembers as seen */
  constructor(ledger: Ledger, last: BlockInfo, hooks: LedgerWatchHooks) {
    this.#ledger = ledger;
    this.#last = last;
    this.#hooks = hooks;
  }

  /** Starts with the ledger's own last block. @param fromBlock first block whose events are told */
  static async start(
    ledger: Ledger,
    fromBlock: number,
    onEvent: (event: LedgerEvent) => void,
    onFault: (error: unknown) => void,
  ): Promise<LedgerWatch> {
    const watch = new LedgerWatch(ledger, await ledger.lastBlock(), { event: onEvent, fault: onFault });
    watch.follow(fromBlock);
    return watch;
  }

  /**
   * Begins to follow, also while the ledger does not answer.
   * @param fromBlock first block whose events are told
   * @param skip how many of that block's events are not told, for they were before
   */
  follow(fromBlock: number, skip = 0): void {
    this.#running ??= this.#run(fromBlock, skip);
  }

  get lastBlock(): BlockInfo {
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(fromBlock: number, skip: number): Promise<void> {
    const events = new EventsInOrder(this.#ledger, fromBlock, skip);
    let told = '';
    while (!this.#stopped.signal.aborted) {
      try {
        await events.follow(this.#stopped.signal, (event, place) => {
          told = '';
          this.#seen(event, place);
        });
        return;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (messageOf(error) !== told) this.#hooks.fault(error);
        told = messageOf(error);
        await pause(AFTER_FAULT_MS, this.#stopped.signal);
      }
    }
  }

  #seen(event: LedgerEvent, place: number): void {
    if (event.block.number > this.#last.number) this.#last = event.block;
    this.#hooks.event(event, place);
  }
}

/** Goes on after the last event that was told, also in the middle of a block. */
class EventsInOrder {
  readonly #ledger: Ledger;
  #block: number;
  /** Events of the block that were told. */
  #done: number;

  constructor(ledger: Ledger, block: number, done: number) {
    this.#ledger = ledger;
    this.#block = block;
    this.#done = done;
  }

  async follow(signal: AbortSignal, tell: (event: LedgerEvent, place: number) => void): Promise<void> {
    let place = 0;
    let inBlock = -1;
    for await (const event of this.#ledger.events(this.#block, signal)) {
      const { number } = event.block;
      place = number === inBlock ? place + 1 : 0;
      inBlock = number;
      if (number === this.#block && place < this.#done) continue;
      tell(event, place);
      this.#block = number;
      this.#done = place + 1;
    }
  }
}
