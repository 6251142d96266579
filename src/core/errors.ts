/** Codes of errors that core itself raises. Other folders add their own literal unions. */
export type CoreErrorCode =
  | 'BAD_UTF8'
  | 'BAD_HEX'
  | 'BAD_BASE64URL'
  | 'NOT_CANONICAL'
  | 'BAD_SHAPE'
  | 'BAD_UA_VALUE'
  | 'BAD_KEY'
  | 'BAD_SIGNATURE'
  | 'BAD_ENVELOPE'
  | 'BAD_CHANNEL_PARAMS'
  | 'BAD_FILE'
  | 'NOT_DECRYPTABLE';

/** What an error asks of its reader: `Rejected` mend the input; `Unavailable` try again; `Fatal` stop. */
export type ErrorKind = 'Rejected' | 'Unavailable' | 'Fatal';

/** Facts beside the message. Never a raw value, a key or a seed. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

/**
 * The one error type that leaves a folder. `code` is stable and meant for programs; `message` is one or two sentences
 * for a person: what happened, where, and what to do. Neither carries a raw value, key or seed.
 */
export abstract class DcmbError<Code extends string = string> extends Error {
  abstract readonly kind: ErrorKind;
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Input, proof or policy failed: the same call fails again until what it was given is mended. */
export class RejectedError<Code extends string = string> extends DcmbError<Code> {
  readonly kind = 'Rejected';
}

/** Something needed is not there now: the same call may succeed later. The message says when or how to try again. */
export class UnavailableError<Code extends string = string> extends DcmbError<Code> {
  readonly kind = 'Unavailable';
}

/** An invariant is lost; going on could do harm. The process stops. */
export class FatalError<Code extends string = string> extends DcmbError<Code> {
  readonly kind = 'Fatal';
}

/** True for an error of ours with exactly this code. */
export function hasCode<Code extends string>(error: unknown, code: Code): error is DcmbError<Code> {
  return error instanceof DcmbError && error.code === code;
}
