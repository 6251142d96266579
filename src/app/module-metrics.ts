import { Counter, Gauge, Registry } from 'prom-client';
import type { ProcessFigures } from '../platform/index.ts';
import { LIMIT_NAMES } from '../server/index.ts';
import { MODULE_STATE } from '../nodeset/index.ts';
import { codeWord } from './event-codes.ts';
import type { ModuleEvent } from './events.ts';
import { COUNTERS, type CounterName, CPU, gaugesOf, type GaugeName, GAUGES, KNOWN_VALUES, PROCESS_GAUGES } from './metric-names.ts';
import type { ModuleStatus } from './module-status.ts';

const STATES = Object.keys(MODULE_STATE);

/**
 * The figures of a module for Prometheus. No label carries a condition, a stream or an action: whoever may read metrics
 * learns how the module is doing, not how the machine is.
 */
export class ModuleMetrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<CounterName, Counter>();
  readonly #gauges = new Map<GaugeName, Gauge>();
  readonly #state: Gauge;
  readonly #alarm: Gauge | undefined;
  readonly #process = new Map<string, Gauge>();
  readonly #cpu: Counter;
  readonly #isOne: boolean;

  /** @param channels names in the configuration; each figure of a channel carries its own, of one channel every figure */
  constructor(role: ModuleStatus['role'], channels: readonly string[], version: string) {
    const registers = [this.#registry];
    const [first, ...others] = channels;
    this.#isOne = others.length === 0;
    if (first !== undefined && this.#isOne) this.#registry.setDefaultLabels({ channel: first });
    const gauge = (name: string, help: string, ...labels: string[]): Gauge => new Gauge({ name, help, labelNames: labels, registers });
    gauge('dcmb_info', 'Always 1; role and version of the module.', 'role', 'version').set({ role, version }, 1);
    this.#state = gauge('dcmb_module_state', 'What the module is doing: 1 for its state, 0 for all others.', 'state', 'channel');
    if (role === 'owner') this.#alarm = gauge('dcmb_alarm_level', 'Level of an alarm: 0 normal, 1 high, 2 high-high.', 'alarm', 'channel');
    for (const [name, { help, of, labels }] of Object.entries(COUNTERS)) {
      if (of.includes(role))
        this.#counters.set(name as CounterName, new Counter({ name, help, labelNames: [...labels, 'channel'], registers }));
    }
    for (const channel of channels) this.#startAtZero(this.#label(channel));
    for (const [name, { help, of }] of Object.entries(GAUGES)) {
      if (of === role || of === 'both') this.#gauges.set(name as GaugeName, gauge(name, help, 'channel'));
    }
    this.#cpu = new Counter({ ...CPU, registers });
    for (const [name, { help }] of Object.entries(PROCESS_GAUGES)) this.#process.set(name, gauge(name, help));
  }

  /** Counts what happened. */
  count(event: ModuleEvent): void {
    const label = this.#label(event.channelName);
    for (const [name, by, labels] of increments(event)) this.#counters.get(name)?.inc({ ...labels, ...label }, by);
  }

  /** The text that Prometheus scrapes, version 0.0.4 of its format. @param statuses of each channel */
  async text(statuses: readonly ModuleStatus[], figures: ProcessFigures): Promise<{ readonly type: string; readonly body: string }> {
    for (const status of statuses) this.#show(status, this.#label(status.channel));
    for (const [name, { of }] of Object.entries(PROCESS_GAUGES)) setOrDrop(this.#process.get(name), of(figures), {});
    this.#cpu.reset();
    this.#cpu.inc(figures.cpuSeconds);
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #show(status: ModuleStatus, label: Labels): void {
    for (const state of STATES) this.#state.set({ state, ...label }, state === status.state ? 1 : 0);
    if (status.role === 'owner') {
      for (const alarm of LIMIT_NAMES) this.#alarm?.set({ alarm, ...label }, LEVELS[status.alarms[alarm].level]);
    }
    const values = gaugesOf(status);
    for (const [name, gauge] of this.#gauges) setOrDrop(gauge, values[name], label);
  }

  /** With one channel the registry puts its name everywhere. */
  #label(channel: string | undefined): Labels {
    return this.#isOne || channel === undefined ? {} : { channel };
  }

  #startAtZero(label: Labels): void {
    for (const [name, counter] of this.#counters) {
      const known = KNOWN_VALUES[name];
      for (const [key, values] of Object.entries(known ?? {})) for (const value of values) counter.inc({ [key]: value, ...label }, 0);
      if (COUNTERS[name].labels.length === 0) counter.inc(label, 0);
    }
  }
}

type Labels = Readonly<Record<string, string>>;

const LEVELS = { normal: 0, high: 1, highHigh: 2 } as const;

/** A figure that is not known is absent: 0 would be a lie. */
function setOrDrop(gauge: Gauge | undefined, value: number | undefined, label: Labels): void {
  if (value === undefined) gauge?.remove(label);
  else gauge?.set(label, value);
}

type Increment = readonly [name: CounterName, by: number, labels?: Readonly<Record<string, string>>];
type Increments = { readonly [Kind in ModuleEvent['event']]?: (event: Extract<ModuleEvent, { event: Kind }>) => readonly Increment[] };

const INCREMENTS: Increments = {
  sealed: ({ readings, refused }) => [
    ['dcmb_batches_sealed_total', 1],
    ['dcmb_readings_sealed_total', readings],
    ['dcmb_readings_refused_total', refused],
  ],
  anchored: () => [['dcmb_batches_anchored_total', 1]],
  delivered: () => [['dcmb_batches_delivered_total', 1]],
  receipted: () => [['dcmb_batches_receipted_total', 1]],
  deposited: () => [['dcmb_batches_deposited_total', 1]],
  dropped: ({ what, fromBatch, toBatch }) => [['dcmb_batches_dropped_total', toBatch - fromBatch + 1, { what }]],
  received: ({ via }) => [['dcmb_batches_received_total', 1, { via }]],
  acknowledged: () => [['dcmb_receipts_given_total', 1]],
  'epoch-record': ({ step }) => [['dcmb_epoch_records_total', 1, { step }]],
  action: ({ state }) => (state === 'done' ? [] : [['dcmb_action_faults_total', 1, { state }]]),
  stranger: () => [['dcmb_strangers_refused_total', 1]],
  refused: ({ server, service, status, count }) => [['dcmb_refusals_total', count, { server, service, status }]],
  finding: ({ code }) => [['dcmb_findings_total', 1, { code: codeWord(code) }]],
  warning: ({ code }) => [['dcmb_warnings_total', 1, { code: codeWord(code) }]],
};

function increments<Kind extends ModuleEvent['event']>(event: Extract<ModuleEvent, { event: Kind }>): readonly Increment[] {
  const of = INCREMENTS[event.event] as ((event: ModuleEvent) => readonly Increment[]) | undefined;
  return of?.(event) ?? [];
}
