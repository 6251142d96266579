import { type Clock, parseEnvelope, type Signer, toBase64Url } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { SenderStore } from '../store/index.ts';
import { type ChannelTerms, type EpochRecords, pause } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import type { ModuleListener } from './events.ts';
import { ensureOnLedger, openChannelOnLedger, registerOwnKey } from './ledger-access.ts';
import { messageOf } from './message-of.ts';
import type { SeedCommitments } from './seed-commitments.ts';
import { isStoreBehind } from './sender-parts.ts';

const EVERY_MS = 500;
const COUNTERSIGNATURE_EVERY_MS = 50;
/** The longest that the owner leaves a record to the manufacturer, which sends it as soon as it has signed. */
const LONGEST_TURN_MS = 10_000;

export interface SenderDutyParts {
  readonly loaded: LoadedAgreement;
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly evidenceKey: Signer;
  readonly records: EpochRecords;
  readonly seeds: SeedCommitments;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  readonly signal: AbortSignal;
  /** Rejects while the ledger does not answer, and for good where the store is older than the ledger. */
  requireNewestStore(): Promise<void>;
  /** Done after these, as long as the ledger knows the channel. */
  readonly others: readonly (() => Promise<void>)[];
}

/**
 * What the owner owes the ledger besides anchors: its key in the log, the channel opened, seed commitments ahead of their
 * epochs, and countersigned epoch records.
 */
export class SenderDuties {
  readonly #parts: SenderDutyParts;
  readonly #terms: ChannelTerms;
  #lastFault = '';
  /** The countersigned record that the manufacturer is to send, and until when it is left to it, ms since 1970. */
  #turn = { k: 0, untilMs: 0 };
  #isIn = false;

  constructor(parts: SenderDutyParts) {
    this.#parts = parts;
    this.#terms = parts.loaded.terms;
  }

  /** True once key and channel are known to be on the ledger, and the ledger to be no newer than the store. */
  get isIn(): boolean {
    return this.#isIn;
  }

  /** Logs the own key and opens the channel; for the latter the manufacturer's key must be in the log. */
  async enter(moduleDigest: Uint8Array): Promise<void> {
    const { ledger, evidenceKey, loaded, listener, signal } = this.#parts;
    await this.#parts.requireNewestStore();
    await registerOwnKey(ledger, evidenceKey, moduleDigest, signal);
    const id = toBase64Url(this.#terms.channelId);
    const document = parseEnvelope(loaded.file.channel);
    for (let told = false; !signal.aborted; told = true) {
      this.#isIn = await openChannelOnLedger(ledger, loaded.agreement, id, document, signal);
      if (this.#isIn) return;
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

  /**
   * Does what is due, again and again, until the signal aborts.
   * @throws RejectedError `STORE_BEHIND` as soon as the ledger answers and shows it
   */
  async run(moduleDigest: Uint8Array): Promise<void> {
    const { seeds, ledger, evidenceKey, signal, others } = this.#parts;
    while (!signal.aborted) {
      if (!this.#isIn) await this.#attempt(() => this.enter(moduleDigest));
      if (this.#isIn) {
        await this.#attempt(() => seeds.commit(ledger, evidenceKey, signal, (epoch) => this.#tellLost(epoch)));
        await this.#attempt(() => this.#commitEpochRecord());
        for (const other of others) await this.#attempt(other);
      }
      await pause(EVERY_MS, signal);
    }
  }

  /** Sends a countersigned epoch record that the manufacturer has not sent. */
  async #commitEpochRecord(): Promise<void> {
    const { records, ledger, listener, signal } = this.#parts;
    const waiting = records.uncommitted();
    if (waiting === undefined) return;
    const isThere = (await ledger.query('epochRecord', { channel: toBase64Url(this.#terms.channelId), k: waiting.k })) !== undefined;
    if (!isThere && this.#isManufacturersTurn(waiting.k)) return;
    if (!isThere) await ensureOnLedger(ledger, 'epochRecord', { record: waiting.envelope }, ['RECORD_EXISTS'], signal);
    records.setCommitted(waiting.k);
    listener({ event: 'epoch-record', k: waiting.k, step: 'committed' });
  }

  /** The first record of all is waited for, so the owner sends it at once. */
  #isManufacturersTurn(k: number): boolean {
    const { params } = this.#terms;
    const now = this.#parts.clock.now();
    if (k !== this.#turn.k) this.#turn = { k, untilMs: now + Math.min(LONGEST_TURN_MS, (params.epochIntervals * params.intervalMs) / 4) };
    return now < this.#turn.untilMs;
  }

  async #attempt(duty: () => Promise<void>): Promise<void> {
    try {
      await duty();
    } catch (error) {
      if (isStoreBehind(error)) throw error;
      this.#tellOnce(messageOf(error));
    }
  }

  #tellLost(epoch: number): void {
    const message = `The seeds of epoch ${epoch} can't be committed to any more: the ledger was away too long. Its batches are anchored without.`;
    this.#parts.listener({ event: 'finding', n: -1, code: 'SEEDS_NOT_COMMITTED', message });
  }

  /** A duty that fails is tried again twice a second; its operator is told when something new goes wrong. */
  #tellOnce(message: string): void {
    if (this.#parts.signal.aborted || message === this.#lastFault) return;
    this.#lastFault = message;
    this.#parts.listener({ event: 'warning', code: 'LEDGER_FAULT', message });
  }
}
