import { integerRange, type UaValue } from '../core/index.ts';
import type { Sample } from './mapping.ts';
import { type Quality, qualityOf } from './status-codes.ts';
import type { PolicyTag } from './tag.ts';

/** What a reading is good for. Integers come as bigint; of a ByteString nothing but its arrival counts. */
export interface JudgedReading {
  readonly quality: Quality;
  /** Absent where the reading is bad. */
  readonly sample: Sample | undefined;
}

const BAD: JudgedReading = { quality: 'bad', sample: undefined };

/**
 * A reading is bad by its status, and also where it has no value, one of another type, one that is not finite or one
 * beyond the tag's declared values. The ingest side refuses those already; here they must not count even if it did not.
 */
export function judge(tag: PolicyTag, value: UaValue | undefined, status: number): JudgedReading {
  const quality = qualityOf(status);
  if (quality === 'bad' || value === undefined || value.type !== tag.type) return BAD;
  const sample = sampleOf(tag, value.value);
  return sample === undefined ? BAD : { quality, sample };
}

function sampleOf(tag: PolicyTag, value: UaValue['value']): Sample | undefined {
  const range = integerRange(tag.type);
  if (range !== undefined) return integerSample(tag, value, range);
  switch (tag.type) {
    case 'Float':
    case 'Double':
      return typeof value === 'number' && Number.isFinite(value) && isWithin(tag, value) ? value : undefined;
    case 'Boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'String':
      return typeof value === 'string' && value.isWellFormed() ? value : undefined;
    default:
      return value instanceof Uint8Array ? true : undefined;
  }
}

function integerSample(tag: PolicyTag, value: UaValue['value'], [lowest, highest]: readonly [bigint, bigint]): bigint | undefined {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined;
  const integer = BigInt(value as number | bigint);
  if (integer < lowest || integer > highest || !isWithin(tag, integer)) return undefined;
  return tag.enumeration === undefined || tag.enumeration.has(Number(integer)) ? integer : undefined;
}

function isWithin({ minimum, maximum }: PolicyTag, value: number | bigint): boolean {
  return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum);
}
