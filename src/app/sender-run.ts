import { type Envelope, epochOf, intervalAt, parseEnvelope, UnavailableError } from '../core/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import { EpochRecords, firstProgress, type GapReason } from '../transfer/index.ts';
import { channelCache } from './channel-cache.ts';
import type { ChannelDisplay } from './channel-show.ts';
import { closeAll } from './close-all.ts';
import { eraseExchangeKey } from './module-keys.ts';
import { unwrittenTags } from './ingest-tags.ts';
import type { ModulePorts } from './module-options.ts';
import { RetentionDuty } from './retention.ts';
import { SeedCommitments } from './seed-commitments.ts';
import { SenderChannel } from './sender-channel.ts';
import { depositDuty } from './sender-deposits.ts';
import { SenderDuties } from './sender-duties.ts';
import type { SenderFiles } from './sender-files.ts';
import { proposalDuty } from './sender-proposals.ts';
import { keepReceiptProof } from './receipt-proofs.ts';
import { closeStoreParts, keepFirstBlock, type LedgerParts, requireNewestStore, storeBehind, type StoreParts } from './sender-parts.ts';
import { watchedStore } from './store-watch.ts';
import { tagDepthOf } from './tag-depth.ts';

const DEFAULT_FIRST_START_WAIT_MS = 15_000;

export interface SenderRunParts {
  readonly files: SenderFiles;
  readonly ports: ModulePorts;
  readonly opened: StoreParts;
  readonly ledger: LedgerParts;
  readonly display: ChannelDisplay;
  /** The channel takes values from now on. */
  begun(channel: SenderChannel): void;
}

/**
 * The owner's module from the opening of its store until a stop, or until a fault of the store. Everything that knows what
 * stands in the store is made here and ends with it, so that the next run goes on from what it reads.
 */
export class SenderRun {
  readonly store: SenderStore;
  readonly records: EpochRecords;
  readonly #seeds: SeedCommitments;
  readonly #parts: SenderRunParts;
  readonly #stopped = new AbortController();
  /** Batches whose forged receipt was told. */
  readonly #told = new Set<number>();
  #channel: SenderChannel | undefined;
  #working: Promise<void> = Promise.resolve();
  #tellFault: (error: unknown) => void = () => undefined;
  readonly #fault = new Promise<unknown>((resolve) => (this.#tellFault = resolve));

  constructor(parts: SenderRunParts) {
    const { files, ports, opened } = parts;
    this.#parts = parts;
    this.store = watchedStore(opened.store, (error) => this.#tellFault(error));
    this.#seeds = new SeedCommitments(files.loaded.terms, this.store, ports.clock);
    this.records = new EpochRecords(files.loaded.terms, opened.secrets, this.store, files.keys.evidence, ports.clock);
  }

  /** The channel, once it takes values. */
  get channel(): SenderChannel | undefined {
    return this.#channel;
  }

  /**
   * Does all that the module does, until it is closed.
   * @param reason what the gap record says of an interval of which a part was missed
   * @throws what it can't go on with: a fault of the store, or a lost invariant
   */
  async live(reason: GapReason): Promise<void> {
    this.#working = this.#work(reason);
    const ended = await Promise.race([this.#working.then(() => undefined), this.#fault.then((error) => ({ error }))]);
    if (ended !== undefined) throw ended.error;
  }

  /** The disk does not answer: it counts as failed. */
  stalled(): void {
    const file = this.#parts.files.config.channels[0].store;
    this.#tellFault(new UnavailableError('STORE_STALLED', `${file}.journal does not answer: no reading could be stored. See the disk.`));
  }

  /** Ends in good order: what is cut off is sealed. @throws what a failing store gives, when everything is closed */
  async stop(): Promise<void> {
    await closeAll(
      () => this.#channel?.stop(),
      () => this.#close(),
    );
  }

  /** Ends after a fault: nothing more is stored. Never rejects: the fault was told. */
  async abandon(): Promise<void> {
    await closeAll(
      () => this.#channel?.abandon(),
      () => this.#close(),
    ).catch(() => undefined);
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    this.#parts.opened.secrets.close();
    await this.#working.catch(() => undefined);
    await closeStoreParts(this.#parts.opened);
  }

  async #work(reason: GapReason): Promise<void> {
    const { files, ports } = this.#parts;
    const { signal } = this.#stopped;
    ports.trace({ kind: 'started', module: 'owner' });
    const duties = this.#duties();
    if (this.store.progress() === undefined) {
      await duties.enter(files.digest);
      await duties.firstCountersignature(files.config.channels[0].firstStartWaitMs ?? DEFAULT_FIRST_START_WAIT_MS);
      if (signal.aborted) return;
      await this.#begin();
    }
    // Also at later starts: the first one may have ended between the two steps.
    eraseExchangeKey(files.config.keys);
    if (signal.aborted) return;
    // Known before it starts: a start that ends half-way has to be ended too.
    const channel = (this.#channel = this.#makeChannel(duties));
    channel.start(reason);
    this.#parts.begun(channel);
    const lastBlockMs = (): number => this.#parts.ledger.watch.lastBlock.timeMs;
    const retention = new RetentionDuty({ ...ports, store: this.store, agreement: files.loaded.agreement, lastBlockMs });
    await Promise.all([duties.run(files.digest), retention.keep(signal)]);
  }

  /** The first start fixes where the channel begins; later ones go on from the store. */
  async #begin(): Promise<void> {
    const { files, ports, opened, ledger } = this.#parts;
    const { params } = files.loaded.terms;
    const next = (): number => Math.max(0, intervalAt(params, ports.clock.now()) + 1);
    // The first batches would wait for it, and be late.
    await opened.secrets.tokenSet(epochOf(params, next()));
    if (this.#stopped.signal.aborted) return;
    const interval = next();
    keepFirstBlock(this.store, ledger.watch.lastBlock);
    const ratchet = this.#seeds.begin(ports.random, interval);
    const tags = files.policy.policy.tags.length;
    this.store.begin(firstProgress(files.loaded.terms, interval, ratchet, opened.secrets.oldest.bytes, tags));
  }

  #duties(): SenderDuties {
    const { files, ports, ledger } = this.#parts;
    return new SenderDuties({
      loaded: files.loaded,
      store: this.store,
      ledger: ledger.ledger,
      evidenceKey: files.keys.evidence,
      records: this.records,
      seeds: this.#seeds,
      clock: ports.clock,
      listener: ports.listener,
      signal: this.#stopped.signal,
      requireNewestStore: () => requireNewestStore(files, this.store, ledger.ledger),
      others: [this.#proposalDuty(), ...(files.config.channels[0].cache?.deposit === false ? [] : [this.#depositDuty()])],
    });
  }

  #proposalDuty(): () => Promise<void> {
    const { files, ports, ledger } = this.#parts;
    const { records, store } = this;
    const { signal } = this.#stopped;
    return proposalDuty({ ...ports, terms: files.loaded.terms, store, ledger: ledger.ledger, records, signal });
  }

  #depositDuty(): () => Promise<void> {
    const { files, ports, ledger } = this.#parts;
    return depositDuty({
      terms: files.loaded.terms,
      store: this.store,
      ledger: ledger.ledger,
      clock: ports.clock,
      random: ports.random,
      records: this.records,
      listener: ports.listener,
      signal: this.#stopped.signal,
      changed: (n) => this.#changed(n),
    });
  }

  /** A batch was settled without the manufacturer. */
  #changed(n: number): void {
    const { display, files } = this.#parts;
    const batch = this.store.batch(n);
    if (batch === undefined) return;
    this.#channel?.history.told(batch);
    display.batchState(batch, batch.publishAtMs - files.loaded.terms.params.publishDelayMs);
  }

  /** Once a batch: whoever sends forgeries without end must not keep the disk busy. */
  #forged(batch: StoredBatch, receipt: Envelope): void {
    if (this.#told.has(batch.n)) return;
    const { files, ports } = this.#parts;
    const { terms, file } = files.loaded;
    const place = keepReceiptProof({ channel: parseEnvelope(file.channel), terms, file: files.config.channels[0].store }, batch, receipt);
    this.#told.add(batch.n);
    const message = `The manufacturer signed a receipt for batch ${batch.n} that is not for what was delivered. The proof is ${place}.`;
    ports.listener({ event: 'finding', n: batch.n, code: 'BAD_RECEIPT', message });
  }

  #makeChannel(duties: SenderDuties): SenderChannel {
    const { files, ports, opened, ledger, display } = this.#parts;
    const { loaded, policy, config, keys } = files;
    const unwritten = unwrittenTags(policy.policy.tags, config.ingest.tags);
    return new SenderChannel({
      ...ports,
      ...opened,
      store: this.store,
      agreement: loaded.agreement,
      terms: loaded.terms,
      policy: policy.policy,
      tagDepth: tagDepthOf(config.channels[0]),
      cache: channelCache({
        config: config.channels[0].cache,
        store: this.store,
        clock: ports.clock,
        listener: ports.listener,
        changed: (n) => this.#changed(n),
      }),
      epochRecords: this.records,
      seeds: this.#seeds,
      ledger: ledger.ledger,
      evidenceKey: keys.evidence,
      display,
      lastBlock: () => ledger.watch.lastBlock,
      mayAnchor: () => duties.isIn,
      isUnwritten: (tag) => unwritten.has(tag),
      forged: (batch, receipt) => this.#forged(batch, receipt),
      forked: (n) => this.#tellFault(storeBehind(files, n)),
      failed: (error) => this.#tellFault(error),
    });
  }
}
