import type { BlockInfo, Ledger, LedgerEvent } from '../ledger/index.ts';
import { pause } from '../transfer/index.ts';
import { messageOf } from './message-of.ts';

const AFTER_FAULT_MS = 1000;

export interface LedgerWatchHooks {
  event(event: LedgerEvent): void;
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

  /** Begins to follow, also while the ledger does not answer. @param fromBlock first block whose events are told */
  follow(fromBlock: number): void {
    this.#running ??= this.#run(fromBlock);
  }

  get lastBlock(): BlockInfo {
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(fromBlock: number): Promise<void> {
    let next = fromBlock;
    let told = '';
    while (!this.#stopped.signal.aborted) {
      try {
        for await (const event of this.#ledger.events(next, this.#stopped.signal)) {
          next = event.block.number + 1;
          told = '';
          this.#seen(event);
        }
        return;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (messageOf(error) !== told) this.#hooks.fault(error);
        told = messageOf(error);
        await pause(AFTER_FAULT_MS, this.#stopped.signal);
      }
    }
  }

  #seen(event: LedgerEvent): void {
    if (event.block.number > this.#last.number) this.#last = event.block;
    this.#hooks.event(event);
  }
}
