import { DcmbError } from '../core/index.ts';
import type { IngestServer } from '../server/index.ts';
import { cachePolicy } from '../transfer/index.ts';
import { alarmLimits } from './alarm-limits.ts';
import { messageOf } from './message-of.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderStatus } from './module-status.ts';
import { Monitoring } from './monitoring.ts';
import type { SenderFiles } from './sender-files.ts';
import { type FigureSources, SenderOperations, type SenderPhase } from './sender-operations.ts';
import type { MethodHooks } from './sender-servers.ts';

const SHOW_EVERY_MS = 1000;

/** What operators see of the owner's module: variables and alarms on the ingest server, metrics, health and log. */
export class SenderOperator {
  readonly #channel: string;
  readonly #operations: SenderOperations;
  readonly #monitoring: Monitoring;
  /** The module's ports; what it tells is counted and logged on its way to the listener. */
  readonly ports: ModulePorts;
  #ingest: IngestServer | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(channel: string, operations: SenderOperations, monitoring: Monitoring, ports: ModulePorts) {
    this.#channel = channel;
    this.#operations = operations;
    this.#monitoring = monitoring;
    this.ports = { ...ports, listener: monitoring.observing(ports.listener) };
  }

  /** Health can be asked from here on. @throws RejectedError, UnavailableError where the port for metrics can't be had */
  static async start({ config, loaded }: SenderFiles, ports: ModulePorts): Promise<SenderOperator> {
    const [own] = config.channels;
    const { params } = loaded.terms;
    const limits = alarmLimits(params, own.alarms);
    const { clock } = ports;
    const operations = new SenderOperations({ channel: own.name, params, limits, cachePolicy: cachePolicy(own.cache), clock });
    const { monitoring, log = ports.log } = config;
    const parts = { role: 'owner' as const, channel: own.name, clock, monitoring, log, status: () => operations.status() };
    return new SenderOperator(own.name, operations, await Monitoring.start(parts), ports);
  }

  /** URL of the metrics, by its name among the module's endpoints. */
  get endpoints(): { readonly metrics?: string } {
    const { metricsUrl } = this.#monitoring;
    return metricsUrl === undefined ? {} : { metrics: metricsUrl };
  }

  status(): SenderStatus {
    return this.#operations.status();
  }

  /** @param text what lacks or went wrong, for a person; no raw values in it */
  phase(phase: SenderPhase, text = ''): void {
    this.#operations.phase(phase, text);
    this.#show();
  }

  /** The store has a fault that may pass: no values are taken, and it is opened again. */
  faulted(error: unknown): void {
    this.detach();
    this.phase('Faulted', messageOf(error));
    this.warn('STORE_FAULT', error);
  }

  /** The module can't go on. */
  failed(error: unknown): void {
    this.detach();
    this.phase('Stopping', messageOf(error));
    this.ports.listener({ event: 'failed', message: messageOf(error), ...codeOf(error) });
  }

  warn(code: string, error: unknown): void {
    this.ports.listener({ event: 'warning', code, message: messageOf(error) });
  }

  /** From here on figures come from this store. */
  attach(sources: FigureSources): void {
    this.#operations.attach(sources);
  }

  /** The store is about to be closed. */
  detach(): void {
    this.#operations.detach();
  }

  /** Shows how the channel is doing on this server, every second from now on. */
  showOn(ingest: IngestServer): void {
    this.#ingest = ingest;
    this.#show();
    this.#timer = setInterval(() => this.#show(), SHOW_EVERY_MS);
  }

  /** The server is about to stop. */
  hide(): void {
    clearInterval(this.#timer);
    this.#ingest = undefined;
  }

  /** The same methods, each call of the manufacturer's module being noticed. */
  watching(methods: MethodHooks): MethodHooks {
    const seen = <Arguments extends unknown[], Result>(method: (...args: Arguments) => Result) => {
      return (...args: Arguments): Result => {
        this.#operations.receiverSeen();
        return method(...args);
      };
    };
    return {
      // Auditors ask for these, too.
      getEvidence: (n) => methods.getEvidence(n),
      history: (query) => methods.history(query),
      fetchDelivery: seen((n) => methods.fetchDelivery(n)),
      epochProposal: seen((k) => methods.epochProposal(k)),
      acknowledge: seen((receipt) => methods.acknowledge(receipt)),
      countersigned: seen((envelope) => methods.countersigned(envelope)),
    };
  }

  async stop(): Promise<void> {
    this.hide();
    await this.#monitoring.stop();
  }

  #show(): void {
    if (this.#ingest === undefined) return;
    const status = this.#operations.status();
    this.#ingest.publishOperation(this.#channel, status);
    this.#ingest.publishModuleState(status.state, status.stateText);
  }
}

function codeOf(error: unknown): { readonly code?: string } {
  return error instanceof DcmbError ? { code: (error as DcmbError).code } : {};
}
