import type { DataValue } from 'node-opcua';
import { encodeUaValue, RejectedError, type UaValue } from '../core/index.ts';
import { type DataValueReading, readingOf } from '../nodeset/index.ts';
import { type LinkState, type SessionView, UaLink } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { type Deadband, Monitoring } from './monitoring.ts';

/** A variable of the PLC's own server that feeds a tag. */
export interface PlcTag {
  /** Name of the tag in the mapping policy. */
  readonly tag: string;
  /** `nsu=<uri>;s=<name>` */
  readonly nodeId: string;
  /** ms; 0 = as fast as the server can. Default 0. */
  readonly samplingMs?: number;
  /** Values that the server keeps between two publications, 2 or more. Default 100. */
  readonly queueSize?: number;
  /** What changes by less is no reading. Absent: every update is one. */
  readonly deadband?: Deadband;
}

export interface PlcReading {
  readonly tag: string;
  /** Undefined where the PLC gave none. */
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits, without the info bits of the transport. */
  readonly status: number;
  /** The PLC's time of the value, ms since 1970; undefined where it gave none: the tag's timestamp policy decides then. */
  readonly sourceMs: number | undefined;
}

/** Readings may be missing. Nothing is lost without such a notice. */
export interface PlcGap {
  /** `connection`: from the last sign of life to the new subscription. `overflow`: the server's queue of one tag ran over. */
  readonly reason: 'connection' | 'overflow';
  /** Empty where it concerns all tags. */
  readonly tag: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A hook that throws ends the process: a reading that nobody took must not vanish. */
export interface PlcHooks {
  reading(reading: PlcReading): void;
  gap(gap: PlcGap): void;
  /** A value of a kind that no tag can have (array, structure). It is not a reading. */
  refused(tag: string, reason: Error): void;
  state?(state: LinkState): void;
}

export interface PlcSubscriptionOptions extends LinkOptions {
  readonly tags: readonly PlcTag[];
  /** ms between two notifications at most. Default 100. */
  readonly publishingMs?: number;
}

/** Info bits of a DataValue's status: InfoType and the ten bits that belong to it (OPC UA Part 4, clause 7.38.1). */
const INFO_BITS = 0x07ff;
const OVERFLOW_BITS = 0x0480;

/** Follows the variables of a PLC's own server: the alternative to a PLC that writes to the ingest server. */
export class PlcSubscription {
  readonly #options: PlcSubscriptionOptions;
  readonly #hooks: PlcHooks;
  readonly #link: UaLink;
  readonly #last = new Map<string, { readonly atMs: number; readonly sample: string }>();
  #monitoring: Monitoring | undefined;
  #seenMs: number | undefined;
  /** It is not yet clear whether the old subscription goes on. */
  #isBroken = false;

  constructor(options: PlcSubscriptionOptions, hooks: PlcHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#link = new UaLink(options, {
      prepare: (view) => this.#prepare(view),
      survived: () => this.#monitoring?.whole === true,
      onState: (state) => this.#onState(state),
    });
  }

  /** @throws RejectedError or UnavailableError, see ClientErrorCode */
  async start(): Promise<void> {
    await this.#link.connect();
  }

  /** Tries until the PLC's server is there or `stop` is called; failures go to the `state` hook. */
  async startPatiently(): Promise<void> {
    await this.#link.connectPatiently();
  }

  async stop(): Promise<void> {
    this.#monitoring?.stop();
    await this.#link.close();
  }

  async #prepare(view: SessionView): Promise<void> {
    this.#monitoring?.stop();
    const backlog: (() => void)[] = [];
    let live = false;
    const variables = this.#options.tags.map((tag) => ({
      nodeId: tag.nodeId,
      samplingMs: tag.samplingMs ?? 0,
      queueSize: Math.max(2, tag.queueSize ?? 100),
      ...(tag.deadband === undefined ? {} : { deadband: tag.deadband }),
      onValue: (dataValue: DataValue) => {
        const take = (): void => this.#take(tag.tag, dataValue);
        if (live) take();
        else backlog.push(take);
      },
    }));
    this.#monitoring = await Monitoring.start(view, variables, {
      publishingMs: this.#options.publishingMs ?? 100,
      onDead: () => this.#link.rebuild(),
      onAlive: () => {
        if (live && !this.#isBroken) this.#seenMs = Date.now();
      },
      onMissing: () => this.#reportGap(),
    });
    this.#isBroken = false;
    this.#reportGap();
    live = true;
    for (const take of backlog) take();
  }

  #reportGap(): void {
    const toMs = Date.now();
    if (this.#seenMs !== undefined) this.#hooks.gap({ reason: 'connection', tag: '', fromMs: this.#seenMs, toMs });
    this.#seenMs = toMs;
  }

  #onState(state: LinkState): void {
    if (state.state === 'disconnected') {
      this.#isBroken = true;
      this.#monitoring?.hold();
    }
    if (state.state === 'connected' && state.resumed) {
      this.#isBroken = false;
      this.#monitoring?.release();
    }
    this.#hooks.state?.(state);
  }

  #take(tag: string, dataValue: DataValue): void {
    const arrivedMs = Date.now();
    this.#seenMs = arrivedMs;
    const read = this.#read(tag, dataValue);
    if (read === undefined) return;
    const { value, status, sourceMs } = read;
    const atMs = sourceMs ?? arrivedMs;
    const last = this.#last.get(tag);
    if ((status & OVERFLOW_BITS) === OVERFLOW_BITS) this.#hooks.gap({ reason: 'overflow', tag, fromMs: last?.atMs ?? atMs, toMs: atMs });
    const reading: PlcReading = { tag, value, status: (status & ~INFO_BITS) >>> 0, sourceMs };
    const sample = sampleOf(reading, dataValue);
    this.#last.set(tag, { atMs, sample });
    if (sample !== last?.sample) this.#hooks.reading(reading);
  }

  #read(tag: string, dataValue: DataValue): DataValueReading | undefined {
    try {
      return readingOf(dataValue);
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      this.#hooks.refused(tag, error);
      return undefined;
    }
  }
}

/**
 * What makes a sample this one and no other. By the trigger's rule a server never reports the same twice, but some send
 * the last one again when a session is resumed, and that is no new reading.
 */
function sampleOf({ value, status }: PlcReading, dataValue: DataValue): string {
  const time = `${String(dataValue.sourceTimestamp?.getTime())} ${dataValue.sourcePicoseconds}`;
  return `${time} ${status} ${value === undefined ? '' : encodeUaValue(value)}`;
}
