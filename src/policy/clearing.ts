import { type Json, RejectedError, RESERVED_CODES, type UaValue } from '../core/index.ts';
import { emptyAggregation, resultOf, startInterval, take } from './aggregation.ts';
import { type ClearingState, decodeSnapshot, encodeSnapshot, type StreamState, type TagState } from './clearing-state.ts';
import { runLinear } from './linear.ts';
import { judge } from './judge.ts';
import { codeFor, type Sample } from './mapping.ts';
import type { PolicyErrorCode } from './errors.ts';
import type { MappingPolicy, QualityRule, StreamPolicy } from './policy-types.ts';
import { withoutFlags } from './status-codes.ts';
import type { PolicyTag } from './tag.ts';

/** A value as the machine gave it, accepted by the ingest side. */
export interface RawReading {
  /** Name of the tag in the mapping policy. */
  readonly tag: string;
  readonly value: UaValue | undefined;
  /** OPC UA StatusCode, unsigned 32 bits. */
  readonly status: number;
  /** The machine's time stamp, ms since 1970 UTC. */
  readonly sourceMs: number;
  /** The module's time of acceptance, ms since 1970 UTC. */
  readonly acceptedMs: number;
  /** Number of the reading among those of its tag. */
  readonly seq: number;
}

/**
 * Clears readings by a mapping policy: compute, aggregate, condition. A pure function of the readings in their order of
 * acceptance and of the instants asked about; whoever has them gets the same conditions. Memory does not grow with the
 * number of readings. A stream depends on the readings of its own source tags alone.
 */
export class Clearing {
  readonly policy: MappingPolicy;
  readonly #tagIndex: ReadonlyMap<string, number>;
  /** For each tag the streams to which a reading of it gives a sample. */
  readonly #triggered: readonly (readonly number[])[];
  #state: ClearingState;

  constructor(policy: MappingPolicy) {
    this.policy = policy;
    this.#tagIndex = new Map(policy.tags.map((tag, index) => [tag.name, index]));
    this.#triggered = policy.tags.map((_, tag) => policy.streams.flatMap((stream, index) => (stream.trigger === tag ? [index] : [])));
    this.#state = {
      tags: policy.tags.map(() => ({ quality: 'missing', sample: undefined, atMs: 0 })),
      streams: policy.streams.map(() => ({
        aggregation: emptyAggregation(),
        bad: false,
        uncertain: false,
        stale: false,
        held: RESERVED_CODES.NONE,
      })),
    };
  }

  /** @throws RejectedError `UNKNOWN_TAG` */
  accept(reading: RawReading): void {
    const index = this.#tagIndex.get(reading.tag);
    if (index === undefined)
      throw new RejectedError<PolicyErrorCode>('UNKNOWN_TAG', 'A reading of a tag that the mapping policy does not have.');
    const tag = this.policy.tags[index]!;
    const { quality, sample } = judge(tag, reading.value, reading.status);
    this.#state.tags[index] = { quality, sample, atMs: timeOf(tag, reading) };
    for (const stream of this.#triggered[index]!) this.#sample(this.policy.streams[stream]!, this.#state.streams[stream]!, reading);
  }

  /**
   * The condition code of what was accepted in this interval so far, as of an instant (for stale values): at the
   * interval's end, or at a publication within it. Changes nothing.
   * @throws RejectedError `UNKNOWN_STREAM`
   */
  condition(stream: number, atMs: number): number {
    const policy = this.policy.streams[stream];
    const state = this.#state.streams[stream];
    if (policy === undefined || state === undefined) {
      throw new RejectedError<PolicyErrorCode>('UNKNOWN_STREAM', `The mapping policy has no stream ${stream}.`);
    }
    const stale = state.stale || this.#isStale(atMs, policy.tags);
    const withheld = withheldBy(policy.quality, { ...state, stale });
    if (withheld !== undefined) return withheld;
    const result = resultOf(policy, state.aggregation) ?? (policy.quality.missing === 'zero' ? zeroOf(policy) : undefined);
    if (result !== undefined) return codeFor(policy.mapping, intoDomain(policy, result)) ?? RESERVED_CODES.NONE;
    const { missing } = policy.quality;
    return typeof missing === 'number' ? missing : missing === 'hold' ? state.held : RESERVED_CODES.NONE;
  }

  /** Ends the interval at its grid point: what `hold` repeats later is the condition as of this instant. */
  endInterval(atMs: number): void {
    const held = this.policy.streams.map((_, index) => this.condition(index, atMs));
    this.policy.streams.forEach((policy, index) => {
      const state = this.#state.streams[index]!;
      startInterval(policy, state.aggregation);
      this.#state.streams[index] = { aggregation: state.aggregation, bad: false, uncertain: false, stale: false, held: held[index]! };
    });
  }

  /** All that later conditions depend on. Holds raw values: it never leaves the owner's module, but sealed. */
  snapshot(): Json {
    return encodeSnapshot(this.policy, this.#state);
  }

  /**
   * Goes on where a snapshot was taken, indistinguishably.
   * @throws RejectedError `BAD_SNAPSHOT` where it is damaged or of another policy or version
   */
  static restore(policy: MappingPolicy, snapshot: unknown): Clearing {
    const clearing = new Clearing(policy);
    clearing.#state = decodeSnapshot(policy, snapshot);
    return clearing;
  }

  #sample(policy: StreamPolicy, state: StreamState, reading: RawReading): void {
    if (policy.input === 'status') return take(policy, state.aggregation, withoutFlags(reading.status));
    const sources = policy.tags.map((tag) => this.#state.tags[tag]!);
    if (sources.some(({ quality }) => quality === 'missing')) return;
    if (sources.some(({ quality }) => quality === 'bad')) return void (state.bad = true);
    if (sources.some(({ quality }) => quality === 'uncertain') && policy.quality.uncertain !== 'use') return void (state.uncertain = true);
    if (policy.quality.stale !== 'use' && this.#isStale(reading.acceptedMs, othersThanTrigger(policy))) return void (state.stale = true);
    const sample = this.#compute(policy, sources);
    if (typeof sample === 'number' && !Number.isFinite(sample)) state.bad = true;
    else take(policy, state.aggregation, sample);
  }

  #compute({ compute, tags }: StreamPolicy, sources: readonly TagState[]): Sample {
    if (compute === undefined) return sources[0]!.sample!;
    if (compute.kind === 'linear')
      return runLinear(
        compute,
        sources.map(({ sample }) => Number(sample)),
      );
    return compute.module.run(Object.fromEntries(tags.map((tag, index) => [this.policy.tags[tag]!.name, inputOf(sources[index]!)])));
  }

  /** True where one of these tags has had a reading, and its newest is older than the tag allows. */
  #isStale(nowMs: number, tags: readonly number[]): boolean {
    return tags.some((index) => {
      const { staleAfterMs } = this.policy.tags[index]!;
      const { quality, atMs } = this.#state.tags[index]!;
      return staleAfterMs !== undefined && quality !== 'missing' && nowMs - atMs > staleAfterMs;
    });
  }
}

function timeOf(tag: PolicyTag, reading: RawReading): number {
  return tag.timestamps.use === 'source' ? reading.sourceMs : reading.acceptedMs;
}

function othersThanTrigger({ tags, trigger }: StreamPolicy): readonly number[] {
  return tags.filter((tag) => tag !== trigger);
}

function inputOf({ sample }: TagState): number | boolean | string {
  return typeof sample === 'bigint' ? Number(sample) : sample!;
}

/** The code that the quality rule puts in the place of a condition; the worst thing that happened decides. */
function withheldBy(rule: QualityRule, happened: Readonly<Record<'bad' | 'uncertain' | 'stale', boolean>>): number | undefined {
  for (const what of ['bad', 'uncertain', 'stale'] as const) {
    if (!happened[what]) continue;
    if (rule[what] === 'none') return RESERVED_CODES.NONE;
    if (typeof rule[what] === 'number') return rule[what];
  }
  return undefined;
}

function zeroOf({ mapping }: StreamPolicy): Sample {
  return mapping.domain.kind === 'reals' ? 0 : 0n;
}

/** Rounding may lead a mean or a sum out of what it can be; this brings it back to the nearest value that it can. */
function intoDomain({ mapping }: StreamPolicy, value: Sample): Sample {
  if (mapping.domain.kind !== 'reals' || typeof value !== 'number') return value;
  return Math.min(Math.max(value, mapping.domain.lowest), mapping.domain.highest);
}
