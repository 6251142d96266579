import { type UaValue, UnavailableError } from '../core/index.ts';
import type { IngestHooks, IngestServer } from '../server/index.ts';
import { type OwnerConfig, readOwnerConfig } from './config.ts';
import { inTurns } from './in-turns.ts';
import { type ModuleOptions, portsOf } from './module-options.ts';
import type { SenderStatus } from './module-status.ts';
import { OperatorPanel } from './operator-panel.ts';
import { followPlcs, plcsOf } from './plc-feed.ts';
import { ReadingFanout } from './sender-fanout.ts';
import { loadOwnerFiles, type OwnerFiles, type SenderFiles } from './sender-files.ts';
import { startSenderIngest } from './sender-servers.ts';
import { LateStarts } from './sender-starts.ts';
import { SenderUnit } from './sender-unit.ts';
import type { BatchCounts } from './settle.ts';

/** OPC UA Part 6, annex A.2. */
const BAD_RESOURCE_UNAVAILABLE = 0x80040000;
/** How long `stop` waits for anchors and receipts of what is sealed. */
const SETTLE_MS = 15_000;
/** Cleared servers are processes of their own, and one that takes too long to start is given up. */
const STARTS_AT_ONCE = 2;

/**
 * The owner's module: takes raw values, clears them by the agreed mapping policy of each channel, shows each manufacturer the
 * conditions of its own channel and nothing else, and anchors evidence of each interval.
 */
export class SenderModule {
  readonly #files: OwnerFiles;
  readonly #panel: OperatorPanel;
  #units: readonly SenderUnit[] = [];
  #fanout: ReadingFanout;
  #ingest: IngestServer | undefined;
  #plc: ReturnType<typeof followPlcs> | undefined;
  readonly #late = new LateStarts();
  /** Channels that can't go on. */
  readonly #ended = new Set<string>();
  #stopping: Promise<void> | undefined;
  #tellFailure: (error: unknown) => void = () => undefined;

  /** Resolves with what went wrong when no channel can go on; the module then takes no more values and should be stopped. */
  readonly failed: Promise<unknown> = new Promise((resolve) => (this.#tellFailure = resolve));

  private constructor(files: OwnerFiles, panel: OperatorPanel) {
    this.#files = files;
    this.#panel = panel;
    this.#fanout = this.#fanoutTo([]);
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its servers can be reached. Clearing
   * begins by itself as soon as a channel is open on its ledger; `running` is then told. A module that has run before
   * needs no ledger for that. Of several channels those that can't be opened are told as `channel-failed`, or tried again where
   * what they need may come.
   * @throws RejectedError, UnavailableError in one sentence with what to mend, where no channel can be opened
   */
  static async start(config: OwnerConfig | string, options: ModuleOptions = {}): Promise<SenderModule> {
    const given = portsOf(options);
    const files = await loadOwnerFiles(typeof config === 'string' ? readOwnerConfig(config) : config, given.clock.now());
    const panel = await OperatorPanel.start(files, given);
    const module = new SenderModule(files, panel);
    try {
      await module.#open();
      return module;
    } catch (error) {
      await module.#close();
      await panel.stop();
      throw error;
    }
  }

  get #isAlone(): boolean {
    return this.#files.config.channels.length === 1;
  }

  /** URLs; `cleared` is the first channel's. */
  get endpoints(): { readonly ingest: string; readonly cleared: string } {
    return { ingest: this.#ingest?.endpointUrl ?? '', cleared: this.#units[0]?.endpointUrl ?? '' };
  }

  /** URL of each channel's cleared server, by the channel's name. */
  get clearedEndpoints(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#units.map(({ name, endpointUrl }) => [name, endpointUrl]));
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

  /** How a channel is doing now, for the module's operators. @param channel the first one where absent */
  status(channel?: string): SenderStatus {
    return this.#panel.status(channel);
  }

  /** Batches by how far they have come, over the whole life of all channels, or of one of them. */
  counts(channel?: string): BatchCounts {
    const counts = this.#units.filter(({ name }) => channel === undefined || name === channel).map((unit) => unit.counts());
    const sum = (of: keyof BatchCounts): number => counts.reduce((total, each) => total + each[of], 0);
    return { sealed: sum('sealed'), anchored: sum('anchored'), receipted: sum('receipted') };
  }

  /**
   * Ends in good order: seals each open interval whose end is near, and keeps the readings of others for the next start;
   * waits a while for anchors and receipts of what is sealed.
   * @param settleMs how long to wait for them, ms; of a second call it has no effect
   */
  stop(settleMs: number = SETTLE_MS): Promise<void> {
    this.#stopping ??= this.#stopOnce(settleMs);
    return this.#stopping;
  }

  async #stopOnce(settleMs: number): Promise<void> {
    void this.#late.end();
    for (const { operator } of this.#units) operator.phase('Stopping');
    await this.#plc?.stop();
    await Promise.all(this.#units.map((unit) => unit.finish()));
    const ingest = this.#ingest;
    this.#ingest = undefined;
    this.#panel.hide();
    await ingest?.stop();
    await Promise.all(this.#units.map((unit) => unit.settle(settleMs)));
    const counts = this.#units.map((unit) => ({ unit, counts: unit.counts() }));
    await this.#close();
    for (const each of counts) each.unit.operator.ports.listener({ event: 'stopped', ...each.counts });
    await this.#panel.stop();
  }

  async #open(): Promise<void> {
    for (const [channelName, { code, message }] of this.#files.left)
      this.#panel.ports.listener({ event: 'channel-failed', channelName, code, message });
    const { channels } = this.#files;
    const opened = await this.#survivors(channels.map((files) => [nameOf(files), () => this.#openUnit(files)]));
    this.#units = opened;
    const starting = this.#startIngest().then((ingest) => void (this.#ingest = ingest));
    const serving = this.#survivors(opened.map((unit) => [unit.name, () => unit.serve().then(() => unit)]));
    // Both are waited for: what has started must be stopped.
    const results = await Promise.allSettled([starting, serving]);
    for (const each of results) if (each.status === 'rejected') throw each.reason;
    this.#units = await serving;
    for (const unit of opened) if (!this.#units.includes(unit)) await unit.close();
    this.#fanout = this.#fanoutTo(this.#units);
    if (this.#ingest !== undefined) this.#panel.showOn(this.#ingest);
    this.#panel.ports.listener({ event: 'started', endpoints: this.#endpointsTold() });
    for (const unit of this.#units) unit.begin();
    this.#late.begin({
      start: (name) => this.#startLate(name),
      started: (unit) => this.#join(unit),
      failed: (name, error) => this.#failed(name, error),
    });
  }

  async #startLate(name: string): Promise<SenderUnit> {
    const files = this.#files.channels.find((each) => nameOf(each) === name);
    if (files === undefined) throw new RangeError(`There is no channel "${name}".`);
    const unit = await this.#openUnit(files);
    try {
      await unit.serve();
      return unit;
    } catch (error) {
      await unit.close();
      throw error;
    }
  }

  /** The channel is as if it had started with the others. */
  #join(unit: SenderUnit): void {
    const started = new Map([...this.#units, unit].map((each) => [each.name, each]));
    this.#units = this.#files.channels.flatMap((files) => started.get(nameOf(files)) ?? []);
    this.#fanout.add(unit);
    unit.operator.phase('Starting');
    unit.begin();
  }

  #openUnit(files: SenderFiles): Promise<SenderUnit> {
    return SenderUnit.open({
      files,
      isAlone: this.#isAlone,
      operator: this.#panel.operator(nameOf(files)),
      ingest: () => this.#ingest,
      begun: (unit) => this.#begun(unit),
      failed: (error) => this.#failed(nameOf(files), error),
    });
  }

  /** Those channels that get through a step of the start; the others have failed. @throws what the first one said, where none does */
  async #survivors(steps: readonly (readonly [name: string, step: () => Promise<SenderUnit>])[]): Promise<SenderUnit[]> {
    const results = await inTurns(
      steps.map(([, step]) => step),
      STARTS_AT_ONCE,
    );
    const faults = results.flatMap((each, index) =>
      each.status === 'rejected' ? [{ name: steps[index]?.[0] ?? '', error: each.reason as unknown }] : [],
    );
    if (faults.length === steps.length) throw faults[0]?.error;
    for (const { name, error } of faults) this.#notStarted(name, error);
    return results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }

  #notStarted(name: string, error: unknown): void {
    if (!this.#late.takes(name, error)) return this.#failed(name, error);
    this.#panel.operator(name).waits(error);
  }

  #endpointsTold(): Readonly<Record<string, string>> {
    const cleared = this.#units.map(({ name, endpointUrl }): [string, string] => [
      this.#isAlone ? 'cleared' : `cleared/${name}`,
      endpointUrl,
    ]);
    return { ingest: this.endpoints.ingest, ...Object.fromEntries(cleared), ...this.#panel.endpoints };
  }

  #startIngest(): Promise<IngestServer> {
    const hooks: IngestHooks = {
      accept: (reading) => this.#fanout.accept(reading),
      refused: (tag) => this.#fanout.refuse(tag),
      anchor: async (channel) => ({ batchId: this.#unit(channel).requestCall() }),
    };
    return startSenderIngest(this.#files, this.#panel.ports, hooks);
  }

  #fanoutTo(units: readonly SenderUnit[]): ReadingFanout {
    const { config } = this.#files;
    const followed = plcsOf(config.ingest).flatMap(({ nodes }) => Object.keys(nodes));
    return new ReadingFanout(units, { isAlone: this.#isAlone, followed });
  }

  #begun(unit: SenderUnit): void {
    this.#fanout.begun(unit, this.#panel.ports.clock.now());
    this.#followPlcs();
  }

  #followPlcs(): void {
    this.#plc ??= followPlcs(this.#files.config, {
      feed: (tag, offered) => void this.#ingest?.feed(tag, offered),
      refuse: (tag) => this.#fanout.refuse(tag),
      gap: () => this.#fanout.noteGap(),
      listener: this.#panel.ports.listener,
    });
  }

  /** One channel can't go on; the others do. */
  #failed(channel: string, error: unknown): void {
    this.#ended.add(channel);
    const isLast = this.#ended.size === this.#files.channels.length;
    this.#panel.operator(channel).failed(error, isLast);
    if (isLast) this.#tellFailure(error);
  }

  #unit(channel: string): SenderUnit {
    const unit = this.#units.find(({ name }) => name === channel);
    if (unit === undefined) throw new UnavailableError('NOT_RUNNING', 'The channel does not run. The log says why.');
    return unit;
  }

  async #close(): Promise<void> {
    await this.#late.end();
    await this.#ingest?.stop();
    await Promise.all(this.#units.map((unit) => unit.close()));
  }
}

function nameOf({ config }: SenderFiles): string {
  return config.channels[0].name;
}
