import * as v from 'valibot';
import { fromBase64Url } from './bytes.ts';
import { RejectedError } from './errors.ts';

/** Checks the form of a value that came from outside. @throws RejectedError `BAD_SHAPE`, naming the place, never the value. */
export function parseShape<const Shape extends v.GenericSchema>(shape: Shape, value: unknown, what: string): v.InferOutput<Shape> {
  const result = v.safeParse(shape, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue) ?? '';
  throw new RejectedError('BAD_SHAPE', `The ${what} has the wrong form at "${path}": expected ${expectation(issue)}.`);
}

/** A check's own message says what it expects; those that valibot makes repeat the value. */
function expectation({ type, expected, message }: v.BaseIssue<unknown>): string {
  return type === 'check' ? message : (expected ?? type);
}

/** Text that is base64url without padding of exactly `length` bytes, or of any length. */
export function base64Url(length?: number) {
  return v.pipe(
    v.string(),
    v.check(
      (text) => {
        try {
          const bytes = fromBase64Url(text);
          return length === undefined || bytes.length === length;
        } catch {
          return false;
        }
      },
      `base64url${length === undefined ? '' : ` of ${length} bytes`}`,
    ),
  );
}

/** 32 bytes as base64url: every hash, key, blinder and token. */
export const Hash = base64Url(32);

/** A safe integer from `min` to `max`, both included. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
}

export const Int32 = integer(-0x80000000, 0x7fffffff);
