import type { PlcSubscription } from '../client/index.ts';
import { FatalError, intervalAt, type Json, parseEnvelope, toBase64Url, type UaValue, UnavailableError } from '../core/index.ts';
import type { ClearedServer, IngestServer } from '../server/index.ts';
import { EpochRecords, firstProgress, pause } from '../transfer/index.ts';
import { agreementOver, lastGridMs } from './agreement-file.ts';
import { type OwnerConfig, readOwnerConfig } from './config.ts';
import { messageOf } from './message-of.ts';
import { eraseExchangeKey } from './module-keys.ts';
import { type ModuleOptions, type ModulePorts, portsOf } from './module-options.ts';
import { followPlc } from './plc-feed.ts';
import { SenderChannel } from './sender-channel.ts';
import { SeedCommitments } from './seed-commitments.ts';
import { SenderDuties } from './sender-duties.ts';
import { loadSenderFiles, type SenderFiles } from './sender-files.ts';
import { type OpenParts, openParts } from './sender-parts.ts';
import { clearedHooks, showBatch, startSenderServers } from './sender-servers.ts';

const DEFAULT_TAG_DEPTH = 13;
const DEFAULT_FIRST_START_WAIT_MS = 15_000;
/** OPC UA Part 6, annex A.2. */
const BAD_RESOURCE_UNAVAILABLE = 0x80040000;
/** How long `stop` waits for anchors and receipts of what is sealed. */
const SETTLE_MS = 15_000;
const LONGEST_WAIT_MS = 60_000;
/** Sealing the last interval of an agreement is prepared so long before its end. */
const END_AHEAD_MS = 100;

/**
 * The owner's module: takes raw values, clears them by the agreed mapping policy, shows the manufacturer the conditions
 * and nothing else, and anchors evidence of each interval.
 */
export class SenderModule {
  readonly #files: SenderFiles;
  readonly #open: OpenParts;
  readonly #ports: ModulePorts;
  readonly #records: EpochRecords;
  readonly #seeds: SeedCommitments;
  readonly #stopped = new AbortController();
  #channel: SenderChannel | undefined;
  #ingest: IngestServer | undefined;
  #cleared: ClearedServer | undefined;
  #plc: PlcSubscription | undefined;
  #end: NodeJS.Timeout | undefined;
  /** Sealing of the agreement's last interval, once that has begun. */
  #ending: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #tellFailure: (error: unknown) => void = () => undefined;

  /** Resolves with what went wrong when the module can't go on; it then takes no more values and should be stopped. */
  readonly failed: Promise<unknown> = new Promise((resolve) => (this.#tellFailure = resolve));

  private constructor(files: SenderFiles, open: OpenParts, ports: ModulePorts) {
    this.#files = files;
    this.#open = open;
    this.#ports = ports;
    this.#seeds = new SeedCommitments(files.loaded.terms, open.store, ports.clock);
    this.#records = new EpochRecords(files.loaded.terms, open.secrets, open.store, files.keys.evidence, ports.clock);
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its servers can be reached. Clearing
   * begins by itself as soon as the channel is open on the ledger; `running` is then told.
   * @throws RejectedError, UnavailableError in one sentence with what to mend
   */
  static async start(config: OwnerConfig | string, options: ModuleOptions = {}): Promise<SenderModule> {
    const ports = portsOf(options);
    const files = await loadSenderFiles(typeof config === 'string' ? readOwnerConfig(config) : config, ports.clock.now());
    const open = await openParts(files, ports);
    const module = new SenderModule(files, open, ports);
    try {
      await module.#startServers();
    } catch (error) {
      await module.#close();
      throw error;
    }
    module.#running = module.#run();
    return module;
  }

  get endpoints(): { readonly ingest: string; readonly cleared: string } {
    return { ingest: this.#ingest?.endpointUrl ?? '', cleared: this.#cleared?.endpointUrl ?? '' };
  }

  /**
   * Offers a value that did not come by OPC UA. It passes the same checks as a PLC's write.
   * @param reading OPC UA StatusCode of the value (unsigned 32 bits, Good where absent) and source time, ms since 1970 UTC
   * @returns StatusCode, unsigned 32 bits; 0 where the value was taken
   * @throws RejectedError `UNKNOWN_TAG`
   */
  offer(tag: string, value: UaValue, { status = 0, sourceMs }: { readonly status?: number; readonly sourceMs?: number } = {}): number {
    return this.#ingest?.feed(tag, { value, status, sourceMs }) ?? BAD_RESOURCE_UNAVAILABLE;
  }

  /** Batches by how far they have come, over the whole life of the channel. */
  counts(): { sealed: number; anchored: number; receipted: number } {
    return this.#open.store.counts();
  }

  /**
   * Ends in good order: seals the open interval where its end is near, and keeps its readings for the next start where
   * it is not; waits a while for anchors and receipts of what is sealed.
   * @param settleMs how long to wait for them, ms; of a second call it has no effect
   */
  stop(settleMs: number = SETTLE_MS): Promise<void> {
    this.#stopping ??= this.#stopOnce(settleMs);
    return this.#stopping;
  }

  async #stopOnce(settleMs: number): Promise<void> {
    clearTimeout(this.#end);
    this.#ingest?.publishModuleState('Stopping');
    await this.#plc?.stop();
    await (this.#ending ?? this.#channel?.finish());
    const ingest = this.#ingest;
    this.#ingest = undefined;
    await ingest?.stop();
    this.#channel?.keepOpenReadings();
    if (this.#channel !== undefined) await this.#settle(settleMs);
    await this.#channel?.stop();
    const counts = this.counts();
    await this.#close();
    this.#ports.listener({ event: 'stopped', ...counts });
  }

  async #startServers(): Promise<void> {
    const methods = clearedHooks(
      () => this.#channel,
      this.#records,
      (envelope) => this.#countersigned(envelope),
    );
    const ingest = {
      accept: (reading: Parameters<SenderChannel['accept']>[0]) => this.#accept(reading),
      refused: (tag: string) => this.#channel?.refuse(tag),
      anchor: async () => ({ batchId: this.#collecting().requestCall() }),
    };
    const servers = await startSenderServers(this.#files, this.#ports, { ingest, methods });
    this.#ingest = servers.ingest;
    this.#cleared = servers.cleared;
    this.#ports.listener({ event: 'started', endpoints: this.endpoints });
  }

  async #run(): Promise<void> {
    const { listener } = this.#ports;
    const { signal } = this.#stopped;
    const { loaded, digest, keys, config } = this.#files;
    const { store, ledger } = this.#open;
    const evidenceKey = keys.evidence;
    const duties = new SenderDuties({
      loaded,
      store,
      ledger,
      evidenceKey,
      records: this.#records,
      seeds: this.#seeds,
      clock: this.#ports.clock,
      listener,
      signal,
    });
    try {
      await duties.enter(digest);
      await duties.firstCountersignature(config.channels[0].firstStartWaitMs ?? DEFAULT_FIRST_START_WAIT_MS);
      if (signal.aborted) return;
      this.#begin();
      this.#startChannel();
      await duties.run();
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** The first start fixes where the channel begins; later ones go on from the store. */
  #begin(): void {
    const { store, secrets } = this.#open;
    const { config, loaded, policy } = this.#files;
    // Also at later starts: the first one may have ended between the two steps.
    if (store.progress() !== undefined) return eraseExchangeKey(config.keys);
    const { clock, random } = this.#ports;
    const interval = Math.max(0, intervalAt(loaded.terms.params, clock.now()) + 1);
    const ratchet = this.#seeds.begin(random, interval);
    store.begin(firstProgress(loaded.terms, interval, ratchet, secrets.oldest.bytes, policy.policy.tags.length));
    eraseExchangeKey(config.keys);
  }

  #startChannel(): void {
    const { loaded, policy, config, keys } = this.#files;
    const [own] = config.channels;
    const { watch, ...open } = this.#open;
    const channel = new SenderChannel(
      {
        ...this.#ports,
        ...open,
        agreement: loaded.agreement,
        terms: loaded.terms,
        policy: policy.policy,
        tagDepth: own.tagDepth ?? DEFAULT_TAG_DEPTH,
        epochRecords: this.#records,
        seeds: this.#seeds,
        evidenceKey: keys.evidence,
        lastBlock: () => watch.lastBlock,
      },
      {
        publish: (publications) => this.#cleared?.publish(publications),
        batchState: (batch, gridMs) => showBatch({ ingest: this.#ingest, cleared: this.#cleared, channel: own.name }, batch, gridMs),
        failed: (error) => this.#fail(error),
      },
    );
    channel.start();
    this.#awaitEnd(channel);
    this.#channel = channel;
    this.#ingest?.publishModuleState('Running');
    this.#plc = followPlc(config, {
      feed: (tag, offered) => void this.#ingest?.feed(tag, offered),
      refuse: (tag) => channel.refuse(tag),
      gap: () => channel.noteGap(),
      listener: this.#ports.listener,
    });
    const { interval } = channel.open;
    this.#ports.listener({ event: 'running', channel: toBase64Url(loaded.terms.channelId), interval, nextGridMs: channel.nextGridMs });
  }

  /** Long waits are cut: a timer has a longest time, and a clock may be set. */
  #awaitEnd(channel: SenderChannel): void {
    const leftMs = lastGridMs(this.#files.loaded.agreement) - END_AHEAD_MS - this.#ports.clock.now();
    const next = (): void => {
      if (leftMs > 0) this.#awaitEnd(channel);
      else this.#ending = this.#endWithAgreement(channel).catch((error: unknown) => this.#fail(error));
    };
    this.#end = setTimeout(next, Math.max(0, Math.min(leftMs, LONGEST_WAIT_MS)));
  }

  /** Seals the last interval. What is sealed is still anchored and delivered, until `stop`. */
  async #endWithAgreement(channel: SenderChannel): Promise<void> {
    if (channel.nextGridMs <= lastGridMs(this.#files.loaded.agreement)) await channel.finish();
    else await channel.stop();
    this.#tell(agreementOver(this.#files.loaded.agreement));
  }

  /** No value may be taken that would never become evidence. */
  #fail(error: unknown): void {
    this.#channel = undefined;
    this.#tell(error);
  }

  #tell(error: unknown): void {
    this.#ingest?.publishModuleState('Stopping', messageOf(error));
    this.#ports.listener({ event: 'failed', message: messageOf(error) });
    this.#tellFailure(error);
  }

  #countersigned(envelope: Json): void {
    const k = this.#records.countersigned(parseEnvelope(envelope));
    this.#ports.listener({ event: 'epoch-record', k, step: 'countersigned' });
  }

  async #settle(withinMs: number): Promise<void> {
    const { clock } = this.#ports;
    const until = clock.now() + withinMs;
    const settled = (): boolean => {
      const { sealed, anchored, receipted } = this.counts();
      return anchored >= sealed && receipted >= sealed;
    };
    while (!settled() && clock.now() < until) await pause(50, this.#stopped.signal);
  }

  /** A reading that can't be cleared for good ends the module: what follows would be cleared wrongly. */
  #accept(reading: Parameters<SenderChannel['accept']>[0]): void {
    try {
      this.#collecting().accept(reading);
    } catch (error) {
      if (error instanceof FatalError) this.#fail(error);
      throw error;
    }
  }

  #collecting(): SenderChannel {
    if (this.#channel === undefined || this.#ports.clock.now() >= lastGridMs(this.#files.loaded.agreement)) {
      throw new UnavailableError('NOT_RUNNING', 'The module does not collect values now. Try again in a few seconds.');
    }
    return this.#channel;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#end);
    this.#stopped.abort();
    this.#open.secrets.close();
    await this.#running;
    await Promise.allSettled([this.#ingest?.stop(), this.#cleared?.stop()]);
    await this.#open.watch.stop();
    await this.#open.ledger.close();
    this.#open.store.close();
  }
}
