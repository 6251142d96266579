import { type Envelope, epochOf, fromBase64Url, intervalAt, type Json, type Random, type Signer, toBase64Url } from '../core/index.ts';
import { SeedRatchet, SeedTree, signSeedCommitment } from '../evidence/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, type EpochRecords, epochsAhead } from '../transfer/index.ts';
import { ensureOnLedger } from './ledger-access.ts';

const COMMITTED_THROUGH = 'seeds-committed-through';
const rootOf = (epoch: number): string => `seeds-root-${epoch}`;

/** What the owner owes the ledger besides anchors: seed commitments ahead of their epochs, and countersigned epoch records. */
export class SenderDuties {
  readonly #terms: ChannelTerms;
  readonly #store: SenderStore;
  readonly #ledger: Ledger;
  readonly #evidenceKey: Signer;

  constructor(terms: ChannelTerms, store: SenderStore, ledger: Ledger, evidenceKey: Signer) {
    this.#terms = terms;
    this.#store = store;
    this.#ledger = ledger;
    this.#evidenceKey = evidenceKey;
  }

  /**
   * Starts the seed ratchet at the beginning of the interval's epoch, keeps that epoch's root and the state of the
   * interval; what lies before can't be had again.
   * @returns the ratchet's state at `interval`
   */
  static firstRatchet(terms: ChannelTerms, store: SenderStore, random: Random, interval: number): Uint8Array {
    const epoch = epochOf(terms.params, interval);
    const ratchet = new SeedRatchet(random.bytes(32), epoch * terms.params.epochIntervals);
    store.setFact(rootOf(epoch), toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, terms.params).root));
    store.setFact(COMMITTED_THROUGH, String(epoch - 1));
    ratchet.skipTo(interval);
    return ratchet.state;
  }

  /** Commits to the seeds of all epochs up to those ahead, in order. */
  async commitSeeds(nowMs: number, signal: AbortSignal): Promise<void> {
    const { params } = this.#terms;
    const last = epochOf(params, Math.max(0, intervalAt(params, nowMs))) + epochsAhead(this.#terms);
    for (let epoch = Number(this.#store.fact(COMMITTED_THROUGH)) + 1; epoch <= last; epoch++) {
      const commitment = await signSeedCommitment(
        { v: 0, channel: toBase64Url(this.#terms.channelId), epoch, root: this.#root(epoch) },
        this.#evidenceKey,
      );
      await ensureOnLedger(this.#ledger, 'seedCommitment', { commitment } as unknown as Json, ['SEEDS_COMMITTED'], signal);
      this.#store.setFact(COMMITTED_THROUGH, String(epoch));
    }
  }

  /** Sends a countersigned epoch record. @returns its number, or undefined where none waits */
  async commitEpochRecord(records: EpochRecords, signal: AbortSignal): Promise<number | undefined> {
    const waiting = records.uncommitted();
    if (waiting === undefined) return undefined;
    await ensureOnLedger(this.#ledger, 'epochRecord', recordBody(waiting.envelope), ['RECORD_EXISTS'], signal);
    records.setCommitted(waiting.k);
    return waiting.k;
  }

  /** Root of an epoch's seeds: kept for the epoch in which the channel began, else from the ratchet as it stands now. */
  #root(epoch: number): string {
    const kept = this.#store.fact(rootOf(epoch));
    if (kept !== undefined) return kept;
    const progress = this.#store.progress();
    if (progress === undefined) throw new RangeError('The store has no progress.');
    const ratchet = new SeedRatchet(fromBase64Url(progress.ratchet), progress.interval);
    ratchet.skipTo(epoch * this.#terms.params.epochIntervals);
    return toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, this.#terms.params).root);
  }
}

function recordBody(record: Envelope): Json {
  return { record } as unknown as Json;
}
