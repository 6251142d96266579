import manifest from '../../package.json' with { type: 'json' };
import type { Clock } from '../core/index.ts';
import { type LocalServer, openLogWriter, ProcessMeter, serveLocally } from '../platform/index.ts';
import type { LogConfig, MonitoringConfig } from './config.ts';
import type { ModuleEvent, ModuleListener } from './events.ts';
import { liveAnswer, readyAnswer } from './health.ts';
import { ModuleLog } from './module-log.ts';
import { ModuleMetrics } from './module-metrics.ts';
import type { ModuleStatus } from './module-status.ts';

export interface MonitoringParts {
  readonly role: ModuleStatus['role'];
  /** Names of the channels in the configuration. */
  readonly channels: readonly string[];
  readonly clock: Clock;
  readonly monitoring?: MonitoringConfig | undefined;
  readonly log?: LogConfig | undefined;
  /** Of each channel that runs. */
  statuses(): readonly ModuleStatus[];
}

/** What an operator watches a module by: metrics, health and a log, as far as they are configured. */
export class Monitoring {
  readonly #metrics: ModuleMetrics | undefined;
  readonly #log: ModuleLog | undefined;
  readonly #meter: ProcessMeter | undefined;
  #server: LocalServer | undefined;

  private constructor({ role, channels, clock, monitoring, log }: MonitoringParts) {
    if (log !== undefined) this.#log = new ModuleLog(openLogWriter({ level: log.level ?? 'info', clock, ...fileOf(log) }));
    if (monitoring === undefined) return;
    this.#metrics = new ModuleMetrics(role, channels, manifest.version);
    this.#meter = new ProcessMeter();
  }

  /**
   * Health can be asked from here on, also while the module still starts.
   * @throws RejectedError `NOT_LOOPBACK`; UnavailableError `HTTP_PORT_IN_USE`, `HTTP_START_FAILED`
   */
  static async start(parts: MonitoringParts): Promise<Monitoring> {
    const monitoring = new Monitoring(parts);
    try {
      await monitoring.#serve(parts);
    } catch (error) {
      await monitoring.stop();
      throw error;
    }
    return monitoring;
  }

  /** URL of the metrics; undefined where none are served. */
  get metricsUrl(): string | undefined {
    return this.#server === undefined ? undefined : `${this.#server.url}/metrics`;
  }

  /** Counts and logs an event, then tells the listener. */
  observing(listener: ModuleListener): ModuleListener {
    return (event: ModuleEvent) => {
      this.#metrics?.count(event);
      this.#log?.log(event);
      listener(event);
    };
  }

  async stop(): Promise<void> {
    this.#meter?.close();
    await this.#server?.stop();
    this.#log?.close();
  }

  async #serve(parts: MonitoringParts): Promise<void> {
    const { monitoring } = parts;
    const metrics = this.#metrics;
    const meter = this.#meter;
    if (monitoring === undefined || metrics === undefined || meter === undefined) return;
    this.#server = await serveLocally(
      { host: monitoring.host ?? '127.0.0.1', port: monitoring.port },
      {
        '/metrics': async () => ({ status: 200, ...(await metrics.text(parts.statuses(), meter.read())) }),
        '/health/live': () => liveAnswer(parts.statuses()),
        '/health/ready': () => readyAnswer(parts.statuses()),
      },
    );
  }
}

function fileOf({ file }: LogConfig): { readonly file?: string } {
  return file === undefined ? {} : { file };
}
