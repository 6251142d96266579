import { type Clock, epochOf, fromBase64Url, intervalAt, type Random, type Signer, toBase64Url } from '../core/index.ts';
import { SeedRatchet, SeedTree, signSeedCommitment } from '../evidence/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, epochsAhead } from '../transfer/index.ts';
import { ensureOnLedger } from './ledger-access.ts';

const COMMITTED_THROUGH = 'seeds-committed-through';
const rootOf = (epoch: number): string => `seeds-root-${epoch}`;

/** The owner's commitments to the seeds of epochs to come: on the ledger before any batch of the epoch is. */
export class SeedCommitments {
  readonly #terms: ChannelTerms;
  readonly #store: SenderStore;
  readonly #clock: Clock;

  constructor(terms: ChannelTerms, store: SenderStore, clock: Clock) {
    this.#terms = terms;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Starts the seed ratchet at the beginning of the interval's epoch, keeps that epoch's root and the state of the
   * interval; what lies before can't be had again.
   * @returns the ratchet's state at `interval`
   */
  begin(random: Random, interval: number): Uint8Array {
    const epoch = epochOf(this.#terms.params, interval);
    const ratchet = new SeedRatchet(random.bytes(32), epoch * this.#terms.params.epochIntervals);
    this.#keepRoot(epoch, ratchet);
    this.#store.setFact(COMMITTED_THROUGH, String(epoch - 1));
    ratchet.skipTo(interval);
    return ratchet.state;
  }

  /** True where the seeds of the interval's epoch are committed to. */
  areCommitted(interval: number): boolean {
    return this.#committedThrough() >= epochOf(this.#terms.params, interval);
  }

  /**
   * Keeps the roots of all epochs that are due. Needed before the ratchet goes past them, as it does at once after an
   * outage that was longer than the look-ahead.
   */
  keepRoots(): void {
    const progress = this.#store.progress();
    if (progress === undefined) return;
    const ratchet = new SeedRatchet(fromBase64Url(progress.ratchet), progress.interval);
    for (let epoch = this.#committedThrough() + 1; epoch <= this.#lastDue(); epoch++) {
      if (this.#store.fact(rootOf(epoch)) !== undefined) continue;
      ratchet.skipTo(epoch * this.#terms.params.epochIntervals);
      this.#keepRoot(epoch, ratchet);
    }
  }

  /** Commits to the seeds of all epochs up to those ahead, in order. */
  async commit(ledger: Ledger, evidenceKey: Signer, signal: AbortSignal): Promise<void> {
    this.keepRoots();
    const last = this.#lastDue();
    for (let epoch = this.#committedThrough() + 1; epoch <= last; epoch++) {
      const root = this.#store.fact(rootOf(epoch));
      if (root === undefined) return;
      const statement = { v: 0 as const, channel: toBase64Url(this.#terms.channelId), epoch, root };
      const commitment = await signSeedCommitment(statement, evidenceKey);
      await ensureOnLedger(ledger, 'seedCommitment', { commitment }, ['SEEDS_COMMITTED'], signal);
      this.#store.setFact(COMMITTED_THROUGH, String(epoch));
    }
  }

  #committedThrough(): number {
    return Number(this.#store.fact(COMMITTED_THROUGH) ?? -1);
  }

  #lastDue(): number {
    const { params } = this.#terms;
    return epochOf(params, Math.max(0, intervalAt(params, this.#clock.now()))) + epochsAhead(this.#terms);
  }

  #keepRoot(epoch: number, ratchet: SeedRatchet): void {
    this.#store.setFact(rootOf(epoch), toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, this.#terms.params).root));
  }
}
