import type { ChannelParams, Clock } from '../core/index.ts';
import type { ModuleState } from '../nodeset/index.ts';
import { type AlarmLimits, type AlarmView, LIMIT_NAMES, type LimitName } from '../server/index.ts';
import type { CacheFill } from '../store/index.ts';
import { type CachePolicy, limitReached, usedPartOf } from '../transfer/index.ts';
import { alarmText } from './alarm-text.ts';
import { LimitWatch } from './limit-watch.ts';
import { type Reason, REASONS, type SenderStatus } from './module-status.ts';

/** What the module itself says; all else follows from figures. */
export type SenderPhase = 'Starting' | 'Running' | 'Faulted' | 'Stopping';

/** What the store is asked. Each question is cheap enough for every second. */
export interface FiguresStore {
  cacheFill(): CacheFill;
  ledgerBacklog(): { readonly batches: number; readonly oldestMs: number | undefined };
  /** Batches that count towards the agreed limit. */
  unreceipted(): number;
}

export interface FigureSources {
  readonly store: FiguresStore;
  /** Time of the newest block that is known, ms since 1970. */
  lastBlockMs(): number | undefined;
}

export interface SenderOperationsParts {
  /** Name of the channel in the configuration. */
  readonly channel: string;
  readonly params: ChannelParams;
  readonly limits: AlarmLimits;
  readonly cachePolicy: CachePolicy;
  readonly clock: Clock;
}

interface Figures {
  readonly fill: CacheFill;
  readonly backlog: ReturnType<FiguresStore['ledgerBacklog']>;
  readonly unreceipted: number;
  readonly lastBlockMs: number | undefined;
}

const NO_FIGURES: Figures = {
  fill: { batches: 0, openable: 0, bytes: 0, oldestMs: undefined, oldestOpenableMs: undefined, newestOpenableMs: undefined },
  backlog: { batches: 0, oldestMs: undefined },
  unreceipted: 0,
  lastBlockMs: undefined,
};

/** How the owner's module is doing, from what its store and its calls say. */
export class SenderOperations {
  readonly #parts: SenderOperationsParts;
  readonly #watches: ReadonlyMap<LimitName, LimitWatch>;
  readonly #startedMs: number;
  #phase: SenderPhase = 'Starting';
  #phaseText = '';
  #sources: FigureSources | undefined;
  /** While the store can't be read, the last ones count. */
  #figures = NO_FIGURES;
  #seenMs: number | undefined;

  constructor(parts: SenderOperationsParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.now();
    this.#watches = new Map(LIMIT_NAMES.map((name) => [name, new LimitWatch(parts.limits[name])]));
  }

  /** The store is open. */
  attach(sources: FigureSources): void {
    this.#sources = sources;
  }

  /** The store is closed: what was read last is said on. */
  detach(): void {
    this.#sources = undefined;
  }

  /** @param text what lacks or went wrong, for a person; no raw values in it */
  phase(phase: SenderPhase, text = ''): void {
    this.#phase = phase;
    this.#phaseText = text;
  }

  /** The manufacturer's module called. */
  receiverSeen(): void {
    this.#seenMs = this.#parts.clock.now();
  }

  status(): SenderStatus {
    this.#read();
    const { channel, clock } = this.#parts;
    const nowMs = clock.now();
    const { fill, backlog, lastBlockMs } = this.#figures;
    const values = this.#values(nowMs);
    const alarms = this.#judge(values);
    const state = this.#state(alarms);
    const reasons = this.#reasons(state, nowMs);
    const notes = notesOf(state, alarms);
    return {
      role: 'owner',
      channel,
      state,
      stateText: [this.#phaseText, ...notes.map((note) => REASONS[note])].filter((text) => text !== '').join(' '),
      hasFailed: this.#phase === 'Stopping' && this.#phaseText !== '',
      isReady: reasons.length === 0,
      reasons,
      notes,
      cacheFillPercent: values.cacheFill,
      cachedBatches: fill.batches,
      cachedBytes: fill.bytes,
      oldestUnsentMs: values.unsentAge,
      receiverLastSeenMs: this.#seenMs,
      receiverSilenceMs: values.receiverSilence,
      ledgerLagMs: values.ledgerLag,
      unanchoredBatches: backlog.batches,
      lastBlockMs,
      alarms,
    };
  }

  #read(): void {
    const sources = this.#sources;
    if (sources === undefined) return;
    try {
      const { store } = sources;
      const lastBlockMs = sources.lastBlockMs();
      this.#figures = { fill: store.cacheFill(), backlog: store.ledgerBacklog(), unreceipted: store.unreceipted(), lastBlockMs };
    } catch {
      // Whoever works with the store finds the fault, and says it.
    }
  }

  #values(nowMs: number): Readonly<Record<LimitName, number>> {
    const { params, cachePolicy } = this.#parts;
    const { fill, backlog, unreceipted } = this.#figures;
    const since = (ms: number | undefined): number => (ms === undefined ? 0 : Math.max(0, nowMs - ms));
    const used = Math.max(usedPartOf(cachePolicy, fill, nowMs), unreceipted / params.unreceiptedLimit);
    return {
      cacheFill: Math.round(used * 1000) / 10,
      unsentAge: since(fill.oldestMs),
      receiverSilence: since(this.#seenMs ?? this.#startedMs),
      // The store has publication times; a batch is sealed at the grid point before.
      ledgerLag: since(backlog.oldestMs === undefined ? undefined : backlog.oldestMs - params.publishDelayMs),
    };
  }

  #judge(values: Readonly<Record<LimitName, number>>): Readonly<Record<LimitName, AlarmView>> {
    const view = (name: LimitName): AlarmView => {
      const watch = this.#watches.get(name) as LimitWatch;
      const level = watch.judge(values[name]);
      return { level, text: alarmText(name, level, values[name], watch.limits) };
    };
    return {
      cacheFill: view('cacheFill'),
      unsentAge: view('unsentAge'),
      receiverSilence: view('receiverSilence'),
      ledgerLag: view('ledgerLag'),
    };
  }

  #state(alarms: Readonly<Record<LimitName, AlarmView>>): ModuleState {
    if (this.#phase !== 'Running') return this.#phase;
    if (this.#figures.unreceipted >= this.#parts.params.unreceiptedLimit) return 'Suspended';
    return LIMIT_NAMES.some((name) => alarms[name].level !== 'normal') ? 'Degraded' : 'Running';
  }

  /** Why no values are taken. */
  #reasons(state: ModuleState, nowMs: number): readonly Reason[] {
    if (state === 'Starting') return ['STARTING'];
    if (state === 'Stopping') return [this.#phaseText === '' ? 'STOPPING' : 'FAILED'];
    if (state === 'Faulted') return ['STORE_FAULT'];
    const { cachePolicy } = this.#parts;
    const isFull = limitReached(cachePolicy, this.#figures.fill, nowMs) !== undefined;
    return isFull && cachePolicy.atLimit === 'stop' ? ['CACHE_FULL'] : [];
  }
}

/** What lacks while the module runs. */
function notesOf(state: ModuleState, alarms: Readonly<Record<LimitName, AlarmView>>): readonly Reason[] {
  if (!RUNNING.has(state)) return [];
  const active = LIMIT_NAMES.filter((name) => alarms[name].level !== 'normal');
  return state === 'Suspended' ? ['SUSPENDED', ...active] : active;
}

const RUNNING: ReadonlySet<ModuleState> = new Set(['Running', 'Degraded', 'Suspended']);
