import { compilePersonFile, type PersonFile, personFileFault, readPersonFile } from '../core/index.ts';
import schema from '../../schemas/agreement-terms.schema.json' with { type: 'json' };
import type { RawRelease } from './agreement.ts';

/** JSON Schema 2020-12 of the file with an agreement's terms. */
export const agreementTermsSchema: object = schema;

const check = compilePersonFile(schema);

/** Terms as a person writes them; what is absent has the default that the schema describes. */
export interface AgreementTerms {
  readonly purpose: string;
  readonly interval: {
    readonly lengthMs: number;
    readonly originMs?: number;
    readonly publications?: number;
    readonly publishDelayMs?: number;
    readonly calls?: number;
    readonly callGridMs?: number;
  };
  readonly epoch?: { readonly intervals?: number; readonly lookAheadMs?: number; readonly disputeWindow?: number };
  readonly deadlines?: {
    readonly anchorWithinMs?: number;
    readonly receiptWithinMs?: number;
    readonly depositAfterIntervals?: number;
    readonly unreceiptedLimit?: number;
  };
  readonly evidence?: {
    readonly codesPerSlot?: number;
    readonly topDepth?: number;
    readonly argon2Profile?: number;
    readonly retentionDays?: number;
  };
  readonly rawReleased?: readonly RawRelease[];
  readonly validity: { readonly from: string; readonly to: string };
}

/**
 * Parses a file with an agreement's terms.
 * @param name shown to the reader, usually the path as they gave it
 * @throws RejectedError `BAD_FILE`
 */
export function readAgreementTerms(name: string, text: string): AgreementTerms {
  const file = readPersonFile(name, text, check);
  const terms = file.value as AgreementTerms;
  requireValidity(file, terms);
  requireIntervals(file, terms);
  requireEpochs(file, terms);
  return terms;
}

function requireValidity(file: PersonFile, { validity }: AgreementTerms): void {
  for (const key of ['from', 'to'] as const) {
    if (isInstant(validity[key])) continue;
    throw personFileFault(file, ['validity', key], 'there is no such day or time', 'Correct it, in UTC.');
  }
  if (Date.parse(validity.from) < Date.parse(validity.to)) return;
  throw personFileFault(file, ['validity', 'to'], 'it is not after "from"', 'Write a later instant.');
}

/** Date.parse takes 30 February for 2 March; the text must come out as it went in. */
function isInstant(text: string): boolean {
  const timeMs = Date.parse(text);
  return Number.isFinite(timeMs) && new Date(timeMs).toISOString() === text.replace('Z', '.000Z');
}

function requireIntervals(file: PersonFile, { interval, validity }: AgreementTerms): void {
  const { lengthMs, originMs = 0, publications = 1, publishDelayMs = 1, calls = 0, callGridMs = lengthMs } = interval;
  const fault = (key: string, what: string, remedy: string) => personFileFault(file, ['interval', key], what, remedy);
  if (originMs % lengthMs !== 0) throw fault('originMs', 'it is not a multiple of "lengthMs"', 'Write a multiple, or leave it out.');
  if (originMs > Date.parse(validity.from))
    throw fault('originMs', 'interval 0 begins after the validity', 'Write an earlier one, or leave it out.');
  if (lengthMs % publications !== 0) throw fault('publications', 'it does not divide "lengthMs"', 'Write a divisor.');
  if (publishDelayMs >= lengthMs) throw fault('publishDelayMs', 'it is not below "lengthMs"', 'Write a shorter delay.');
  if (lengthMs % callGridMs !== 0) throw fault('callGridMs', 'it does not divide "lengthMs"', 'Write a divisor.');
  if (calls > 0 && lengthMs / callGridMs <= calls) {
    throw fault('callGridMs', `the grid has too few points for ${calls} call(s)`, 'Write a finer grid, with more than "calls" parts.');
  }
}

function requireEpochs(file: PersonFile, { interval, epoch, evidence }: AgreementTerms): void {
  for (const [path, value] of [
    [['epoch', 'intervals'], epoch?.intervals],
    [['evidence', 'codesPerSlot'], evidence?.codesPerSlot],
  ] as const) {
    if (value !== undefined && !Number.isInteger(Math.log2(value)))
      throw personFileFault(file, path, 'it is not a power of two', 'Write 4, 8, 16 and so on.');
  }
  const fourEpochsMs = 4 * (epoch?.intervals ?? DEFAULT_EPOCH_INTERVALS) * interval.lengthMs;
  if ((epoch?.lookAheadMs ?? fourEpochsMs) >= fourEpochsMs) return;
  throw personFileFault(file, ['epoch', 'lookAheadMs'], 'it is below four epochs', `Write at least ${fourEpochsMs}, or leave it out.`);
}

/** Intervals an epoch where the terms name no other number. */
export const DEFAULT_EPOCH_INTERVALS = 64;
