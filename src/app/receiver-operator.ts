import { type Clock, DcmbError } from '../core/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { messageOf } from './message-of.ts';
import type { ManufacturerConfig } from './config.ts';
import type { ModuleEvent } from './events.ts';
import type { ModulePorts } from './module-options.ts';
import type { Reason, ReceiverStatus } from './module-status.ts';
import { Monitoring } from './monitoring.ts';

type Figures = Pick<
  ReceiverStatus,
  'batchesBehind' | 'unconfirmedReceipts' | 'findings' | 'waitingActions' | 'deadActions' | 'lastBlockMs'
>;

/** What figures are read from, while the store is open. */
export interface ReceiverFigures {
  readonly store: Pick<ReceiverStore, 'counts' | 'lastNumber' | 'lastAnchor' | 'actionCounts'>;
  /** Time of the newest block that is known, ms since 1970. */
  readonly lastBlockMs: () => number;
}

const NO_FIGURES: Figures = {
  batchesBehind: 0,
  unconfirmedReceipts: 0,
  findings: 0,
  waitingActions: 0,
  deadActions: 0,
  lastBlockMs: undefined,
};

/** How the manufacturer's module is doing, from what its store and its link say. */
export class ReceiverOperations {
  readonly #channel: string;
  readonly #clock: Clock;
  #phase: 'Starting' | 'Running' | 'Faulted' | 'Stopping' = 'Starting';
  #hasFailed = false;
  #sources: ReceiverFigures | undefined;
  /** While the store can't be read, the last ones count. */
  #figures = NO_FIGURES;
  /** Undefined while the link is up. */
  #linkDownMs: number | undefined;

  constructor(channel: string, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#linkDownMs = clock.now();
  }

  running(sources: ReceiverFigures): void {
    this.#sources = sources;
    this.#phase = 'Running';
  }

  /** The store is about to be closed. */
  ended(phase: 'Faulted' | 'Stopping', hasFailed = false): void {
    this.#sources = undefined;
    this.#phase = phase;
    this.#hasFailed ||= hasFailed;
  }

  link(isUp: boolean): void {
    this.#linkDownMs = isUp ? undefined : (this.#linkDownMs ?? this.#clock.now());
  }

  status(): ReceiverStatus {
    this.#read();
    const isLinkUp = this.#linkDownMs === undefined;
    const notes: Reason[] = [];
    if (this.#phase === 'Running' && !isLinkUp) notes.push('LINK_DOWN');
    if (this.#phase === 'Running' && this.#figures.deadActions > 0) notes.push('DEAD_ACTIONS');
    const reasons = this.#reasons();
    return {
      role: 'manufacturer',
      channel: this.#channel,
      state: notes.length > 0 ? 'Degraded' : this.#phase,
      hasFailed: this.#hasFailed,
      isReady: reasons.length === 0,
      reasons,
      notes,
      isLinkUp,
      linkDownMs: this.#linkDownMs === undefined ? 0 : Math.max(0, this.#clock.now() - this.#linkDownMs),
      ...this.#figures,
    };
  }

  #reasons(): readonly Reason[] {
    if (this.#phase === 'Running') return [];
    if (this.#phase === 'Starting') return ['STARTING'];
    if (this.#phase === 'Faulted') return ['STORE_FAULT'];
    return [this.#hasFailed ? 'FAILED' : 'STOPPING'];
  }

  #read(): void {
    if (this.#sources === undefined) return;
    try {
      const { store, lastBlockMs } = this.#sources;
      const { received, acknowledged, findings } = store.counts();
      const { waiting, failed } = store.actionCounts();
      this.#figures = {
        batchesBehind: Math.max(0, (store.lastAnchor()?.n ?? -1) - store.lastNumber()),
        unconfirmedReceipts: received - acknowledged,
        findings,
        waitingActions: waiting,
        deadActions: failed,
        lastBlockMs: lastBlockMs(),
      };
    } catch {
      // Whoever works with the store finds the fault, and says it.
    }
  }
}

/** What operators see of the manufacturer's module: metrics, health and log. */
export class ReceiverOperator {
  readonly #operations: ReceiverOperations;
  readonly #monitoring: Monitoring;
  /** The module's ports; what it tells is counted and logged on its way to the listener. */
  readonly ports: ModulePorts;

  private constructor(operations: ReceiverOperations, monitoring: Monitoring, ports: ModulePorts) {
    this.#operations = operations;
    this.#monitoring = monitoring;
    const listener = monitoring.observing(ports.listener);
    this.ports = { ...ports, listener: (event) => this.#noticed(event, listener) };
  }

  /** Health can be asked from here on. @throws RejectedError, UnavailableError where port or log can't be had */
  static async start(config: ManufacturerConfig, ports: ModulePorts): Promise<ReceiverOperator> {
    const { clock } = ports;
    const { monitoring, log = ports.log } = config;
    const channel = config.channels[0].name;
    const operations = new ReceiverOperations(channel, clock);
    const parts = { role: 'manufacturer' as const, channels: [channel], clock, monitoring, log, statuses: () => [operations.status()] };
    return new ReceiverOperator(operations, await Monitoring.start(parts), ports);
  }

  /** URL of the metrics, by its name among the module's endpoints. */
  get endpoints(): { readonly metrics?: string } {
    const { metricsUrl } = this.#monitoring;
    return metricsUrl === undefined ? {} : { metrics: metricsUrl };
  }

  status(): ReceiverStatus {
    return this.#operations.status();
  }

  running(sources: ReceiverFigures): void {
    this.#operations.running(sources);
  }

  /** The store has a fault that may pass: nothing is fetched, and it is opened again. */
  faulted(): void {
    this.#operations.ended('Faulted');
  }

  stopping(): void {
    this.#operations.ended('Stopping');
  }

  /** The module can't go on. */
  failed(error: unknown): void {
    this.#operations.ended('Stopping', true);
    const code = error instanceof DcmbError ? { code: (error as DcmbError).code } : {};
    this.ports.listener({ event: 'failed', message: messageOf(error), ...code });
  }

  stop(): Promise<void> {
    return this.#monitoring.stop();
  }

  #noticed(event: ModuleEvent, listener: ModulePorts['listener']): void {
    if (event.event === 'link') this.#operations.link(event.state === 'connected');
    listener(event);
  }
}
