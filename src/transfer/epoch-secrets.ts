import { type Bytes, type ChannelParams, epochOf } from '../core/index.ts';
import { EpochKeys, TokenSet } from '../evidence/index.ts';
import type { ChannelTerms } from './channel-terms.ts';

const MOST_TOKEN_SETS = 6;

/**
 * Epoch keys from the oldest kept one on, and the token sets that follow from them. Both ends of a channel hold one and
 * get the same sets.
 */
export class EpochSecrets {
  readonly #terms: ChannelTerms;
  readonly #sets = new Map<number, TokenSet>();
  #oldest: EpochKeys;
  #last: EpochKeys;

  constructor(terms: ChannelTerms, oldestKey: Bytes, oldestEpoch: number) {
    this.#terms = terms;
    this.#oldest = new EpochKeys(oldestKey, oldestEpoch, terms.params);
    this.#last = this.#oldest;
  }

  get params(): ChannelParams {
    return this.#terms.params;
  }

  /** Epoch and key from which all kept keys follow. */
  get oldest(): EpochKeys {
    return this.#oldest;
  }

  /**
   * Takes time in proportion to the distance: an epoch that someone else names is first to be compared with the clock.
   * @throws RejectedError `OUTSIDE_EPOCH` for an epoch whose key is erased already
   */
  keysOf(epoch: number): EpochKeys {
    this.#last = (this.#last.epoch <= epoch ? this.#last : this.#oldest).at(epoch);
    return this.#last;
  }

  keysAt(interval: number): EpochKeys {
    return this.keysOf(epochOf(this.#terms.params, interval));
  }

  tokenSet(epoch: number): TokenSet {
    const known = this.#sets.get(epoch);
    if (known !== undefined) return known;
    const set = TokenSet.build(this.#terms.params, this.keysOf(epoch), (stream) => this.#terms.codes[stream] ?? []);
    this.#sets.set(epoch, set);
    const eldest = this.#sets.keys().next().value;
    if (this.#sets.size > MOST_TOKEN_SETS && eldest !== undefined) this.#sets.delete(eldest);
    return set;
  }

  /** Erases keys before `epoch`: what they opened can't be opened again by this side. */
  eraseBefore(epoch: number): void {
    if (epoch <= this.#oldest.epoch) return;
    this.#oldest = this.keysOf(epoch);
    for (const known of this.#sets.keys()) if (known < epoch) this.#sets.delete(known);
  }
}
