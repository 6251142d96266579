import * as v from 'valibot';
import { type Clock, type Envelope, envelopeHashText, EnvelopeShape, parseShape, toBase64Url, unverifiedContent } from '../core/index.ts';
import type { Commit, Ledger, LedgerTransaction } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import type { EpochRecords } from './epoch-records.ts';
import { isRefusal } from './persistent-submission.ts';

export interface UnsignedProposalsParts {
  readonly terms: ChannelTerms;
  readonly store: SenderStore;
  readonly records: EpochRecords;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** A proposal without an answer stands on the ledger now. @param commit undefined where it stood there before */
  shown(k: number, commit: Commit | undefined): void;
  /** The manufacturer has put the record on the ledger by itself. */
  committed(k: number): void;
}

/** What makes the question pointless: the answer is there, or it stands already. */
const ANSWERED: readonly string[] = ['PROPOSAL_EXISTS', 'RECORD_EXISTS', 'TOKEN_SET_EXISTS'];

const RecordEntryShape = v.looseObject({ record: v.string() });
const RecordEventShape = v.looseObject({ k: v.number() });
const ClosingShape = v.looseObject({ close: v.array(v.unknown()), receipt: v.array(v.unknown()) });
const RecordBodyShape = v.strictObject({ record: EnvelopeShape });

/**
 * Asks on the ledger for the signature that nobody gave over the link: from then on the manufacturer has the proposal, and
 * its silence is its own. Its answer is on the ledger too, and is taken from there.
 */
export class UnsignedProposals {
  readonly #parts: UnsignedProposalsParts;
  readonly #channel: string;
  #shown = '';
  /** Where an answer can be at the earliest. */
  #fromBlock = 0;

  constructor(parts: UnsignedProposalsParts) {
    this.#parts = parts;
    this.#channel = toBase64Url(parts.terms.channelId);
  }

  /** Does what is due. @throws UnavailableError while the ledger is away; RejectedError where it refuses the question itself */
  async run(signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const k = store.lastEpochRecord();
    const record = k < 0 ? undefined : store.epochRecord(k);
    if (record === undefined || record.committed || record.countersigned !== undefined) return;
    if (await this.#takeAnswer(k, signal)) return;
    const hash = envelopeHashText(record.proposal);
    if (hash !== this.#shown && !closes(record.proposal) && this.#isOverdue(record.firstProposedAtMs))
      await this.#show(k, record.proposal, hash);
  }

  /** A proposal may be replaced before its time, because its epochs begin: the first one that was made counts. */
  #isOverdue(firstProposedAtMs: number): boolean {
    const { clock, terms } = this.#parts;
    return clock.now() > firstProposedAtMs + terms.params.receiptWithinMs;
  }

  async #show(k: number, proposal: Envelope, hash: string): Promise<void> {
    const { ledger } = this.#parts;
    let commit: Commit | undefined;
    try {
      commit = await ledger.submit(await ledger.prepare('epochProposal', { record: proposal }));
    } catch (error) {
      if (!isRefusal(error, ...ANSWERED)) throw error;
    }
    this.#shown = hash;
    if (commit !== undefined && this.#fromBlock === 0) this.#fromBlock = commit.block.number;
    this.#parts.shown(k, commit);
  }

  async #takeAnswer(k: number, signal: AbortSignal): Promise<boolean> {
    const { ledger, store, records } = this.#parts;
    const entry = await ledger.query('epochRecord', { channel: this.#channel, k });
    if (entry === undefined) return false;
    const { record } = parseShape(RecordEntryShape, entry, 'epoch record entry');
    if (!store.proposals(k).some((proposal) => envelopeHashText(proposal) === record)) return false;
    const envelope = await this.#recordOnLedger(k, signal);
    if (envelope === undefined) return false;
    records.countersigned(envelope);
    records.setCommitted(k);
    this.#parts.committed(k);
    return true;
  }

  async #recordOnLedger(k: number, signal: AbortSignal): Promise<Envelope | undefined> {
    const { ledger } = this.#parts;
    for await (const { block, txId, event } of ledger.events(this.#fromBlock, signal)) {
      if (event.kind !== 'epochRecord' || event.channel !== this.#channel) continue;
      if (parseShape(RecordEventShape, event.body, 'epoch record event').k !== k) continue;
      return recordIn(await ledger.transaction(block.number, txId));
    }
    return undefined;
  }
}

/** The epoch record that a transaction carries. */
function recordIn(transaction: LedgerTransaction | undefined): Envelope | undefined {
  return transaction === undefined ? undefined : parseShape(RecordBodyShape, transaction.body, 'epochRecord').record;
}

/** One that closes is replaced by one that does not: what both have received may differ in good faith. */
function closes(proposal: Envelope): boolean {
  const { close, receipt } = unverifiedContent(proposal, ClosingShape, 'epoch record');
  return close.length + receipt.length > 0;
}
