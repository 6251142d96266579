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

  /** @param channel its name in the configuration; every figure carries it */
  constructor(role: ModuleStatus['role'], channel: string, version: string) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ channel });
    new Gauge({ name: 'dcmb_info', help: 'Always 1; role and version of the module.', labelNames: ['role', 'version'], registers }).set(
      { role, version },
      1,
    );
    this.#state = new Gauge({
      name: 'dcmb_module_state',
      help: 'What the module is doing: 1 for its state, 0 for all others.',
      labelNames: ['state'],
      registers,
    });
    if (role === 'owner')
      this.#alarm = new Gauge({
        name: 'dcmb_alarm_level',
        help: 'Level of an alarm: 0 normal, 1 high, 2 high-high.',
        labelNames: ['alarm'],
        registers,
      });
    for (const [name, { help, of, labels }] of Object.entries(COUNTERS)) {
      if (of.includes(role)) this.#counters.set(name as CounterName, new Counter({ name, help, labelNames: [...labels], registers }));
    }
    for (const [name, values] of Object.entries(KNOWN_VALUES)) startAtZero(this.#counters.get(name as CounterName), values);
    for (const [name, { help, of }] of Object.entries(GAUGES)) {
      if (of === role || of === 'both') this.#gauges.set(name as GaugeName, new Gauge({ name, help, registers }));
    }
    this.#cpu = new Counter({ ...CPU, registers });
    for (const [name, { help }] of Object.entries(PROCESS_GAUGES)) this.#process.set(name, new Gauge({ name, help, registers }));
  }

  /** Counts what happened. */
  count(event: ModuleEvent): void {
    for (const [name, by, labels] of increments(event)) this.#counters.get(name)?.inc(labels ?? {}, by);
  }

  /** The text that Prometheus scrapes, version 0.0.4 of its format. */
  async text(status: ModuleStatus, figures: ProcessFigures): Promise<{ readonly type: string; readonly body: string }> {
    for (const state of STATES) this.#state.set({ state }, state === status.state ? 1 : 0);
    if (status.role === 'owner') {
      for (const alarm of LIMIT_NAMES) this.#alarm?.set({ alarm }, LEVELS[status.alarms[alarm].level]);
    }
    const values = gaugesOf(status);
    for (const [name, gauge] of this.#gauges) setOrDrop(gauge, values[name]);
    for (const [name, { of }] of Object.entries(PROCESS_GAUGES)) setOrDrop(this.#process.get(name), of(figures));
    this.#cpu.reset();
    this.#cpu.inc(figures.cpuSeconds);
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

const LEVELS = { normal: 0, high: 1, highHigh: 2 } as const;

function startAtZero(counter: Counter | undefined, values: Readonly<Record<string, readonly string[]>>): void {
  for (const [label, known] of Object.entries(values)) for (const value of known) counter?.inc({ [label]: value }, 0);
}

/** A figure that is not known is absent: 0 would be a lie. */
function setOrDrop(gauge: Gauge | undefined, value: number | undefined): void {
  if (value === undefined) gauge?.remove();
  else gauge?.set(value);
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
