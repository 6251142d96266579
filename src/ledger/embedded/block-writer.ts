import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, type Envelope, UnavailableError } from '../../core/index.ts';
import {
  BlockState,
  blockHash,
  type BlockTransaction,
  type EmbeddedBlock,
  execute,
  MOST_CLOCK_SKEW_MS,
  type SignedTransaction,
  TransactionState,
} from '../../contract/index.ts';
import type { BlockInfo, Commit, LedgerErrorCode } from '../port.ts';
import type { BlockFile } from './block-file.ts';
import { corrupt } from './schema.ts';

const LONGEST_PAUSE_MS = 20;
/** Transactions that share a block, and so one write to the disk. */
const MOST_A_BLOCK = 64;

export interface Submission {
  readonly txId: string;
  readonly envelope: Envelope;
  readonly transaction: SignedTransaction;
}

export interface BlockWriterOptions {
  readonly file: BlockFile;
  readonly clock: Clock;
  /** How long to try for the lock. */
  readonly patienceMs: number;
  /** Called after every block. */
  readonly committed: () => void;
}

interface Waiting extends Submission {
  readonly resolve: (commit: Commit) => void;
  readonly reject: (error: unknown) => void;
}

interface Execution {
  readonly waiting: Waiting;
  readonly entry: BlockTransaction;
}

/**
 * Writes blocks: one at a time in this process, and by the file's lock in all. Executing is asynchronous, so the lock is
 * held across it; the writes themselves and the commit are one synchronous step, so no reader of this process sees a part.
 */
export class BlockWriter {
  readonly #file: BlockFile;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #committed: () => void;
  readonly #queue: Waiting[] = [];
  #pump: Promise<void> | undefined;

  constructor({ file, clock, patienceMs, committed }: BlockWriterOptions) {
    this.#file = file;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#committed = committed;
  }

  submit(submission: Submission): Promise<Commit> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...submission, resolve, reject });
      this.#pump ??= this.#work();
    });
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#pump;
  }

  async #work(): Promise<void> {
    // Submissions of the same tick join one block.
    await Promise.resolve();
    for (let batch = this.#queue.splice(0, MOST_A_BLOCK); batch.length > 0; batch = this.#queue.splice(0, MOST_A_BLOCK)) {
      await this.#write(batch).catch((error: unknown) => {
        for (const { reject } of batch) reject(error);
      });
    }
    this.#pump = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    await this.#begin();
    try {
      const last = this.#file.info(this.#file.lastNumber());
      const timeMs = this.#blockTime(last);
      const state = new BlockState(this.#file);
      const executions = await this.#execute(batch, state, timeMs);
      if (executions.length === 0) return;
      const block: EmbeddedBlock = {
        v: 0,
        number: last.number + 1,
        prev: last.hash,
        timeMs,
        transactions: [...new Set(executions.map(({ entry }) => entry))],
      };
      this.#file.append(block, state.writes);
      this.#commit();
      const info = { number: block.number, hash: blockHash(block), timeMs };
      for (const { waiting, entry } of executions) waiting.resolve({ txId: entry.txId, block: info, event: entry.event });
      this.#committed();
    } finally {
      this.#file.rollback();
    }
  }

  async #begin(): Promise<void> {
    let pause = 1;
    for (let waited = 0; waited < this.#patienceMs; waited += pause) {
      if (this.#file.tryBegin()) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      await delay(pause);
    }
    throw new UnavailableError<LedgerErrorCode>(
      'LEDGER_BUSY',
      `${this.#file.file} was held by other writers for ${this.#patienceMs} ms. Submit again.`,
    );
  }

  #blockTime(last: BlockInfo): number {
    const now = this.#clock.now();
    if (now < last.timeMs - MOST_CLOCK_SKEW_MS) {
      throw new UnavailableError<LedgerErrorCode>(
        'CLOCK_BEHIND_LEDGER',
        `This clock is ${last.timeMs - now} ms behind the ledger's last block. Set the clock, or submit again when it has caught up.`,
        { details: { clockMs: now, lastBlockMs: last.timeMs } },
      );
    }
    return Math.max(now, last.timeMs);
  }

  /** Executes what can be executed; repeats and refusals are answered at once. */
  async #execute(batch: readonly Waiting[], state: BlockState, timeMs: number): Promise<Execution[]> {
    const executions: Execution[] = [];
    for (const waiting of batch) {
      const known = this.#file.find(waiting.txId);
      if (known !== undefined) {
        waiting.resolve(commitAt(this.#file, known));
        continue;
      }
      const twin = executions.find(({ entry }) => entry.txId === waiting.txId);
      if (twin !== undefined) {
        executions.push({ waiting, entry: twin.entry });
        continue;
      }
      const entry = await executeOne(waiting, state, timeMs);
      if (entry !== undefined) executions.push({ waiting, entry });
    }
    return executions;
  }

  #commit(): void {
    try {
      this.#file.commit();
    } catch (cause) {
      throw new UnavailableError<LedgerErrorCode>(
        'OUTCOME_UNKNOWN',
        'Writing the block failed half-way. Ask for the status of the transaction, or submit the same bytes again.',
        { cause },
      );
    }
  }
}

/** Where a transaction in the file was committed. */
export function commitAt(file: BlockFile, { block: number, place }: { block: number; place: number }): Commit {
  const block = file.block(number);
  const entry = block.transactions[place];
  if (entry === undefined) throw corrupt(file.file, `block ${number} lacks transaction ${place} of its index`);
  return { txId: entry.txId, block: { number, hash: blockHash(block), timeMs: block.timeMs }, event: entry.event };
}

async function executeOne(waiting: Waiting, state: BlockState, timeMs: number): Promise<BlockTransaction | undefined> {
  const { txId, envelope, transaction, reject } = waiting;
  try {
    requireTime(transaction.timeMs, timeMs);
    const own = new TransactionState(state);
    const { creator, ledger } = transaction;
    const event = await execute(own, { creator, timeMs: transaction.timeMs, nowMs: timeMs, ledgerId: ledger }, transaction);
    state.apply(own.writes);
    return { txId, envelope, event };
  } catch (error) {
    reject(error);
    return undefined;
  }
}

function requireTime(transactionMs: number, blockMs: number): void {
  if (transactionMs <= blockMs + MOST_CLOCK_SKEW_MS) return;
  throw new UnavailableError<LedgerErrorCode>(
    'TIME_AHEAD',
    `The transaction's time is ${transactionMs - blockMs} ms ahead of this clock, which must have been set back. Submit again when it has caught up.`,
    { details: { transactionMs, blockMs } },
  );
}
