import { StatusCodes } from 'node-opcua';
import { type Clock, RejectedError } from '../../core/index.ts';
import { ArrayGate, type ArrayTag } from './array-gate.ts';
import type { HeldValues } from './held-values.ts';
import { TagGate } from './tag-gate.ts';
import type { IngestErrorCode, IngestHooks, IngestTag, OfferedArray, OfferedReading, TagStatus } from './types.ts';

/** The gates of all tags, by the names by which values are offered: tags, arrays, elements of arrays. */
export class Gates {
  /** One for each node. */
  readonly all: readonly (TagGate | ArrayGate)[];
  readonly #tags = new Map<string, TagGate>();
  readonly #arrays = new Map<string, ArrayGate>();

  constructor(tags: readonly IngestTag[], clock: Clock, hooks: Pick<IngestHooks, 'accept' | 'refused'>, keeping: HeldValues) {
    this.all = tags.map((tag) => (isArray(tag) ? new ArrayGate(tag, clock, hooks, keeping) : new TagGate(tag, clock, hooks, keeping)));
    for (const gate of this.all) {
      if (gate instanceof ArrayGate) this.#arrays.set(gate.tag.name, gate);
      for (const each of gate instanceof ArrayGate ? gate.elements : [gate]) this.#tags.set(each.tag.name, each);
    }
  }

  /** @throws RejectedError `UNKNOWN_TAG` */
  offer(tag: string, offered: OfferedReading): number | Promise<number> {
    const array = this.#arrays.get(tag);
    return array === undefined ? known(this.#tags, tag).offer(offered) : array.refuse(StatusCodes.BadTypeMismatch.value);
  }

  /** @throws RejectedError `UNKNOWN_TAG` */
  offerArray(tag: string, offered: OfferedArray): number | Promise<number> {
    const one = this.#tags.get(tag);
    return one === undefined ? known(this.#arrays, tag).offer(offered) : one.refuse(StatusCodes.BadTypeMismatch.value);
  }

  /** @throws RejectedError `UNKNOWN_TAG` */
  statusOf(tag: string): TagStatus {
    return (this.#arrays.get(tag) ?? known(this.#tags, tag)).status;
  }
}

function isArray(tag: IngestTag): tag is ArrayTag {
  return tag.length !== undefined;
}

function known<Gate>(gates: ReadonlyMap<string, Gate>, tag: string): Gate {
  const gate = gates.get(tag);
  if (gate === undefined)
    throw new RejectedError<IngestErrorCode>('UNKNOWN_TAG', `The ingest server has no ${JSON.stringify(tag)} to which this can be given.`);
  return gate;
}
