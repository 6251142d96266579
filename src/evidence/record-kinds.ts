import type * as v from 'valibot';
import { type Bytes, canonicalJson, parseCanonical, parseShape } from '../core/index.ts';
import {
  BatchKeyRecordShape,
  ConditionRecordShape,
  ContinuationRecordShape,
  type EvidenceRecord,
  GapRecordShape,
  ManifestRecordShape,
  ReadingRecordShape,
  ValidationRecordShape,
} from './documents.ts';
import { refused } from './errors.ts';

/** Every record of the condition subtree has this length, so that neither its size nor a path tells its kind or code. */
export const CONDITION_RECORD_BYTES = 192;

/** What a record kind has to say of itself. */
export interface RecordKind {
  readonly kind: string;
  /** Exact form: all keys, `kind` included. */
  readonly shape: v.GenericSchema;
  /** Fixed length in bytes, or `undefined` where the tag's agreed maximum decides (none: as long as the JSON). */
  readonly paddedLength: number | undefined;
}

const kinds = new Map<string, RecordKind>();

/** Adds a kind. @throws RejectedError `BAD_INPUT` when another kind has the name. */
export function registerRecordKind(kind: RecordKind): void {
  if (kinds.has(kind.kind)) throw refused('BAD_INPUT', `The record kind "${kind.kind}" is registered already.`);
  kinds.set(kind.kind, kind);
}

export function recordKind(name: string): RecordKind | undefined {
  return kinds.get(name);
}

for (const [kind, shape, paddedLength] of [
  ['condition', ConditionRecordShape, CONDITION_RECORD_BYTES],
  ['batchkey', BatchKeyRecordShape, CONDITION_RECORD_BYTES],
  ['gap', GapRecordShape, CONDITION_RECORD_BYTES],
  ['validation', ValidationRecordShape, CONDITION_RECORD_BYTES],
  ['manifest', ManifestRecordShape, undefined],
  ['reading', ReadingRecordShape, undefined],
  ['continuation', ContinuationRecordShape, undefined],
] as const) {
  registerRecordKind({ kind, shape, paddedLength });
}

/**
 * A record's bytes: canonical JSON, then zero bytes up to the padded length.
 * @param paddedLength for kinds without a fixed length: the tag's agreed length, 0 for none
 * @throws RejectedError `RECORD_TOO_LONG`; `BAD_RECORD` for an unknown kind
 */
export function encodeRecord(record: EvidenceRecord, paddedLength = 0): Bytes {
  const kind = kinds.get(record.kind);
  if (kind === undefined) throw badRecord('its kind is unknown');
  return padRecord(canonicalJson(record), kind.paddedLength ?? paddedLength);
}

/** Fills canonical JSON up with zero bytes; 0 leaves it as it is. @throws RejectedError `RECORD_TOO_LONG` */
export function padRecord(json: Bytes, length: number): Bytes {
  if (length === 0 || json.length === length) return json;
  if (json.length > length) throw refused('RECORD_TOO_LONG', `A record of ${json.length} bytes does not fit into ${length}.`);
  const padded = new Uint8Array(length);
  padded.set(json);
  return padded;
}

/**
 * Reads what {@link encodeRecord} gave, and nothing else.
 * @param paddedLength exact length that is expected of a kind without a fixed one; without it any zero padding passes
 * @throws RejectedError `BAD_RECORD`
 */
export function decodeRecord(bytes: Bytes, paddedLength?: number): EvidenceRecord {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const value = parseRecord(bytes.subarray(0, end));
  const kind = kinds.get(value.kind);
  if (kind === undefined) throw badRecord('its kind is unknown');
  try {
    parseShape(kind.shape, value, `${value.kind} record`);
  } catch (cause) {
    throw badRecord(`it does not have the form of the kind "${value.kind}"`, cause);
  }
  const expected = kind.paddedLength ?? paddedLength;
  if (expected !== undefined && bytes.length !== (expected === 0 ? end : expected))
    throw badRecord('its padding has another length than agreed');
  return value as EvidenceRecord;
}

function parseRecord(json: Bytes): { kind: string } {
  let value: unknown;
  try {
    value = parseCanonical(json);
  } catch (cause) {
    throw badRecord('it is not canonical JSON followed by zero bytes', cause);
  }
  if (typeof value !== 'object' || value === null || !('kind' in value) || typeof value.kind !== 'string')
    throw badRecord('it has no kind');
  return value as { kind: string };
}

function badRecord(why: string, cause?: unknown) {
  return refused('BAD_RECORD', `The record cannot be read: ${why}.`, { cause });
}
