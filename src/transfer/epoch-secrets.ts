import { setImmediate } from 'node:timers/promises';
import { type Bytes, type ChannelParams, epochOf, UnavailableError } from '../core/index.ts';
import { EpochKeys, TokenSet } from '../evidence/index.ts';
import type { ChannelTerms } from './channel-terms.ts';
import type { TransferErrorCode } from './errors.ts';

/** A set of 4096 intervals takes about a megabyte. */
const MOST_TOKEN_SETS = 6;
/** Roots take 32 bytes each; a delivery and an epoch record need no more of a set than that. */
const MOST_TOKEN_ROOTS = 1024;

/**
 * Epoch keys from the oldest kept one on, and the token sets that follow from them. Both ends of a channel hold one and
 * get the same sets. A set may take seconds, so it is built in slices between which the event loop goes on.
 */
export class EpochSecrets {
  readonly #terms: ChannelTerms;
  /** Least recently used first. */
  readonly #sets = new Map<number, TokenSet>();
  readonly #roots = new Map<number, Bytes>();
  readonly #builds = new Map<number, Promise<TokenSet>>();
  #oldest: EpochKeys;
  #last: EpochKeys;
  #closed = false;

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

  /** @throws RejectedError `OUTSIDE_EPOCH`; UnavailableError `STOPPED` */
  async tokenSet(epoch: number): Promise<TokenSet> {
    const set = this.#sets.get(epoch) ?? (await this.#build(epoch));
    if (epoch < this.#oldest.epoch) return set;
    this.#sets.delete(epoch);
    this.#sets.set(epoch, set);
    dropEldest(this.#sets, MOST_TOKEN_SETS);
    return set;
  }

  /** Root of an epoch's token set. It takes the place of no set that is in use. @throws as `tokenSet` does */
  async tokenRoot(epoch: number): Promise<Bytes> {
    return this.#roots.get(epoch) ?? (await this.#build(epoch)).root;
  }

  /** Builds a set that will be asked for soon, where it is not there yet. A failure shows when it is asked for. */
  buildAhead(epoch: number): void {
    if (!this.#sets.has(epoch)) this.tokenSet(epoch).catch(() => undefined);
  }

  /** Erases keys before `epoch`: what they opened can't be opened again by this side. */
  eraseBefore(epoch: number): void {
    if (epoch <= this.#oldest.epoch) return;
    this.#oldest = this.keysOf(epoch);
    for (const kept of [this.#sets, this.#roots]) for (const known of kept.keys()) if (known < epoch) kept.delete(known);
  }

  /** Ends builds under way, which else would keep a process alive that is to end. */
  close(): void {
    this.#closed = true;
  }

  /** All who ask for a set while it is being built wait for the same build. */
  #build(epoch: number): Promise<TokenSet> {
    const running = this.#builds.get(epoch);
    if (running !== undefined) return running;
    const keys = this.keysOf(epoch);
    const codesOf = (stream: number): readonly number[] => this.#terms.codes[stream] ?? [];
    const build = TokenSet.buildInSlices(this.#terms.params, keys, codesOf, () => this.#pause())
      .then((set) => this.#keep(set))
      .finally(() => this.#builds.delete(epoch));
    this.#builds.set(epoch, build);
    return build;
  }

  /** A set that was built for its root alone is kept only where there is room. */
  #keep(set: TokenSet): TokenSet {
    if (set.epoch < this.#oldest.epoch) return set;
    this.#roots.set(set.epoch, set.root);
    dropEldest(this.#roots, MOST_TOKEN_ROOTS);
    if (this.#sets.size < MOST_TOKEN_SETS) this.#sets.set(set.epoch, set);
    return set;
  }

  async #pause(): Promise<void> {
    await setImmediate();
    if (this.#closed) throw new UnavailableError<TransferErrorCode>('STOPPED', 'The module is stopping.');
  }
}

function dropEldest(map: Map<number, unknown>, most: number): void {
  const eldest = map.keys().next().value;
  if (map.size > most && eldest !== undefined) map.delete(eldest);
}
