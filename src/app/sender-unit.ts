import { toBase64Url, UnavailableError } from '../core/index.ts';
import type { ClearedServer, IngestServer } from '../server/index.ts';
import { pause } from '../transfer/index.ts';
import { AgreementEnd } from './agreement-end.ts';
import { agreementOver } from './agreement-file.ts';
import { closeAllAndLedger } from './close-all.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderChannel } from './sender-channel.ts';
import type { SenderFiles } from './sender-files.ts';
import type { SenderOperator } from './sender-operator.ts';
import { closeStoreParts, type LedgerParts, openLedgerParts, openStoreParts, requireNotBehind, type StoreParts } from './sender-parts.ts';
import { SenderRun } from './sender-run.ts';
import { clearedHooks, showBatch, startChannelServer } from './sender-servers.ts';
import { type BatchCounts, settle } from './settle.ts';
import { isPassingStoreFault } from './store-watch.ts';

/** A store that failed is opened again so often. */
const REOPEN_EVERY_MS = 1000;

export interface SenderUnitParts {
  /** As if there were no other channel. */
  readonly files: SenderFiles;
  /** The module has no other channel. */
  readonly isAlone: boolean;
  readonly operator: SenderOperator;
  /** The server that shows operators the channel's batches, while it runs. */
  ingest(): IngestServer | undefined;
  /** Values are taken from now on; told once for each run. */
  begun(unit: SenderUnit): void;
  /** The channel can't go on. */
  failed(error: unknown): void;
}

/**
 * One channel of the owner's module with all that is its own: store, ledger, cleared server, and one run after the other. What
 * befalls it befalls no other channel.
 */
export class SenderUnit {
  readonly files: SenderFiles;
  readonly operator: SenderOperator;
  readonly #parts: SenderUnitParts;
  readonly #ports: ModulePorts;
  readonly #ledger: LedgerParts;
  readonly #end: AgreementEnd;
  readonly #stopped = new AbortController();
  #run: SenderRun | undefined;
  /** Its grid has stopped while others still collect: what it took now would stand in an interval that may be over. */
  #isFinished = false;
  #counts: BatchCounts = { sealed: 0, anchored: 0, receipted: 0 };
  #cleared: ClearedServer | undefined;
  /** Sealing of the agreement's last interval, once that has begun. */
  #ending: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(parts: SenderUnitParts, ledger: LedgerParts) {
    this.#parts = parts;
    this.files = parts.files;
    this.operator = parts.operator;
    this.#ports = parts.operator.ports;
    this.#ledger = ledger;
    this.#end = new AgreementEnd(parts.files.loaded.agreement, this.#ports.clock);
  }

  /** Opens store and ledger; nothing is collected before `begin`. */
  static async open(parts: SenderUnitParts): Promise<SenderUnit> {
    const { files, operator } = parts;
    const opened = await openStoreParts(files, operator.ports);
    let unit: SenderUnit;
    try {
      unit = new SenderUnit(parts, await openLedgerParts(files, opened.store, operator.ports));
    } catch (error) {
      await closeStoreParts(opened);
      throw error;
    }
    try {
      await requireNotBehind(files, opened.store, unit.#ledger.ledger);
      unit.#run = unit.#newRun(opened);
    } catch (error) {
      if (unit.#run === undefined) await closeStoreParts(opened);
      await unit.close();
      throw error;
    }
    return unit;
  }

  /** Name of the channel. */
  get name(): string {
    return this.files.config.channels[0].name;
  }

  /** Names of the tags that it takes. */
  get tags(): readonly string[] {
    return this.files.policy.policy.tags.map(({ name }) => name);
  }

  /** URL of the cleared server. */
  get endpointUrl(): string {
    return this.#cleared?.endpointUrl ?? '';
  }

  /** The channel while it takes values. */
  get collecting(): SenderChannel | undefined {
    return this.#end.isOver || this.#isFinished ? undefined : this.#run?.channel;
  }

  /** What collects has not stored a reading in time. The run ends as by any fault of its disk, and the disk may come back. */
  stalled(collecting: unknown): void {
    if (collecting !== undefined && this.#run?.channel === collecting) this.#run.stalled();
  }

  /** @returns number of the batch that will be sealed at the next point of the call grid @throws UnavailableError `NOT_RUNNING` */
  requestCall(): number {
    if (this.collecting === undefined) throw notRunning();
    return this.collecting.requestCall();
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

  /** Starts the cleared server. */
  async serve(): Promise<void> {
    const hooks = clearedHooks(
      () => this.#run,
      (k) => this.#ports.listener({ event: 'epoch-record', k, step: 'countersigned' }),
    );
    this.#cleared = await startChannelServer(this.files, this.#ports, this.operator.watching(hooks));
  }

  /** Collects from now on, until it is closed. */
  begin(): void {
    this.#running = this.#supervise();
  }

  /**
   * Ends collecting: seals the open interval where its end is near. Values may come until then, and are taken; later ones, while
   * other channels finish, are not.
   */
  async finish(): Promise<void> {
    this.#end.cancel();
    const ended = (): void => void (this.#isFinished = !this.#parts.isAlone);
    await (this.#ending ?? this.#run?.channel?.finish(ended));
  }

  /** Keeps the open interval's readings for the next start, and waits a while for anchors and receipts of what is sealed. */
  async settle(settleMs: number): Promise<void> {
    await this.#run?.channel?.keep().catch((error: unknown) => this.operator.warn('STORE_FAULT', error));
    if (this.#run?.channel !== undefined) await settle(() => this.counts(), settleMs, this.#ports.clock, this.#stopped.signal);
  }

  /** Closes everything, also where a store fails at that: then its operator is told. */
  async close(): Promise<void> {
    this.#end.cancel();
    this.#stopped.abort();
    this.operator.detach();
    const { watch, ledger } = this.#ledger;
    await closeAllAndLedger(
      () => ledger.close(),
      () => this.#run?.stop(),
      () => this.#running,
      () => this.#cleared?.stop(),
      () => watch.stop(),
    ).catch((error: unknown) => this.operator.warn('STORE_FAULT', error));
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
    this.operator.faulted(error);
    await run?.abandon();
    await pause(REOPEN_EVERY_MS, this.#stopped.signal);
  }

  async #openRun(): Promise<SenderRun> {
    const opened = await openStoreParts(this.files, this.#ports);
    try {
      return this.#newRun(opened);
    } catch (error) {
      await closeStoreParts(opened);
      throw error;
    }
  }

  #newRun(opened: StoreParts): SenderRun {
    const run = new SenderRun({
      files: this.files,
      ports: this.#ports,
      opened,
      ledger: this.#ledger,
      display: {
        publish: (publications) => this.#cleared?.publish(publications),
        batchState: (batch, gridMs) =>
          showBatch({ ingest: this.#parts.ingest(), cleared: this.#cleared, channel: this.name }, batch, gridMs),
      },
      begun: (channel) => this.#begun(channel),
    });
    this.operator.attach({ store: run.store, lastBlockMs: () => this.#ledger.watch.lastBlock.timeMs });
    return run;
  }

  #begun(channel: SenderChannel): void {
    this.#isFinished = false;
    this.#end.cancel();
    this.#end.await(() => {
      this.#ending = this.#endWithAgreement(channel).catch((error: unknown) => this.#fail(error));
    });
    this.operator.phase('Running');
    this.#parts.begun(this);
    const { interval } = channel.open;
    const { channelId } = this.files.loaded.terms;
    this.#ports.listener({ event: 'running', channel: toBase64Url(channelId), interval, nextGridMs: channel.nextGridMs });
  }

  /** Seals the last interval. What is sealed is still anchored and delivered, until it is closed. */
  async #endWithAgreement(channel: SenderChannel): Promise<void> {
    if (this.#end.covers(channel.nextGridMs)) await channel.finish(() => undefined);
    else await channel.stop();
    this.#parts.failed(agreementOver(this.files.loaded.agreement));
  }

  /** No value may be taken that would never become evidence. */
  #fail(error: unknown): void {
    const run = this.#run;
    this.#run = undefined;
    this.#running = Promise.resolve(run?.abandon());
    this.#parts.failed(error);
  }
}

function notRunning(): UnavailableError<string> {
  return new UnavailableError('NOT_RUNNING', 'The module does not collect values now. Try again in a few seconds.');
}
