import { RejectedError } from '../core/index.ts';
import type { IngestServer } from '../server/index.ts';
import type { ConfigErrorCode } from './config.ts';
import type { ModuleListener } from './events.ts';
import { moduleStateOf } from './module-state.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderStatus } from './module-status.ts';
import { Monitoring } from './monitoring.ts';
import type { OwnerFiles } from './sender-files.ts';
import { SenderOperator } from './sender-operator.ts';

const SHOW_EVERY_MS = 1000;

/** What operators see of the owner's module: each channel's variables and alarms on the ingest server, metrics, health and log. */
export class OperatorPanel {
  readonly #monitoring: Monitoring;
  /** By name of the channel. */
  readonly operators: ReadonlyMap<string, SenderOperator>;
  /** For what is told of the module itself; a channel's operator has ports of its own. */
  readonly ports: ModulePorts;
  #ingest: IngestServer | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(operators: OperatorPanel['operators'], monitoring: Monitoring, ports: ModulePorts) {
    this.operators = operators;
    this.#monitoring = monitoring;
    this.ports = ports;
  }

  /** Health can be asked from here on. @throws RejectedError, UnavailableError where the port for metrics can't be had */
  static async start({ config, channels }: OwnerFiles, given: ModulePorts): Promise<OperatorPanel> {
    const { monitoring, log = given.log } = config;
    // Both come once the figures that they show are there.
    const late: { listener: ModuleListener; panel: OperatorPanel | undefined } = { listener: given.listener, panel: undefined };
    const ports: ModulePorts = { ...given, listener: (event) => late.listener(event) };
    const isOne = config.channels.length === 1;
    const operators = new Map(
      channels.map((files) => {
        const { name: channelName } = files.config.channels[0];
        const own: ModulePorts = isOne ? ports : { ...ports, listener: (event) => ports.listener({ ...event, channelName }) };
        return [channelName, new SenderOperator(files, own, () => late.panel?.show())];
      }),
    );
    const made = await Monitoring.start({
      role: 'owner',
      channels: config.channels.map(({ name }) => name),
      clock: given.clock,
      monitoring,
      log,
      statuses: () => [...operators.values()].map((operator) => operator.status()),
    });
    late.listener = made.observing(given.listener);
    return (late.panel = new OperatorPanel(operators, made, ports));
  }

  /** URL of the metrics, by its name among the module's endpoints. */
  get endpoints(): { readonly metrics?: string } {
    const { metricsUrl } = this.#monitoring;
    return metricsUrl === undefined ? {} : { metrics: metricsUrl };
  }

  /** @throws RejectedError where the module has no such channel */
  operator(channel: string): SenderOperator {
    const found = this.operators.get(channel);
    if (found === undefined) throw new RejectedError<ConfigErrorCode>('BAD_CONFIG', `The module has no channel "${channel}".`);
    return found;
  }

  /** Of each channel. */
  statuses(): readonly SenderStatus[] {
    return [...this.operators.values()].map((operator) => operator.status());
  }

  /** Of a channel, the first one where absent. */
  status(channel?: string): SenderStatus {
    const [first] = this.operators.keys();
    return this.operator(channel ?? first ?? '').status();
  }

  /** Shows how the channels are doing on this server, every second from now on. */
  showOn(ingest: IngestServer): void {
    this.#ingest = ingest;
    this.show();
    this.#timer = setInterval(() => this.show(), SHOW_EVERY_MS);
  }

  /** The server is about to stop. */
  hide(): void {
    clearInterval(this.#timer);
    this.#ingest = undefined;
  }

  async stop(): Promise<void> {
    this.hide();
    await this.#monitoring.stop();
  }

  /** Shows what is other than before at once. */
  show(): void {
    if (this.#ingest === undefined) return;
    const statuses = this.statuses();
    for (const status of statuses) this.#ingest.publishOperation(status.channel, status);
    const { state, text } = moduleStateOf(statuses);
    this.#ingest.publishModuleState(state, text);
  }
}
