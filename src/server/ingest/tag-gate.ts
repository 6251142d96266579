import { StatusCodes } from 'node-opcua';
import { type Clock, integerRange, RejectedError, type UaType, type UaValue, UnavailableError, utf8 } from '../../core/index.ts';
import type { HeldValues } from './held-values.ts';
import type { AcceptedReading, IngestHooks, IngestTag, OfferedReading, TagStatus } from './types.ts';

const GOOD = StatusCodes.Good.value;
const BAD = 0x80000000;
const DEFAULT_MAX_BYTES = 4096;

/**
 * The one way in for values of a tag, whether they come as writes or by a subscription. Every value offered is either
 * handed to the module or counted as refused, and the offerer learns which by a StatusCode (OPC UA Part 4, clause 7.39).
 */
export class TagGate {
  readonly tag: IngestTag;
  readonly #clock: Clock;
  readonly #hooks: Pick<IngestHooks, 'accept' | 'refused'>;
  #lastStatus: number = StatusCodes.BadWaitingForInitialData.value;
  #lastMs: number | undefined;
  #accepted = 0;
  #refused = 0;
  readonly #keeping: HeldValues | undefined;
  #held: AcceptedReading | undefined;
  /** Told when the held value was forgotten. */
  forgotten: (() => void) | undefined;

  /** @param keeping sees to it that a value that may be read is forgotten in time */
  constructor(tag: IngestTag, clock: Clock, hooks: Pick<IngestHooks, 'accept' | 'refused'>, keeping?: HeldValues) {
    this.tag = tag;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#keeping = keeping;
  }

  get status(): TagStatus {
    return { lastStatus: this.#lastStatus, lastMs: this.#lastMs, accepted: this.#accepted, refused: this.#refused };
  }

  /** The last accepted reading of this interval, kept only where somebody may read it. */
  get held(): AcceptedReading | undefined {
    this.#keeping?.review();
    return this.#held;
  }

  /** True where the configuration names somebody who may read the value. */
  get isReadable(): boolean {
    return (this.tag.readableBy ?? []).length > 0;
  }

  /** The interval is over. */
  forget(): void {
    this.#held = undefined;
    this.forgotten?.();
  }

  /**
   * Hands the reading over at once, or refuses it. @returns 0 (Good) when it is accepted, else the reason of the refusal; a
   * promise, which never rejects, where the module takes time to accept it for good
   */
  offer(offered: OfferedReading): number | Promise<number> {
    const acceptedMs = this.#clock.now();
    const fault = this.faultOf(offered, acceptedMs);
    return fault === undefined ? this.take(offered, acceptedMs) : this.refuse(fault, acceptedMs);
  }

  /** Why this reading would be refused now, as a StatusCode; undefined where it is one that the tag allows. */
  faultOf({ value, status, sourceMs }: OfferedReading, nowMs: number): number | undefined {
    return faultOfValue(this.tag, value, status) ?? faultOfTime(this.tag, sourceMs, nowMs);
  }

  /** Hands over a reading that has no fault; what it gives is what `offer` gives. */
  take({ value, status, sourceMs }: OfferedReading, acceptedMs: number): number | Promise<number> {
    const reading = { tag: this.tag.name, value, status, sourceMs: timeThatCounts(this.tag, sourceMs, acceptedMs), acceptedMs };
    try {
      const taken = this.#hooks.accept(reading);
      return taken instanceof Promise ? this.#acceptOnce(taken, reading) : this.#accept(reading);
    } catch (error) {
      return this.refuse(statusOf(error), acceptedMs);
    }
  }

  /** Counts a value that was refused before it could be offered, such as an array. Gives the status back. */
  refuse(status: number, atMs: number = this.#clock.now()): number {
    this.#refused++;
    this.#lastStatus = status;
    this.#lastMs = atMs;
    try {
      this.#hooks.refused?.(this.tag.name, status);
    } catch {
      return StatusCodes.BadInternalError.value;
    }
    return status;
  }

  async #acceptOnce(taken: Promise<void>, reading: AcceptedReading): Promise<number> {
    try {
      await taken;
    } catch (error) {
      return this.refuse(statusOf(error), reading.acceptedMs);
    }
    return this.#accept(reading);
  }

  #hold(reading: AcceptedReading): void {
    if (this.#keeping?.add(this, reading.acceptedMs) !== false) this.#held = reading;
  }

  #accept(reading: AcceptedReading): number {
    this.#accepted++;
    if (this.isReadable) this.#hold(reading);
    this.#lastStatus = reading.status;
    this.#lastMs = reading.acceptedMs;
    return GOOD;
  }
}

/** An error must not end the process, and nothing of it may reach the writer but its kind. */
function statusOf(error: unknown): number {
  if (error instanceof UnavailableError) return StatusCodes.BadResourceUnavailable.value;
  if (error instanceof RejectedError) return StatusCodes.BadOutOfRange.value;
  return StatusCodes.BadInternalError.value;
}

function faultOfValue(tag: IngestTag, value: UaValue | undefined, status: number): number | undefined {
  // A Bad status says that there is no value; any other status without one is a mistake of the writer.
  if (value === undefined) return isBad(status) ? undefined : StatusCodes.BadTypeMismatch.value;
  if (value.type !== tag.type || !holdsItsType(value)) return StatusCodes.BadTypeMismatch.value;
  return isInRange(tag, value.value) ? undefined : StatusCodes.BadOutOfRange.value;
}

function isBad(status: number): boolean {
  return status >>> 0 >= BAD;
}

/** Whether the value is one of its type: what a write brings always is, what a program feeds may not be. */
function holdsItsType({ type, value }: UaValue): boolean {
  const bounds = integerRange(type);
  if (bounds !== undefined) {
    const isInteger = isBigType(type) ? typeof value === 'bigint' : typeof value === 'number' && Number.isInteger(value);
    return isInteger && (value as number | bigint) >= bounds[0] && (value as number | bigint) <= bounds[1];
  }
  if (type === 'Boolean') return typeof value === 'boolean';
  if (type === 'String') return typeof value === 'string' && value.isWellFormed();
  return type === 'ByteString' ? value instanceof Uint8Array : typeof value === 'number';
}

function isBigType(type: UaType): boolean {
  return type === 'Int64' || type === 'UInt64' || type === 'DateTime';
}

function isInRange(tag: IngestTag, value: UaValue['value']): boolean {
  if (typeof value === 'string') return utf8(value).length <= (tag.maxBytes ?? DEFAULT_MAX_BYTES);
  if (value instanceof Uint8Array) return value.length <= (tag.maxBytes ?? DEFAULT_MAX_BYTES);
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number' && !Number.isFinite(value)) return false;
  if (tag.minimum !== undefined && value < tag.minimum) return false;
  if (tag.maximum !== undefined && value > tag.maximum) return false;
  return tag.enumeration === undefined || tag.enumeration.has(Number(value));
}

/**
 * With `server` the module's clock counts and the source's timestamp is ignored. With `source` a value without one
 * takes the module's time (OPC UA Part 4, clause 5.11.4); one that is too old or too far ahead is refused.
 */
function faultOfTime({ timestamps }: IngestTag, sourceMs: number | undefined, nowMs: number): number | undefined {
  if (timestamps.use === 'server' || sourceMs === undefined) return undefined;
  const isLate = sourceMs < nowMs - timestamps.maxAgeMs;
  const isAhead = sourceMs > nowMs + timestamps.maxFutureMs;
  return isLate || isAhead || !Number.isSafeInteger(sourceMs) || sourceMs < 0 ? StatusCodes.BadInvalidTimestamp.value : undefined;
}

function timeThatCounts({ timestamps }: IngestTag, sourceMs: number | undefined, nowMs: number): number {
  return timestamps.use === 'source' ? (sourceMs ?? nowMs) : nowMs;
}
