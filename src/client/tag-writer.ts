import { AttributeIds, NumericRange, StatusCodes, WriteValue } from 'node-opcua';
import type { UaValue } from '../core/index.ts';
import { toArrayVariant, toVariant } from '../nodeset/index.ts';
import { statusNameOf, unavailable } from './errors.ts';
import { type LinkState, UaLink } from './link.ts';
import type { LinkOptions } from './link-options.ts';
import { withinTime } from './session.ts';

export interface TagWrite {
  /** `nsu=<uri>;s=<name>` */
  readonly nodeId: string;
  readonly value: UaValue;
  /** Which element of an array tag the value is for, from 0; absent for a tag of one value. */
  readonly element?: number;
  /** Source time, ms since 1970. Left out as most PLCs do: only the value is written, and the server gives the time. */
  readonly sourceMs?: number;
}

export interface TagWriteResult {
  readonly nodeId: string;
  readonly accepted: boolean;
  /** Name of the OPC UA status code, such as `Good` or `BadOutOfRange`. */
  readonly status: string;
}

/** Writes tags as a PLC does: values in batches, each with a result of its own. Never repeats a write by itself. */
export class TagWriter {
  readonly #options: LinkOptions;
  readonly #link: UaLink;

  constructor(options: LinkOptions, onState?: (state: LinkState) => void) {
    this.#options = options;
    this.#link = new UaLink(options, {
      prepare: async () => undefined,
      survived: () => true,
      ...(onState === undefined ? {} : { onState }),
    });
  }

  /** @throws RejectedError or UnavailableError, see ClientErrorCode */
  async connect(): Promise<void> {
    await this.#link.connect();
  }

  async connectPatiently(): Promise<void> {
    await this.#link.connectPatiently();
  }

  /**
   * One Write request (OPC UA Part 4, clause 5.11.4). Results in the order of the writes.
   * @throws UnavailableError `NOT_CONNECTED`, or `TIMED_OUT`: then it is unknown which values arrived
   * @throws RejectedError `BAD_NODE_ID`, `NAMESPACE_UNKNOWN`: nothing was sent
   */
  async write(writes: readonly TagWrite[]): Promise<TagWriteResult[]> {
    if (writes.length === 0) return [];
    const view = this.#link.view();
    const request = writes.map((write) => writeValueOf(write, view.nodeId(write.nodeId)));
    try {
      const statuses = await withinTime(view.session.write(request), this.#options);
      return writes.map(({ nodeId }, index) => {
        const status = statuses[index] ?? StatusCodes.BadNoData;
        return { nodeId, accepted: status.isGood(), status: status.name };
      });
    } catch (cause) {
      throw explainLost(cause, this.#options);
    }
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}

function writeValueOf({ value, element, sourceMs }: TagWrite, nodeId: WriteValue['nodeId']): WriteValue {
  const sourceTimestamp = sourceMs === undefined ? {} : { sourceTimestamp: new Date(sourceMs) };
  const part = element === undefined ? {} : { indexRange: new NumericRange(element) };
  const variant = element === undefined ? toVariant(value) : toArrayVariant(value.type, [value]);
  return new WriteValue({ nodeId, attributeId: AttributeIds.Value, ...part, value: { value: variant, ...sourceTimestamp } });
}

/** A request that failed as a whole: whether it arrived is not known. */
function explainLost(cause: unknown, options: LinkOptions): Error {
  const status = statusNameOf(cause);
  if (status === 'BadTimeout' || (cause instanceof Error && /time ?out/i.test(cause.message))) {
    return unavailable('TIMED_OUT', `${options.endpointUrl} gave no answer in time; which values arrived is unknown.`, { cause });
  }
  return unavailable(
    'NOT_CONNECTED',
    `The connection to ${options.endpointUrl} broke during the request${status === '' ? '' : ` (${status})`}.`,
    { cause },
  );
}
