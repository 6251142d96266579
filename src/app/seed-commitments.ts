import { type Clock, epochOf, fromBase64Url, intervalAt, type Random, type Signer, toBase64Url } from '../core/index.ts';
import { SeedRatchet, SeedTree, signSeedCommitment } from '../evidence/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, epochsAhead } from '../transfer/index.ts';
import { ensureOnLedger } from './ledger-access.ts';

const COMMITTED_THROUGH = 'seeds-committed-through';
const KEPT_THROUGH = 'seeds-roots-through';
/** Stands in place of a root that can't be had any more. */
const LOST = 'lost';
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
   * Keeps the roots of all epochs that are due. Called before each cut, for the ratchet goes on while the ledger is away,
   * and a root can't be had once the ratchet is past its epoch.
   */
  keepRoots(): void {
    const progress = this.#store.progress();
    if (progress === undefined) return;
    const last = this.#lastDue();
    const first = Math.max(this.#committedThrough(), Number(this.#store.fact(KEPT_THROUGH) ?? -1)) + 1;
    if (first > last) return;
    const ratchet = new SeedRatchet(fromBase64Url(progress.ratchet), progress.interval);
    for (let epoch = first; epoch <= last; epoch++) {
      const firstInterval = epoch * this.#terms.params.epochIntervals;
      if (this.#store.fact(rootOf(epoch)) !== undefined) continue;
      if (ratchet.interval > firstInterval) this.#store.setFact(rootOf(epoch), LOST);
      else {
        ratchet.skipTo(firstInterval);
        this.#keepRoot(epoch, ratchet);
      }
    }
    this.#store.setFact(KEPT_THROUGH, String(last));
  }

  /**
   * Commits to the seeds of all epochs up to those ahead, in order.
   * @param onLost told of an epoch whose root was lost: evidence goes on without its commitment, and an auditor sees that
   */
  async commit(ledger: Ledger, evidenceKey: Signer, signal: AbortSignal, onLost: (epoch: number) => void): Promise<void> {
    this.keepRoots();
    const last = this.#lastDue();
    for (let epoch = this.#committedThrough() + 1; epoch <= last; epoch++) {
      const root = this.#store.fact(rootOf(epoch));
      if (root === undefined) return;
      if (root === LOST) {
        onLost(epoch);
        this.#store.setFact(COMMITTED_THROUGH, String(epoch));
        continue;
      }
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
