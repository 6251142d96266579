import {
  type Clock,
  DcmbError,
  equalBytes,
  fromBase64Url,
  type Json,
  type Random,
  RejectedError,
  type Signer,
  UnavailableError,
} from '../../core/index.ts';
import {
  type Genesis,
  ledgerIdOf,
  MOST_TRANSACTION_BYTES,
  parsePrepared,
  prepareTransaction,
  query,
  transactionId,
  type TransactionKind,
  verifyTransaction,
} from '../../contract/index.ts';
import type { BlockInfo, Commit, Ledger, LedgerErrorCode, LedgerEvent, LedgerTransaction, PreparedTransaction } from '../port.ts';
import { BlockBell } from './block-bell.ts';
import { BlockFile } from './block-file.ts';
import { BlockWriter, commitAt, type Submission } from './block-writer.ts';

/** How often an event stream looks for blocks of other processes. */
const POLL_MS = 50;

/** How long a submission waits for other writers before it gives up with LEDGER_BUSY. */
const PATIENCE_MS = 10_000;

export interface EmbeddedLedgerOptions {
  readonly file: string;
  /** Id of the network that the caller expects. */
  readonly ledgerId: string;
  readonly organisation: string;
  /** Holds the ledger key that the genesis names for the organisation. */
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a submission waits for other writers, ms; 10 s where not given. */
  readonly patienceMs?: number;
}

/**
 * Opens an embedded ledger for one organisation. Any number of processes may have the same file open.
 * @throws RejectedError `NOT_A_LEDGER`, `LEDGER_CORRUPT`, `OTHER_LEDGER`, `NOT_A_MEMBER`; UnavailableError `LEDGER_UNAVAILABLE`
 */
export function openEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<Ledger> {
  return Promise.resolve().then(() => {
    const file = new BlockFile(options.file);
    try {
      const genesis = file.genesis();
      requireNetwork(options, genesis);
      requireMember(options, genesis);
      file.info(file.lastNumber());
      return new EmbeddedLedger(options, file, genesis);
    } catch (error) {
      file.close();
      throw error;
    }
  });
}

class EmbeddedLedger implements Ledger {
  readonly id: string;
  readonly organisation: string;
  readonly #options: EmbeddedLedgerOptions;
  readonly #file: BlockFile;
  readonly #genesis: Genesis;
  readonly #writer: BlockWriter;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;
  readonly #bell = new BlockBell();

  constructor(options: EmbeddedLedgerOptions, file: BlockFile, genesis: Genesis) {
    this.id = options.ledgerId;
    this.organisation = options.organisation;
    this.#options = options;
    this.#file = file;
    this.#genesis = genesis;
    this.#writer = new BlockWriter({
      file,
      clock: options.clock,
      patienceMs: options.patienceMs ?? PATIENCE_MS,
      committed: () => this.#bell.ring(),
    });
  }

  prepare(kind: TransactionKind, body: Json): Promise<PreparedTransaction> {
    const { signer, clock, random } = this.#options;
    return prepareTransaction(
      { ledger: this.id, creator: this.organisation, nonce: random.bytes(16), timeMs: clock.now(), kind, body },
      signer,
    );
  }

  async submit(prepared: PreparedTransaction): Promise<Commit> {
    this.#requireOpen();
    return this.#writer.submit(this.#parse(prepared));
  }

  statusOf(txId: string): Promise<Commit | undefined> {
    return this.#read(() => {
      const place = this.#file.find(txId);
      return place === undefined ? undefined : commitAt(this.#file, place);
    });
  }

  async query(name: string, argument: Json): Promise<Json | undefined> {
    this.#requireOpen();
    return query(this.#file, name, argument);
  }

  async *events(fromBlock: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
    this.#requireOpen();
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    for (let next = Math.max(fromBlock, 1); ; next++) {
      await this.#blockOrEnd(next, ended);
      if (ended.aborted) return;
      for (const event of this.#eventsOf(next)) {
        yield event;
        // The consumer may have aborted while it had the event.
        if (isAborted(ended)) return;
      }
    }
  }

  transaction(block: number, txId: string): Promise<LedgerTransaction | undefined> {
    return this.#read(() => {
      const found = block > 0 && block <= this.#file.lastNumber() ? this.#file.block(block).transactions : [];
      const envelope = found.find((each) => each.txId === txId)?.envelope;
      if (envelope === undefined) return undefined;
      const { creator, kind, body } = verifyTransaction(this.#genesis, this.id, envelope);
      return { txId, creator, kind, body, envelope };
    });
  }

  lastBlock(): Promise<BlockInfo> {
    return this.#read(() => this.#file.info(this.#file.lastNumber()));
  }

  blockInfo(number: number): Promise<BlockInfo | undefined> {
    return this.#read(() => (number <= this.#file.lastNumber() ? this.#file.info(number) : undefined));
  }

  blocks(from: number, to?: number): Promise<Json[]> {
    return this.#read(() => {
      const last = Math.min(to ?? Number.MAX_SAFE_INTEGER, this.#file.lastNumber());
      const blocks: Json[] = [];
      for (let number = Math.max(from, 0); number <= last; number++) blocks.push(this.#file.json(number));
      return blocks;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await this.#writer.idle();
    this.#file.close();
  }

  #parse(prepared: PreparedTransaction): Submission {
    if (prepared.bytes.length > MOST_TRANSACTION_BYTES) {
      throw new RejectedError<LedgerErrorCode>(
        'TRANSACTION_TOO_LARGE',
        `A transaction may have ${MOST_TRANSACTION_BYTES} bytes, not ${prepared.bytes.length}.`,
      );
    }
    try {
      const envelope = parsePrepared(prepared.bytes);
      const transaction = verifyTransaction(this.#genesis, this.id, envelope);
      const txId = transactionId(envelope);
      if (txId !== prepared.txId)
        throw new RejectedError<LedgerErrorCode>('BAD_TRANSACTION', 'The transaction id is not that of the bytes.');
      return { txId, envelope, transaction };
    } catch (cause) {
      if (!(cause instanceof DcmbError) || cause.code === 'OTHER_LEDGER') throw cause;
      throw new RejectedError<LedgerErrorCode>('BAD_TRANSACTION', `This is no transaction of a member of this ledger: ${cause.message}`, {
        cause,
      });
    }
  }

  async #blockOrEnd(number: number, ended: AbortSignal): Promise<void> {
    while (!ended.aborted && this.#file.lastNumber() < number) await this.#bell.wait(POLL_MS, ended);
  }

  #eventsOf(number: number): LedgerEvent[] {
    const block = this.#file.info(number);
    return this.#file.block(number).transactions.map(({ txId, envelope, event }) => {
      const { creator } = verifyTransaction(this.#genesis, this.id, envelope);
      return { block, txId, creator, event };
    });
  }

  async #read<T>(work: () => T): Promise<T> {
    this.#requireOpen();
    return Promise.resolve(work());
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw new UnavailableError<LedgerErrorCode>('CLOSED', 'The ledger is closed. Open it again.');
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function requireNetwork({ file, ledgerId }: EmbeddedLedgerOptions, genesis: Genesis): void {
  const found = ledgerIdOf(genesis);
  if (found === ledgerId) return;
  throw new RejectedError<LedgerErrorCode>(
    'OTHER_LEDGER',
    `The ledger file ${file} is of network ${found} ("${genesis.name}"), expected network ${ledgerId}. Give the file of that network.`,
    { details: { found, expected: ledgerId } },
  );
}

function requireMember({ organisation, signer, file }: EmbeddedLedgerOptions, genesis: Genesis): void {
  const member = genesis.organisations.find(({ id }) => id === organisation);
  if (member?.ledgerKey !== undefined && equalBytes(fromBase64Url(member.ledgerKey), signer.publicKey)) return;
  const why = member === undefined ? 'is no member of' : 'has another ledger key in';
  throw new RejectedError<LedgerErrorCode>(
    'NOT_A_MEMBER',
    `Organisation "${organisation}" ${why} the network of ${file}. Correct the id or the key file.`,
  );
}
