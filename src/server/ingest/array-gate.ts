import { StatusCodes } from 'node-opcua';
import type { Clock } from '../../core/index.ts';
import { elementName } from '../../policy/index.ts';
import type { HeldValues } from './held-values.ts';
import { TagGate } from './tag-gate.ts';
import type { AcceptedReading, IngestHooks, IngestTag, OfferedArray, TagStatus } from './types.ts';

/** A tag that is an array. */
export type ArrayTag = IngestTag & { readonly length: number };

/**
 * The one way in for values of an array tag. Each element is a tag of its own to the module: this gate sees to it that what
 * comes together is taken together or not at all.
 */
export class ArrayGate {
  readonly tag: ArrayTag;
  readonly elements: readonly TagGate[];
  readonly #clock: Clock;

  constructor(tag: ArrayTag, clock: Clock, hooks: Pick<IngestHooks, 'accept' | 'refused'>, keeping?: HeldValues) {
    this.tag = tag;
    this.#clock = clock;
    const { length, ...scalar } = tag;
    this.elements = Array.from(
      { length },
      (_, index) => new TagGate({ ...scalar, name: elementName(tag.name, index) }, clock, hooks, keeping),
    );
  }

  /** How it went with all elements together; the status is that of the newest, and of those a refusal before others. */
  get status(): TagStatus {
    const all = this.elements.map((element) => element.status);
    const newest = all.reduce((one, other) => (isNewer(other, one) ? other : one));
    return {
      lastStatus: newest.lastStatus,
      lastMs: newest.lastMs,
      accepted: all.reduce((sum, { accepted }) => sum + accepted, 0),
      refused: all.reduce((sum, { refused }) => sum + refused, 0),
    };
  }

  /** The last accepted readings of this interval; undefined unless every element has one. */
  get held(): readonly AcceptedReading[] | undefined {
    const held = this.elements.map((element) => element.held).filter((reading) => reading !== undefined);
    return held.length === this.elements.length ? held : undefined;
  }

  get isReadable(): boolean {
    return this.elements[0]?.isReadable === true;
  }

  /** Told when held values were forgotten. */
  set forgotten(told: () => void) {
    for (const element of this.elements) element.forgotten = told;
  }

  /**
   * Hands over readings of the elements from `first` on, or of none of them where one would be refused.
   * @returns 0 (Good), or the reason of the refusal; a promise, which never rejects, where the module takes time
   */
  offer({ values, status, sourceMs }: OfferedArray, first = 0, count: number = this.elements.length): number | Promise<number> {
    const into = this.elements.slice(first, first + count);
    const atMs = this.#clock.now();
    if (values !== undefined && values.length !== into.length) return this.refuse(StatusCodes.BadTypeMismatch.value, into, atMs);
    const offered = into.map((element, index) => ({ element, reading: { value: values?.[index], status, sourceMs } }));
    for (const { element, reading } of offered) {
      const fault = element.faultOf(reading, atMs);
      if (fault !== undefined) return this.refuse(fault, into, atMs);
    }
    return together(offered.map(({ element, reading }) => element.take(reading, atMs)));
  }

  /** Counts a write that was refused whole, for each of the elements that it was for. Gives the status back. */
  refuse(status: number, elements: readonly TagGate[] = this.elements, atMs: number = this.#clock.now()): number {
    return elements.map((element) => element.refuse(status, atMs)).find((answer) => answer !== status) ?? status;
  }
}

/** Good once all are; else the first reason. */
function together(answers: readonly (number | Promise<number>)[]): number | Promise<number> {
  const worst = (statuses: readonly number[]): number => statuses.find((status) => status !== 0) ?? 0;
  const now = answers.filter((answer) => typeof answer === 'number');
  return now.length === answers.length ? worst(now) : Promise.all(answers.map((answer) => Promise.resolve(answer))).then(worst);
}

function isNewer(one: TagStatus, other: TagStatus): boolean {
  const [oneMs, otherMs] = [one.lastMs ?? -1, other.lastMs ?? -1];
  return oneMs === otherMs ? one.lastStatus !== 0 && other.lastStatus === 0 : oneMs > otherMs;
}
