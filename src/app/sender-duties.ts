import { type Clock, epochOf, fromBase64Url, intervalAt, parseEnvelope, type Random, type Signer, toBase64Url } from '../core/index.ts';
import { SeedRatchet, SeedTree, signSeedCommitment } from '../evidence/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, type EpochRecords, epochsAhead, pause } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import type { ModuleListener } from './events.ts';
import { ensureOnLedger, openChannelOnLedger, registerOwnKey } from './ledger-access.ts';
import { messageOf } from './message-of.ts';

const COMMITTED_THROUGH = 'seeds-committed-through';
const rootOf = (epoch: number): string => `seeds-root-${epoch}`;

const EVERY_MS = 500;
const COUNTERSIGNATURE_EVERY_MS = 50;

export interface SenderDutyParts {
  readonly loaded: LoadedAgreement;
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly evidenceKey: Signer;
  readonly records: EpochRecords;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  readonly signal: AbortSignal;
}

/**
 * What the owner owes the ledger besides anchors: its key in the log, the channel opened, seed commitments ahead of their
 * epochs, and countersigned epoch records.
 */
export class SenderDuties {
  readonly #parts: SenderDutyParts;
  readonly #terms: ChannelTerms;
  #lastFault = '';

  constructor(parts: SenderDutyParts) {
    this.#parts = parts;
    this.#terms = parts.loaded.terms;
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

  /** Logs the own key and opens the channel; for the latter the manufacturer's key must be in the log. */
  async enter(moduleDigest: Uint8Array): Promise<void> {
    const { ledger, evidenceKey, loaded, listener, signal } = this.#parts;
    await registerOwnKey(ledger, evidenceKey, moduleDigest, signal);
    const id = toBase64Url(this.#terms.channelId);
    const document = parseEnvelope(loaded.file.channel);
    for (let told = false; !(await openChannelOnLedger(ledger, loaded.agreement, id, document, signal)) && !signal.aborted; told = true) {
      if (!told) listener({ event: 'waiting', for: 'the manufacturer to log its key on the ledger' });
      await pause(EVERY_MS, signal);
    }
  }

  /** A channel's first epoch has a token set only if the manufacturer signs before it begins: wait for that a little. */
  async firstCountersignature(withinMs: number): Promise<void> {
    const { records, store, clock, listener, signal } = this.#parts;
    const until = clock.now() + withinMs;
    await records.plan();
    if (store.progress() !== undefined) return;
    listener({ event: 'waiting', for: "the manufacturer's signature under the first token sets" });
    while (!signal.aborted && clock.now() < until && store.epochRecord(0)?.committed !== true) {
      await this.#attempt(() => this.#commitEpochRecord());
      await pause(COUNTERSIGNATURE_EVERY_MS, signal);
    }
  }

  /** Does what is due, again and again, until the signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#parts;
    while (!signal.aborted) {
      await this.#attempt(() => this.#commitSeeds());
      await this.#attempt(() => this.#commitEpochRecord());
      await pause(EVERY_MS, signal);
    }
  }

  /** Commits to the seeds of all epochs up to those ahead, in order. */
  async #commitSeeds(): Promise<void> {
    const { store, ledger, clock, evidenceKey, signal } = this.#parts;
    const last = epochOf(this.#terms.params, Math.max(0, intervalAt(this.#terms.params, clock.now()))) + epochsAhead(this.#terms);
    for (let epoch = Number(store.fact(COMMITTED_THROUGH)) + 1; epoch <= last; epoch++) {
      const statement = { v: 0 as const, channel: toBase64Url(this.#terms.channelId), epoch, root: this.#root(epoch) };
      const commitment = await signSeedCommitment(statement, evidenceKey);
      await ensureOnLedger(ledger, 'seedCommitment', { commitment }, ['SEEDS_COMMITTED'], signal);
      store.setFact(COMMITTED_THROUGH, String(epoch));
    }
  }

  /** Sends a countersigned epoch record. */
  async #commitEpochRecord(): Promise<void> {
    const { records, ledger, listener, signal } = this.#parts;
    const waiting = records.uncommitted();
    if (waiting === undefined) return;
    await ensureOnLedger(ledger, 'epochRecord', { record: waiting.envelope }, ['RECORD_EXISTS'], signal);
    records.setCommitted(waiting.k);
    listener({ event: 'epoch-record', k: waiting.k, step: 'committed' });
  }

  async #attempt(duty: () => Promise<void>): Promise<void> {
    try {
      await duty();
    } catch (error) {
      this.#tellOnce(messageOf(error));
    }
  }

  /** A duty that fails is tried again twice a second; its operator is told when something new goes wrong. */
  #tellOnce(message: string): void {
    if (this.#parts.signal.aborted || message === this.#lastFault) return;
    this.#lastFault = message;
    this.#parts.listener({ event: 'warning', code: 'LEDGER_FAULT', message });
  }

  /** Root of an epoch's seeds: kept for the epoch in which the channel began, else from the ratchet as it stands now. */
  #root(epoch: number): string {
    const { store } = this.#parts;
    const kept = store.fact(rootOf(epoch));
    if (kept !== undefined) return kept;
    const progress = store.progress();
    if (progress === undefined) throw new RangeError('The store has no progress.');
    const ratchet = new SeedRatchet(fromBase64Url(progress.ratchet), progress.interval);
    ratchet.skipTo(epoch * this.#terms.params.epochIntervals);
    return toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, this.#terms.params).root);
  }
}
