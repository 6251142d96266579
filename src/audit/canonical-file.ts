import { parse, type ParseError } from 'jsonc-parser';
import type * as v from 'valibot';
import { type Bytes, canonicalJson, DcmbError, equalBytes, fromUtf8, parseShape, RejectedError, utf8 } from '../core/index.ts';
import type { AuditErrorCode } from './errors.ts';
import { requireReadableSize } from './file-size.ts';

/** Canonical JSON and a line feed: the only form of what an auditor is given. */
export function writeCanonicalFile(value: unknown): Bytes {
  return utf8(`${fromUtf8(canonicalJson(value))}\n`);
}

/** What a file should be, for the message that it is not. */
export interface FileKind {
  readonly code: AuditErrorCode;
  /** In words: `an audit export`. */
  readonly what: string;
}

/** Reads what {@link writeCanonicalFile} wrote. @throws RejectedError with the kind's code, naming the place; `FILE_TOO_LARGE` */
export function readCanonicalFile<const Shape extends v.GenericSchema>(shape: Shape, bytes: Bytes, kind: FileKind): v.InferOutput<Shape> {
  requireReadableSize(bytes.length, kind.what);
  if (bytes.at(-1) !== 0x0a) throw unreadable(kind, 'it does not end with a line feed, so it is cut off or of another kind');
  const body = bytes.subarray(0, -1);
  const value = parseJson(body, kind);
  let found;
  try {
    found = parseShape(shape, value, kind.what.replace(/^an? /, ''));
    requireCanonical(value, body, kind);
  } catch (error) {
    if (!(error instanceof DcmbError)) throw error;
    throw unreadable(kind, withoutPeriod(error.message), error);
  }
  return found;
}

function parseJson(bytes: Bytes, kind: FileKind): unknown {
  let text;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw unreadable(kind, 'it is not UTF-8 text', cause);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw unreadable(kind, `it is not JSON, first at character ${firstFault(text)}`, cause);
  }
}

/** Where the text stops being JSON, for the built-in parser says it only sometimes; the start where it is nested too deep for that. */
function firstFault(text: string): number {
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return errors[0]?.offset ?? 0;
}

function requireCanonical(value: unknown, bytes: Bytes, kind: FileKind): void {
  const canonical = canonicalJson(value);
  if (equalBytes(canonical, bytes)) return;
  const at = canonical.findIndex((byte, index) => byte !== bytes[index]);
  const first = at < 0 ? canonical.length : at;
  throw unreadable(kind, `it is not canonical JSON (key order, white space, escapes or a key twice; first at byte ${first})`);
}

function withoutPeriod(message: string): string {
  return message.replace(/\.$/, '');
}

function unreadable({ code, what }: FileKind, why: string, cause?: unknown): RejectedError<AuditErrorCode> {
  if (cause instanceof RejectedError && cause.code === code) return cause as RejectedError<AuditErrorCode>;
  return new RejectedError(code, `The file cannot be read as ${what}: ${why}.`, { cause });
}
