import { toBase64Url, type UaValue, UnavailableError } from '../core/index.ts';
import type { ClearedServer, IngestServer } from '../server/index.ts';
import { pause } from '../transfer/index.ts';
import { AgreementEnd } from './agreement-end.ts';
import { agreementOver } from './agreement-file.ts';
import { closeAllAndLedger } from './close-all.ts';
import { type OwnerConfig, readOwnerConfig } from './config.ts';
import { type ModuleOptions, type ModulePorts, portsOf } from './module-options.ts';
import { followPlcs } from './plc-feed.ts';
import type { SenderChannel } from './sender-channel.ts';
import { loadSenderFiles, type SenderFiles } from './sender-files.ts';
import { closeStoreParts, type LedgerParts, openLedgerParts, openStoreParts, requireNotBehind, type StoreParts } from './sender-parts.ts';
import { SenderOperator } from './sender-operator.ts';
import { SenderRun } from './sender-run.ts';
import { type BatchCounts, settle } from './settle.ts';
import { clearedHooks, showBatch, startSenderServers } from './sender-servers.ts';
import { isPassingStoreFault } from './store-watch.ts';

/** OPC UA Part 6, annex A.2. */
const BAD_RESOURCE_UNAVAILABLE = 0x80040000;
/** How long `stop` waits for anchors and receipts of what is sealed. */
const SETTLE_MS = 15_000;
/** A store that failed is opened again so often. */
const REOPEN_EVERY_MS = 1000;

/**
 * The owner's module: takes raw values, clears them by the agreed mapping policy, shows the manufacturer the conditions
 * and nothing else, and anchors evidence of each interval.
 */
export class SenderModule {
  readonly #files: SenderFiles;
  readonly #operator: SenderOperator;
  readonly #ports: ModulePorts;
  readonly #ledger: LedgerParts;
  readonly #end: AgreementEnd;
  readonly #stopped = new AbortController();
  #run: SenderRun | undefined;
  #counts: BatchCounts = { sealed: 0, anchored: 0, receipted: 0 };
  #ingest: IngestServer | undefined;
  #cleared: ClearedServer | undefined;
  #plc: ReturnType<typeof followPlcs> | undefined;
  /** Sealing of the agreement's last interval, once that has begun. */
  #ending: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #tellFailure: (error: unknown) => void = () => undefined;

  /** Resolves with what went wrong when the module can't go on; it then takes no more values and should be stopped. */
  readonly failed: Promise<unknown> = new Promise((resolve) => (this.#tellFailure = resolve));

  private constructor(files: SenderFiles, operator: SenderOperator, ledger: LedgerParts) {
    this.#files = files;
    this.#operator = operator;
    this.#ports = operator.ports;
    this.#ledger = ledger;
    this.#end = new AgreementEnd(files.loaded.agreement, operator.ports.clock);
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its servers can be reached. Clearing
   * begins by itself as soon as the channel is open on the ledger; `running` is then told. A module that has run before
   * needs no ledger for that.
   * @throws RejectedError, UnavailableError in one sentence with what to mend
   */
  static async start(config: OwnerConfig | string, options: ModuleOptions = {}): Promise<SenderModule> {
    const given = portsOf(options);
    const files = await loadSenderFiles(typeof config === 'string' ? readOwnerConfig(config) : config, given.clock.now());
    const operator = await SenderOperator.start(files, given);
    try {
      return await SenderModule.#open(files, operator);
    } catch (error) {
      await operator.stop();
      throw error;
    }
  }

  static async #open(files: SenderFiles, operator: SenderOperator): Promise<SenderModule> {
    const { ports } = operator;
    const opened = await openStoreParts(files, ports);
    let module: SenderModule;
    try {
      module = new SenderModule(files, operator, await openLedgerParts(files, opened.store, ports));
    } catch (error) {
      await closeStoreParts(opened);
      throw error;
    }
    try {
      await requireNotBehind(files, opened.store, module.#ledger.ledger);
      module.#run = module.#newRun(opened);
      await module.#startServers();
    } catch (error) {
      if (module.#run === undefined) await closeStoreParts(opened);
      await module.#close();
      throw error;
    }
    module.#running = module.#supervise();
    return module;
  }

  get endpoints(): { readonly ingest: string; readonly cleared: string } {
    return { ingest: this.#ingest?.endpointUrl ?? '', cleared: this.#cleared?.endpointUrl ?? '' };
  }

  /**
   * Offers a value that did not come by OPC UA. It passes the same checks as a PLC's write.
   * @param reading OPC UA StatusCode of the value (unsigned 32 bits, Good where absent) and source time, ms since 1970 UTC
   * @returns StatusCode, unsigned 32 bits; 0 once the value is as durable as its tag asks for
   * @throws RejectedError `UNKNOWN_TAG`
   */
  async offer(
    tag: string,
    value: UaValue,
    { status = 0, sourceMs }: { readonly status?: number; readonly sourceMs?: number } = {},
  ): Promise<number> {
    return (await this.#ingest?.feed(tag, { value, status, sourceMs })) ?? BAD_RESOURCE_UNAVAILABLE;
  }

  /** How the module is doing now, for its operators. */
  status(): ReturnType<SenderOperator['status']> {
    return this.#operator.status();
  }

  /** Batches by how far they have come, over the whole life of the channel. While the store is away, as of the last look. */
  counts(): BatchCounts {
    try {
      this.#counts = this.#run?.store.counts() ?? this.#counts;
    } catch {
      // Whoever looks at figures must not find out that a disk has failed by an error.
    }
    return this.#counts;
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
    this.#end.cancel();
    this.#operator.phase('Stopping');
    await this.#plc?.stop();
    await (this.#ending ?? this.#run?.channel?.finish());
    const ingest = this.#ingest;
    this.#ingest = undefined;
    this.#operator.hide();
    await ingest?.stop();
    await this.#run?.channel?.keep().catch((error: unknown) => this.#operator.warn('STORE_FAULT', error));
    if (this.#run?.channel !== undefined) await settle(() => this.counts(), settleMs, this.#ports.clock, this.#stopped.signal);
    const counts = this.counts();
    await this.#close();
    this.#ports.listener({ event: 'stopped', ...counts });
    await this.#operator.stop();
  }

  async #startServers(): Promise<void> {
    const hooks = clearedHooks(
      () => this.#run,
      (k) => this.#ports.listener({ event: 'epoch-record', k, step: 'countersigned' }),
    );
    const methods = this.#operator.watching(hooks);
    const ingest = {
      accept: (reading: Parameters<SenderChannel['accept']>[0]) => this.#collecting().accept(reading),
      refused: (tag: string) => this.#run?.channel?.refuse(tag),
      anchor: async () => ({ batchId: this.#collecting().requestCall() }),
    };
    const servers = await startSenderServers(this.#files, this.#ports, { ingest, methods });
    this.#ingest = servers.ingest;
    this.#cleared = servers.cleared;
    this.#operator.showOn(servers.ingest);
    this.#ports.listener({ event: 'started', endpoints: { ...this.endpoints, ...this.#operator.endpoints } });
  }

  /** One run after the other: a store that fails and comes back is read again. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopped;
    let reason: 'missed' | 'storage' = 'missed';
    while (!signal.aborted) {
      try {
        this.#run ??= await this.#openRun();
        await this.#run.live(reason);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassingStoreFault(error)) return this.#fail(error);
        await this.#faulted(error);
        reason = 'storage';
      }
    }
  }

  /** The disk may come back. Until then no value is taken. */
  async #faulted(error: unknown): Promise<void> {
    this.counts();
    const run = this.#run;
    this.#run = undefined;
    this.#operator.faulted(error);
    await run?.abandon();
    await pause(REOPEN_EVERY_MS, this.#stopped.signal);
  }

  async #openRun(): Promise<SenderRun> {
    const opened = await openStoreParts(this.#files, this.#ports);
    try {
      return this.#newRun(opened);
    } catch (error) {
      await closeStoreParts(opened);
      throw error;
    }
  }

  #newRun(opened: StoreParts): SenderRun {
    const { name } = this.#files.config.channels[0];
    const run = new SenderRun({
      files: this.#files,
      ports: this.#ports,
      opened,
      ledger: this.#ledger,
      display: {
        publish: (publications) => this.#cleared?.publish(publications),
        batchState: (batch, gridMs) => showBatch({ ingest: this.#ingest, cleared: this.#cleared, channel: name }, batch, gridMs),
      },
      begun: (channel) => this.#begun(channel),
    });
    this.#operator.attach({ store: run.store, lastBlockMs: () => this.#ledger.watch.lastBlock.timeMs });
    return run;
  }

  #begun(channel: SenderChannel): void {
    const { loaded, config } = this.#files;
    const { listener } = this.#ports;
    this.#end.cancel();
    this.#end.await(() => {
      this.#ending = this.#endWithAgreement(channel).catch((error: unknown) => this.#fail(error));
    });
    this.#operator.phase('Running');
    this.#plc ??= followPlcs(config, {
      feed: (tag, offered) => void this.#ingest?.feed(tag, offered),
      refuse: (tag) => this.#run?.channel?.refuse(tag),
      gap: () => this.#run?.channel?.noteGap(),
      listener,
    });
    const { interval } = channel.open;
    listener({ event: 'running', channel: toBase64Url(loaded.terms.channelId), interval, nextGridMs: channel.nextGridMs });
  }

  /** Seals the last interval. What is sealed is still anchored and delivered, until `stop`. */
  async #endWithAgreement(channel: SenderChannel): Promise<void> {
    if (this.#end.covers(channel.nextGridMs)) await channel.finish();
    else await channel.stop();
    this.#tell(agreementOver(this.#files.loaded.agreement));
  }

  /** No value may be taken that would never become evidence. */
  #fail(error: unknown): void {
    const run = this.#run;
    this.#run = undefined;
    this.#running = Promise.resolve(run?.abandon());
    this.#tell(error);
  }

  #tell(error: unknown): void {
    this.#operator.failed(error);
    this.#tellFailure(error);
  }

  #collecting(): SenderChannel {
    const channel = this.#run?.channel;
    if (channel === undefined || this.#end.isOver) {
      throw new UnavailableError('NOT_RUNNING', 'The module does not collect values now. Try again in a few seconds.');
    }
    return channel;
  }

  /** Closes everything, also where a store fails at that: then its operator is told. */
  async #close(): Promise<void> {
    this.#end.cancel();
    this.#stopped.abort();
    this.#operator.detach();
    const { watch, ledger } = this.#ledger;
    await closeAllAndLedger(
      () => ledger.close(),
      () => this.#run?.stop(),
      () => this.#running,
      () => this.#ingest?.stop(),
      () => this.#cleared?.stop(),
      () => watch.stop(),
    ).catch((error: unknown) => this.#operator.warn('STORE_FAULT', error));
  }
}
